// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Authorization, PaymentRef} from "../../contracts/types/Payment.sol";
import {SilentNonceToken} from "../mocks/SilentNonceToken.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: a token reverts on a used or canceled authorization.
contract UsedNonceTest is AttackTest {
    function setUp() public override {
        super.setUp();
        use(new SilentNonceToken());
    }

    function test_RevertWhen_TheNonceWasUsedAndTheTokenIsSilent() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        submitToToken(signed);
        assertPayRefused(signed, receivedOther(PRICE, 2 * PRICE));
    }

    function test_RevertWhen_SurplusCouldBeMistakenForThePayment() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        token.mint(address(vault), 5 * PRICE);
        token.cancelAuthorization(payer.addr, "nonce");
        assertPayRefused(signed, receivedOther(5 * PRICE, 6 * PRICE));
    }

    function test_RevertWhen_PaidTwice() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        vault.pay(signed);
        vm.expectRevert(
            abi.encodeWithSelector(IVault.PaymentAlreadyKnown.selector, vault.idOf(refOf(payer.addr, "nonce")))
        );
        vault.pay(signed);
    }

    function test_RevertWhen_PaidAgainAfterARefund() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        vault.pay(signed);
        PaymentRef memory ref = refOf(payer.addr, "nonce");
        refund(payer, ref, PRICE, payer.addr);
        bytes memory reason = abi.encodeWithSelector(IVault.PaymentAlreadyKnown.selector, vault.idOf(ref));
        vm.expectRevert(reason);
        vault.pay(signed);
    }
}
