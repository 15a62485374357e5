// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {PaymentRef} from "../../contracts/types/Payment.sol";
import {CaptureItem} from "../../contracts/types/TypedData.sol";
import {EscrowTest} from "../utils/EscrowTest.sol";

/// @dev Assumption broken: each party does what is its part.
contract EscrowRolesTest is EscrowTest {
    PaymentRef private _ref;

    function setUp() public override {
        super.setUp();
        _ref = pay(payer, PRICE, "nonce");
    }

    function test_RevertWhen_TheReceiverCapturesWithoutTheOperator() external {
        vm.expectRevert(notOperator(receiver.addr));
        vm.prank(receiver.addr);
        vault.capture(_ref, PRICE, PRICE, 0, PAYOUT_GAS);
    }

    function test_RevertWhen_ThePayerReturnsItToItself() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.NotSeller.selector, vault.idOf(_ref), payer.addr));
        vm.prank(payer.addr);
        vault.void(_ref, PRICE, PAYOUT_GAS);
    }

    /// @dev No word about who is paid comes from the caller but the payment's own payer: another one is another payment.
    function testFuzz_RevertWhen_AnotherPayerIsNamedToBePaid(address other) external {
        vm.assume(other != payer.addr);
        PaymentRef memory forged = refOf(other, _ref.nonce);
        vm.expectRevert(unknown(forged));
        vm.prank(receiver.addr);
        vault.void(forged, PRICE, PAYOUT_GAS);
    }

    /// @dev A token of the thief's own, in which it paid and was paid.
    function testFuzz_RevertWhen_AnotherTokenIsNamed(address other) external {
        vm.assume(other != address(token));
        PaymentRef memory forged = _ref;
        forged.token = other;
        bytes memory reason = unknown(forged);
        vm.expectRevert(reason);
        vm.prank(operator.addr);
        vault.capture(forged, PRICE, PRICE, 0, PAYOUT_GAS);
    }

    function testFuzz_ABatchOfAnotherTokenTouchesNothingOfThis(address other) external {
        vm.assume(other != address(token));
        CaptureItem[] memory items = list(itemOf(_ref, PRICE));
        vm.prank(operator.addr);
        assertEq(vault.captureMany(other, items), 0, "captured");
        assertParts(_ref, 0, 0);
    }

    /// @dev It may: the goods are the receiver's, and the operator has to look before it captures.
    function test_AReceiverWhoReturnsLeavesTheOperatorNothing() external {
        voidAs(receiver.addr, _ref);
        vm.expectRevert(nothingHeld(_ref));
        vm.prank(operator.addr);
        vault.capture(_ref, PRICE, PRICE, 0, PAYOUT_GAS);
        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_RevertWhen_AReceiverReturnsWhatWasCaptured() external {
        capture(_ref, PRICE);
        vm.expectRevert(nothingHeld(_ref));
        vm.prank(receiver.addr);
        vault.void(_ref, PRICE, PAYOUT_GAS);
    }

    /// @dev An operator who pays itself gains nothing: what is captured is the receiver's.
    function test_AnOperatorWhoIsThePayerCapturesForTheReceiver() external {
        useVaultOfOperator(payer.addr);
        PaymentRef memory ref = pay(payer, PRICE, "own");
        captureAs(payer.addr, ref, PRICE);
        assertPaidOut(PRICE - FEE, FEE);
    }

    /// @dev What is held or credited is no surplus, which an operator may assign.
    function testFuzz_RevertWhen_TheOperatorAnnouncesWhatIsHeldOrCredited(uint256 captured) external {
        captureMany(list(itemOf(_ref, bound(captured, 1, PRICE))));
        vm.expectRevert(abi.encodeWithSelector(ISurplus.AnnouncementExceedsSurplus.selector, address(token), 1, 0));
        vm.prank(operator.addr);
        vault.announceAssignment(address(token), 1);
    }

    function test_RevertWhen_TheReceiversCreditIsRedirected() external {
        captureMany(list(itemOf(_ref, PRICE)));
        vm.expectRevert(
            abi.encodeWithSelector(IVault.CreditNotYours.selector, operator.addr, receiver.addr, operator.addr)
        );
        vm.prank(operator.addr);
        vault.withdraw(address(token), receiver.addr, operator.addr);
    }

    /// @dev Fees are rounded down for each capture: an operator that captures dust spares its receiver the fee, at some ten
    /// thousand gas for each unit of fee and less.
    function test_CapturesOfDustAreFreeOfFees() external {
        for (uint256 i = 0; i < 10; ++i) capture(_ref, 99);
        assertPaidOut(990, 0);
    }

    /// @dev Dust that strangers pay in makes nobody's capture dearer or impossible.
    function test_DustOfStrangersHoldsUpNoBatch() external {
        CaptureItem[] memory items = new CaptureItem[](101);
        for (uint256 i = 0; i < 100; ++i) items[i] = itemOf(pay(otherPayer, 1, bytes32(i)), 1);
        items[100] = itemOf(_ref, PRICE);
        assertEq(captureMany(items), PRICE + 100);
        assertStatus(_ref, IEscrow.EscrowStatus.Ended);
    }
}
