// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../../contracts/interfaces/ISubscriptionPlan.sol";
import {TypedDataLib} from "../../../contracts/libraries/TypedDataLib.sol";
import {Pair, PairId, Permit} from "../../../contracts/types/Subscription.sol";
import {Subscribe} from "../../../contracts/types/TypedData.sol";
import {SignedTest} from "../../utils/SignedTest.sol";
import {SubscribingTest} from "../../utils/SubscribingTest.sol";
import {SubscriptionPlanTest} from "../../utils/SubscriptionPlanTest.sol";
import {VaultTest} from "../../utils/VaultTest.sol";

/// @dev What is wrong with a signature as such is tested by `SignedTest`, what is wrong with a message with `subscribe`.
contract SubscriptionPlanSubscribeWithSignatureTest is SubscribingTest, SignedTest {
    Subscribe private message;

    function setUp() public override(SubscriptionPlanTest, VaultTest) {
        SubscriptionPlanTest.setUp();
        useSigner(payer);
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        bytes memory signed = signature();

        vm.expectRevert(implementationUsed());
        implementation.subscribeWithSignature(message, signed, noPermit(), PAYOUT_GAS);
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

    function testFuzz_RevertWhen_AnotherQuantityWasSigned(uint256 quantity) external {
        if (quantity == message.quantity) ++quantity;
        bytes memory signed = signature();
        message.quantity = quantity;

        expectInvalid(signed);
    }

    function testFuzz_RevertWhen_AnotherNumberOfPeriodsWasSigned(uint256 maxPeriods) external {
        if (maxPeriods == message.maxPeriods) ++maxPeriods;
        bytes memory signed = signature();
        message.maxPeriods = maxPeriods;

        expectInvalid(signed);
    }

    function testFuzz_RevertWhen_AnotherFirstChargeWasSigned(uint256 maxFirstCharge) external {
        if (maxFirstCharge == message.maxFirstCharge) --maxFirstCharge;
        bytes memory signed = signature();
        message.maxFirstCharge = maxFirstCharge;

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

    /* SERIAL */

    function test_RevertWhen_Replayed() external {
        relay(signature());
        goTo(START + 2 * PERIOD + GRACE); // over
        message.deadline = type(uint256).max;

        expectRefused(serialMismatch(payer, 1, 0));
    }

    function test_RevertWhen_ReplayedAfterACancel() external {
        relay(signature());
        cancelNow(payer);

        expectRefused(serialMismatch(payer, 3, 0));
    }

    function test_RevertWhen_ItLandsAfterACancelOfNothing() external {
        cancelAtPeriodEnd(payer);

        expectRefused(serialMismatch(payer, 2, 0));
    }

    function testFuzz_RevertWhen_ItWasSignedAheadOfACancel(uint256 ahead) external {
        message.serial = bound(ahead, 0, 1);
        cancelAtPeriodEnd(payer);

        expectRefused(serialMismatch(payer, 2, message.serial));
    }

    function test_IsNotTouchedByAPeriodThatWasPaid() external {
        pay(payer, PRICE, "period");

        relay(signature());

        assertPeriods(payer, START, 1, 1 + MAX_PERIODS, START + PERIOD);
    }

    /* RULES */

    function test_RevertWhen_PlanIsClosed() external {
        closePlan();

        expectRefused(
            abi.encodeWithSelector(ISubscriptionPlan.PlanNotOpen.selector, ISubscriptionPlan.PlanStage.Closed)
        );
    }

    function test_RevertWhen_AlreadySubscribed() external {
        relay(signature());
        message.serial = 1;

        expectRefused(alreadySubscribed(payer));
    }

    function test_RevertWhen_TheFirstChargeIsTooHigh() external {
        message.maxFirstCharge = PRICE - 1;

        expectRefused(firstChargeTooHigh(PRICE, PRICE - 1));
    }

    function test_RevertWhen_TheRelayerLeavesThePermitOut() external {
        approve(payer, 0);

        expectRefused(allowanceTooLow(0, PRICE));
    }

    function test_RevertWhen_TheTokenDoesNotPay() external {
        token.setDenylisted(payer.addr, true);

        expectRefused(pullFailed(PRICE, ISubscriptionPlan.ChargeResult.Refused));
    }

    /* GAS */

    function testFuzz_RevertWhen_PayoutGasIsBelowTheFloor(uint256 payoutGas) external {
        payoutGas = bound(payoutGas, 0, MIN_PAYOUT_GAS - 1);
        bytes memory signed = signature();

        vm.expectRevert(payoutGasTooLow(payoutGas));
        plan.subscribeWithSignature(message, signed, noPermit(), payoutGas);
    }

    function test_RevertWhen_GasLeftIsTooLow() external {
        assertGasTooLow(stranger.addr, relayCall(), 200_000);
    }

    function test_SubscribesWithJustEnoughGas() external {
        raiseGasUntilEnough(stranger.addr, relayCall(), 200_000);

        assertDone();
    }

    /* RELAYED */

    function test_TakesTheMoneyFromTheSubscriberAndNotFromTheRelayer() external {
        approve(otherPayer, type(uint256).max);
        bytes memory signed = signature();

        vm.prank(otherPayer.addr);
        plan.subscribeWithSignature(message, signed, noPermit(), PAYOUT_GAS);

        assertEq(token.balanceOf(payer.addr), 1e30 - PRICE, "subscriber");
        assertEq(token.balanceOf(otherPayer.addr), 1e30, "relayer");
    }

    function test_PresentsThePermit() external {
        approve(payer, 0);
        Permit memory permit = signPermit(payer, 2 * PRICE);

        plan.subscribeWithSignature(message, signature(), permit, PAYOUT_GAS);

        assertEq(token.allowance(payer.addr, address(plan)), PRICE);
    }

    function test_SubscribesAWalletByItsPermit() external {
        useSigner(makeWallet(otherPayer));
        approve(signer, 0);
        Permit memory permit = signPermit(signer, PRICE);
        permit.signature = bytes.concat(permit.signature, "more");

        plan.subscribeWithSignature(message, signature(), permit, PAYOUT_GAS);

        assertDone();
    }

    function testFuzz_SubscribesForAnyBeneficiary(address beneficiary) external {
        vm.assume(beneficiary != address(0));
        message.beneficiary = beneficiary;

        PairId pair = plan.subscribeWithSignature(message, signature(), noPermit(), PAYOUT_GAS);

        assertEq(PairId.unwrap(pair), PairId.unwrap(idOf(Pair(payer.addr, beneficiary))), "pair");
        assertTrue(plan.isActive(payer.addr, beneficiary), "access");
    }

    function test_EmitsSubscribedInTheNameOfTheSubscriber() external {
        bytes memory signed = signature();

        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.Subscribed({
            pair: idOf(pairOf(payer)),
            subscriber: payer.addr,
            beneficiary: payer.addr,
            quantity: 1,
            anchor: START,
            nextIndex: 1,
            endIndex: uint16(MAX_PERIODS),
            paidThrough: START + PERIOD,
            charged: PRICE,
            closesAt: CLOSES_AT,
            serial: 1
        });
        relay(signed);
    }

    /* WHAT IS SIGNED */

    function prepare() internal override {
        useNewPlan();
        approve(signer, type(uint256).max);
        message = subscribeMessage(signer);
    }

    function structHash() internal view override returns (bytes32) {
        return keccak256(abi.encode(TypedDataLib.SUBSCRIBE_TYPEHASH, message));
    }

    function structHashOfAnotherType() internal view override returns (bytes32) {
        return keccak256(abi.encode(TypedDataLib.CANCEL_TYPEHASH, message));
    }

    function deadline() internal view override returns (uint256) {
        return message.deadline;
    }

    function relay(bytes memory signed) internal override {
        vm.prank(stranger.addr);
        plan.subscribeWithSignature(message, signed, noPermit(), PAYOUT_GAS);
    }

    function assertDone() internal view override {
        assertActive(signer, true);
        assertEq(subscriptionOf(signer).serial, 1, "serial");
        assertEq(token.balanceOf(address(plan)), PRICE, "charged");
    }

    /* HELPERS */

    function relayCall() private view returns (bytes memory) {
        return abi.encodeCall(ISubscriptionPlan.subscribeWithSignature, (message, signature(), noPermit(), PAYOUT_GAS));
    }

    function expectRefused(bytes memory reason) private {
        bytes memory signed = signature();

        vm.expectRevert(reason);
        relay(signed);
    }
}
