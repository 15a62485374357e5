// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {RefundWindow} from "../../../contracts/RefundWindow.sol";
import {IRefundWindow} from "../../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {IVaultFactory} from "../../../contracts/interfaces/IVaultFactory.sol";
import {TokenLib} from "../../../contracts/libraries/TokenLib.sol";
import {Authorization, Method, PaymentId} from "../../../contracts/types/Payment.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {VaultFactoryTest} from "../../utils/VaultFactoryTest.sol";
import {Vm} from "forge-std/Vm.sol";

contract VaultFactoryDeployAndPayTest is VaultFactoryTest {
    bytes private terms;
    address private expectedVault;
    bytes32 private expectedId;

    function setUp() public override {
        super.setUp();
        terms = newTerms();
        expectedVault = factory.addressOf(terms);
        expectedId = keccak256(
            abi.encode(block.chainid, expectedVault, Method.Eip3009, address(token), payer.addr, bytes32("nonce"))
        );
    }

    function test_RevertWhen_TermsAreWrong() external {
        Authorization memory authorization = authorize(payer, expectedVault, PRICE, "nonce");
        WrongTerms[] memory wrong = allWrongTerms();
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(wrong[i].reason);
            factory.deployAndPay(wrong[i].encoded, authorization);
        }
    }

    function test_RevertWhen_ValueIsZero() external {
        expectRefused(authorize(payer, expectedVault, 0, "nonce"), abi.encodeWithSelector(IVault.AmountZero.selector));
    }

    function test_RevertWhen_PaymentIsKnown() external {
        Authorization memory authorization = authorize(payer, expectedVault, PRICE, "nonce");
        factory.deployAndPay(terms, authorization);

        expectRefused(authorization, abi.encodeWithSelector(IVault.PaymentAlreadyKnown.selector, expectedId));
    }

    function test_RevertWhen_SignedForAnotherVault() external {
        expectRefused(
            authorize(payer, address(vault), PRICE, "nonce"),
            abi.encodeWithSelector(
                TokenLib.TokenRefusedAuthorization.selector,
                address(token),
                abi.encodeWithSelector(Token3009.AuthorizationSignatureInvalid.selector, payer.addr)
            )
        );
    }

    function test_RevertWhen_TokenDoesNotTellABalance() external {
        Authorization memory authorization = authorize(payer, expectedVault, PRICE, "nonce");
        authorization.token = stranger.addr;

        expectRefused(authorization, abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, stranger.addr));
    }

    function test_LeavesNoVaultBehindWhenRefused() external {
        expectRefused(authorize(payer, expectedVault, 0, "nonce"), abi.encodeWithSelector(IVault.AmountZero.selector));

        assertEq(expectedVault.code.length, 0);
    }

    function testFuzz_DeploysAndBooks(uint256 value) external {
        value = bound(value, 1, 1e30);

        factory.deployAndPay(terms, authorize(payer, expectedVault, value, "nonce"));

        assertEq(RefundWindow(expectedVault).paymentOf(refOf(payer.addr, "nonce")).held, value, "held");
        assertEq(token.balanceOf(expectedVault), value, "balance");
    }

    function test_EmitsVaultDeployedAndPaid() external {
        Authorization memory authorization = authorize(payer, expectedVault, PRICE, "nonce");

        vm.expectEmit(address(factory));
        emit IVaultFactory.VaultDeployed(expectedVault, terms);
        vm.expectEmit(expectedVault);
        emit IRefundWindow.Paid(PaymentId.wrap(expectedId), payer.addr, address(token), "nonce", PRICE, CLOSES_AT);
        factory.deployAndPay(terms, authorization);
    }

    function test_ReturnsAddressAndId() external {
        (address deployed, PaymentId id) = factory.deployAndPay(terms, authorize(payer, expectedVault, PRICE, "nonce"));

        assertEq(deployed, expectedVault, "address");
        assertEq(PaymentId.unwrap(id), expectedId, "id");
    }

    function test_BooksInAnExistingVault() external {
        factory.deployAndPay(abi.encode(defaultTerms()), authorize(payer, address(vault), PRICE, "nonce"));

        assertEq(vault.paymentOf(refOf(payer.addr, "nonce")).held, PRICE);
    }

    function test_EmitsNoSecondVaultDeployed() external {
        Authorization memory authorization = authorize(payer, address(vault), PRICE, "nonce");

        vm.recordLogs();
        factory.deployAndPay(abi.encode(defaultTerms()), authorization);

        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) assertNotEq(logs[i].emitter, address(factory));
    }

    function testFuzz_LetsAnyoneCall(address caller) external {
        Authorization memory authorization = authorize(payer, address(vault), PRICE, "nonce");

        vm.prank(caller);
        factory.deployAndPay(abi.encode(defaultTerms()), authorization);

        assertEq(vault.paymentOf(refOf(payer.addr, "nonce")).held, PRICE);
    }

    /* HELPERS */

    function expectRefused(Authorization memory authorization, bytes memory reason) private {
        vm.expectRevert(reason);
        factory.deployAndPay(terms, authorization);
    }
}
