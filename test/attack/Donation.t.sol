// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Authorization} from "../../contracts/types/Payment.sol";
import {DonatingHook} from "../mocks/HookActors.sol";
import {HookedToken} from "../mocks/HookedToken.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: between the two looks at the balance only the payment arrives.
contract DonationTest is AttackTest {
    HookedToken private _hooked;

    function setUp() public override {
        super.setUp();
        _hooked = new HookedToken();
        use(_hooked);
    }

    function test_RevertWhen_ADonationArrivesDuringPay() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        DonatingHook hook = new DonatingHook(token, address(vault), 1);
        token.mint(address(hook), 1);
        _hooked.setHook(payer.addr, address(hook));
        assertPayRefused(signed, receivedOther(PRICE + 1, PRICE));
    }

    function test_RevertWhen_ADonationAsLargeAsThePaymentArrivesDuringPay() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        DonatingHook hook = new DonatingHook(token, address(vault), PRICE);
        token.mint(address(hook), PRICE);
        _hooked.setHook(payer.addr, address(hook));
        assertPayRefused(signed, receivedOther(2 * PRICE, PRICE));
    }

    /// @dev A donation before does not lower what must arrive, and one after belongs to no payment.
    function test_DonationsAroundAPaymentAreSurplus() external {
        token.mint(address(vault), 3);
        pay(payer, PRICE, "nonce");
        token.mint(address(vault), 4);
        assertEq(vault.surplusOf(address(token)), 7, "surplus");
        assertEq(liabilities(), PRICE, "liabilities");
    }
}
