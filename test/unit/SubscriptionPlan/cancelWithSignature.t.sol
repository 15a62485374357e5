// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../../contracts/interfaces/ISubscriptionPlan.sol";
import {TypedDataLib} from "../../../contracts/libraries/TypedDataLib.sol";
import {Pair} from "../../../contracts/types/Subscription.sol";
import {Cancel, Subscribe} from "../../../contracts/types/TypedData.sol";
import {SignedTest} from "../../utils/SignedTest.sol";
import {SubscribingTest} from "../../utils/SubscribingTest.sol";
import {SubscriptionPlanTest} from "../../utils/SubscriptionPlanTest.sol";
import {VaultTest} from "../../utils/VaultTest.sol";

/// @dev What is wrong with a signature as such is tested by `SignedTest`. The message is for the end of the period, and was signed
/// when the signer had subscribed: at serial 1.
contract SubscriptionPlanCancelWithSignatureTest is SubscribingTest, SignedTest {
    Cancel private message;

    function setUp() public override(SubscriptionPlanTest, VaultTest) {
        SubscriptionPlanTest.setUp();
        useSigner(payer);
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        bytes memory signed = signature();

        vm.expectRevert(implementationUsed());
        implementation.cancelWithSignature(message, signed);
    }

    /* SIGNED */

    function testFuzz_RevertWhen_AnotherSubscriberIsNamed(address subscriber) external {
        vm.assume(subscriber != payer.addr && subscriber.code.length == 0);
        bytes memory signed = signature();
        message.subscriber = subscriber;
        signer.addr = subscriber;

        expectInvalid(signed);
    }

    function test_RevertWhen_SubscriberIsZero() external {
        message.subscriber = address(0);
        signer.addr = address(0);

        expectInvalid(withV(signature(), 0));
    }

    function testFuzz_RevertWhen_AnotherBeneficiaryWasSigned(address beneficiary) external {
        vm.assume(beneficiary != payer.addr);
        bytes memory signed = signature();
        message.beneficiary = beneficiary;

        expectInvalid(signed);
    }

    function test_RevertWhen_TheOtherEndOfAccessWasSigned() external {
        bytes memory signed = signature();
        message.immediately = true;

        expectInvalid(signed);
    }

    function testFuzz_RevertWhen_AnotherSerialWasSigned(uint256 serial) external {
        if (serial == message.serial) ++serial;
        bytes memory signed = signature();
        message.serial = serial;

        expectInvalid(signed);
    }

    function testFuzz_RevertWhen_AnotherDeadlineWasSigned(uint256 newDeadline) external {
        newDeadline = bound(newDeadline, START + 1, type(uint256).max);
        if (newDeadline == message.deadline) --newDeadline;
        bytes memory signed = signature();
        message.deadline = newDeadline;

        expectInvalid(signed);
    }

    function test_RevertWhen_TheReceiverSigned() external {
        expectInvalid(sign(receiver.key, digest(structHash())));
    }

    /* SERIAL */

    function testFuzz_RevertWhen_SerialIsLater(uint256 serial) external {
        message.serial = bound(serial, 2, type(uint256).max);

        expectRefused(serialMismatch(payer, 1, message.serial));
    }

    function test_CancelsAtTheSerialBefore() external {
        message.serial = 0;

        relay(signature());

        assertDone();
    }

    function test_RevertWhen_SerialIsTwoBefore() external {
        cancelAtPeriodEnd(payer); // serial 3
        message.serial = 1;

        expectRefused(serialMismatch(payer, 3, 1));
    }

    function testFuzz_RevertWhen_SerialIsOlder(uint256 cancels, uint256 serial) external {
        cancels = bound(cancels, 1, 5);
        for (uint256 i = 0; i < cancels; ++i) cancelAtPeriodEnd(payer);
        uint32 current = uint32(1 + 2 * cancels);
        message.serial = bound(serial, 0, current - 2);

        expectRefused(serialMismatch(payer, current, message.serial));
    }

    function test_RevertWhen_Replayed() external {
        relay(signature());

        expectRefused(serialMismatch(payer, 3, 1));
    }

    function test_RevertWhen_ReplayedAfterTheNextSubscribe() external {
        relay(signature());
        start(payer);

        expectRefused(serialMismatch(payer, 4, 1));
    }

    function test_RevertWhen_ReplayedFromTheSerialBefore() external {
        message.serial = 0;
        relay(signature());

        expectRefused(serialMismatch(payer, 3, 0));
    }

    function test_RevertWhen_TheMerchantCanceledMeanwhile() external {
        cancelFor(payer);

        expectRefused(serialMismatch(payer, 3, 1));
    }

    function test_CancelsWhereNothingExists() external {
        useNewPlan();
        message.serial = 0;

        relay(signature());

        assertEq(subscriptionOf(payer).serial, 2, "serial");
        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.None);
    }

    /* BEFORE AND AFTER A SUBSCRIBE */

    function test_RevertWhen_TheSubscribeOfItsSerialComesAfterIt() external {
        (Subscribe memory subscribeFirst, bytes memory signed) = signSubscribeAndCancel();
        relay(signature());

        vm.expectRevert(serialMismatch(payer, 2, 0));
        plan.subscribeWithSignature(subscribeFirst, signed, noPermit(), PAYOUT_GAS);
    }

    function test_CancelsTheSubscribeOfItsSerialThatWasPutBeforeIt() external {
        (Subscribe memory subscribeFirst, bytes memory signed) = signSubscribeAndCancel();
        plan.subscribeWithSignature(subscribeFirst, signed, noPermit(), PAYOUT_GAS);

        relay(signature());

        assertDone();
        goTo(START + PERIOD);
        assertEq(uint8(charge(payer)), uint8(ISubscriptionPlan.ChargeResult.NotDue), "never charged again");
    }

    function test_NoSubscribeThatWasSignedBeforeLandsAfterBoth() external {
        (Subscribe memory subscribeFirst, bytes memory signed) = signSubscribeAndCancel();
        Subscribe memory subscribeSecond = subscribeFirst;
        plan.subscribeWithSignature(subscribeFirst, signed, noPermit(), PAYOUT_GAS);
        relay(signature());
        subscribeSecond.serial = 1;
        bytes memory signedSecond = signSubscribe(payer, subscribeSecond);

        vm.expectRevert(serialMismatch(payer, 3, 1));
        plan.subscribeWithSignature(subscribeSecond, signedSecond, noPermit(), PAYOUT_GAS);
    }

    function test_IsNotTouchedByAPeriodThatWasPaid() external {
        useNewPlan();
        message.serial = 0;
        pay(payer, PRICE, "period");

        relay(signature());

        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Canceled);
    }

    /* RELAYED */

    function testFuzz_EndsTheRightToCharge(uint256 later) external {
        later = bound(later, 0, 1 days - 1);
        goTo(START + later);

        relay(signature());

        assertPeriods(payer, START, 1, 0, START + PERIOD);
        assertActive(payer, true);
    }

    function testFuzz_EndsAccessAtOnce(uint256 later) external {
        message.immediately = true;
        goTo(START + bound(later, 0, 1 days - 1));

        relay(signature());

        assertPeriods(payer, START, 1, 0, time);
        assertActive(payer, false);
    }

    function testFuzz_CancelsForAnyBeneficiary(address beneficiary) external {
        vm.assume(beneficiary != payer.addr && beneficiary != address(0));
        Subscribe memory other = subscribeMessage(payer);
        (other.beneficiary, other.serial) = (beneficiary, 0);
        start(payer, other);
        message.beneficiary = beneficiary;

        relay(signature());

        assertEq(plan.subscriptionOf(Pair(payer.addr, beneficiary)).endIndex, 0, "nothing to charge");
        assertPeriods(payer, START, 1, MAX_PERIODS, START + PERIOD); // the other pair goes on
    }

    function test_EmitsCanceledInTheNameOfTheSubscriber() external {
        bytes memory signed = signature();

        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.Canceled(idOf(pairOf(payer)), payer.addr, payer.addr, payer.addr, START + PERIOD, 3);
        relay(signed);
    }

    /* WHAT IS SIGNED */

    function prepare() internal override {
        useNewPlan();
        start(signer);
        message = cancelMessage(signer, false);
    }

    function structHash() internal view override returns (bytes32) {
        return keccak256(abi.encode(TypedDataLib.CANCEL_TYPEHASH, message));
    }

    function structHashOfAnotherType() internal view override returns (bytes32) {
        return keccak256(abi.encode(TypedDataLib.UNDO_TYPEHASH, message));
    }

    function deadline() internal view override returns (uint256) {
        return message.deadline;
    }

    function relay(bytes memory signed) internal override {
        vm.prank(stranger.addr);
        plan.cancelWithSignature(message, signed);
    }

    function assertDone() internal view override {
        assertStatus(signer, ISubscriptionPlan.SubscriptionStatus.Canceled);
        assertEq(subscriptionOf(signer).endIndex, 0, "nothing to charge");
        assertEq(subscriptionOf(signer).serial, 3, "serial");
    }

    /* HELPERS */

    /// @notice Both are signed at serial 0 of a new plan: the Subscribe is returned, the Cancel is `message`.
    function signSubscribeAndCancel() private returns (Subscribe memory wanted, bytes memory signed) {
        useNewPlan();
        approve(payer, type(uint256).max);
        wanted = subscribeMessage(payer);
        signed = signSubscribe(payer, wanted);
        message = cancelMessage(payer, false);
    }

    function expectRefused(bytes memory reason) private {
        bytes memory signed = signature();

        vm.expectRevert(reason);
        relay(signed);
    }
}
