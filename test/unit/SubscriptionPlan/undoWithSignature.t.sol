// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../../contracts/interfaces/ISubscriptionPlan.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {TypedDataLib} from "../../../contracts/libraries/TypedDataLib.sol";
import {Pair} from "../../../contracts/types/Subscription.sol";
import {SubscriptionPlanTerms} from "../../../contracts/types/Terms.sol";
import {Undo} from "../../../contracts/types/TypedData.sol";
import {ChargedPlanTest} from "../../utils/ChargedPlanTest.sol";
import {SignedTest} from "../../utils/SignedTest.sol";
import {SubscriptionPlanTest} from "../../utils/SubscriptionPlanTest.sol";
import {VaultTest} from "../../utils/VaultTest.sol";

/// @dev What is wrong with a signature as such is tested by `SignedTest`; the signer there is the subscriber.
contract SubscriptionPlanUndoWithSignatureTest is ChargedPlanTest, SignedTest {
    Undo private message;
    uint256 private prepared;

    function setUp() public override(SubscriptionPlanTest, VaultTest) {
        SubscriptionPlanTest.setUp();
        useSigner(payer);
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        bytes memory signed = signature();

        vm.expectRevert(implementationUsed());
        implementation.undoWithSignature(message, signed, PAYOUT_GAS);
    }

    /* SIGNED */

    function testFuzz_RevertWhen_AnotherSubscriberIsNamed(address subscriber) external {
        vm.assume(subscriber != payer.addr);
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

    function test_RevertWhen_TheBeneficiarySigned() external {
        subscribeFor(payer, otherPayer.addr);
        message.beneficiary = otherPayer.addr;

        expectInvalid(signUndo(otherPayer, message));
    }

    function test_RevertWhen_TheMerchantSigned() external {
        expectInvalid(signUndo(receiver, message));
    }

    function testFuzz_RevertWhen_AnotherBeneficiaryWasSigned(address beneficiary) external {
        vm.assume(beneficiary != payer.addr);
        bytes memory signed = signature();
        message.beneficiary = beneficiary;

        expectInvalid(signed);
    }

    function testFuzz_RevertWhen_AnotherChargeWasSigned(uint256 closesAt) external {
        if (closesAt == CLOSES_AT) ++closesAt;
        bytes memory signed = signature();
        message.closesAt = closesAt;

        expectInvalid(signed);
    }

    function testFuzz_RevertWhen_AnotherRecipientWasSigned(address to) external {
        vm.assume(to != ELSEWHERE);
        bytes memory signed = signature();
        message.to = to;

        expectInvalid(signed);
    }

    function testFuzz_RevertWhen_AnotherDeadlineWasSigned(uint256 newDeadline) external {
        newDeadline = bound(newDeadline, START + 1, type(uint256).max);
        if (newDeadline == message.deadline) --newDeadline;
        bytes memory signed = signature();
        message.deadline = newDeadline;

        expectInvalid(signed);
    }

    /* RULES */

    function testFuzz_RevertWhen_AnotherChargeIsMeant(uint256 closesAt) external {
        if (closesAt == CLOSES_AT) ++closesAt;
        message.closesAt = closesAt;

        expectRefused(notHeld(pairOf(payer), CLOSES_AT, closesAt));
    }

    function testFuzz_RevertWhen_BeneficiaryIsAnother(address beneficiary) external {
        vm.assume(beneficiary != payer.addr);
        message.beneficiary = beneficiary;

        expectRefused(notHeld(pairFor(payer, beneficiary), 0, CLOSES_AT));
    }

    function test_RevertWhen_TheNextOneWasCharged() external {
        message.deadline = type(uint256).max;
        goTo(startOf(1));
        charge(payer);

        expectRefused(notHeld(pairOf(payer), startOf(1) + WINDOW, CLOSES_AT));
    }

    function test_RevertWhen_Replayed() external {
        relay(signature());

        expectRefused(notHeld(pairOf(payer), 0, CLOSES_AT));
    }

    /// @dev A new charge of the same second closes at the same second.
    function test_RevertWhen_ReplayedAgainstANewChargeOfTheSameSecond() external {
        bytes memory signed = signature();
        relay(signed);
        subscribe(payer);

        vm.expectRevert(used());
        relay(signed);
    }

    function test_RevertWhen_TheSubscriberHasUndoneOneForAnotherBeneficiary() external {
        Pair memory pair = pairFor(payer, stranger.addr);
        subscribeFor(payer, pair.beneficiary);
        vm.prank(payer.addr);
        plan.undo(pair.beneficiary, CLOSES_AT, payer.addr, PAYOUT_GAS);

        expectRefused(used());
    }

    function test_UndoesInTheLastSecond() external {
        message.deadline = type(uint256).max;
        goTo(CLOSES_AT - 1);

        relay(signature());

        assertDone();
    }

    function test_RevertWhen_TheWindowCloses() external {
        message.deadline = type(uint256).max;
        goTo(CLOSES_AT);

        expectRefused(
            abi.encodeWithSelector(
                ISubscriptionPlan.UndoAfterClose.selector,
                idOf(pairOf(payer)),
                CLOSES_AT,
                MATURES_AT
            )
        );
    }

    function test_RevertWhen_RecipientIsZero() external {
        message.to = address(0);

        expectRefused(abi.encodeWithSelector(IVault.RecipientForbidden.selector, address(0)));
    }

    function test_RevertWhen_RecipientIsThePlan() external {
        message.to = address(plan);

        expectRefused(abi.encodeWithSelector(IVault.RecipientForbidden.selector, address(plan)));
    }

    /* GAS */

    function testFuzz_RevertWhen_PayoutGasIsBelowTheFloor(uint256 payoutGas) external {
        payoutGas = bound(payoutGas, 0, MIN_PAYOUT_GAS - 1);
        bytes memory signed = signature();

        vm.expectRevert(payoutGasTooLow(payoutGas));
        plan.undoWithSignature(message, signed, payoutGas);
    }

    function test_RevertWhen_GasLeftIsTooLow() external {
        assertGasTooLow(stranger.addr, relayCall(), 200_000);
    }

    function test_UndoesWithJustEnoughGas() external {
        raiseGasUntilEnough(stranger.addr, relayCall(), 200_000);

        assertDone();
    }

    /* RELAYED */

    function test_CreditsTheSubscriberAndNotTheRelayer() external {
        token.setPaused(true);

        relay(signature());

        assertCredit(payer.addr, PRICE, 0);
        assertCredit(stranger.addr, 0, 0);
        assertCredit(ELSEWHERE, 0, 0);
    }

    function test_UndoesForAnotherBeneficiary() external {
        subscribeFor(payer, otherPayer.addr);
        message.beneficiary = otherPayer.addr;

        relay(signature());

        assertEq(token.balanceOf(ELSEWHERE), PRICE, "recipient");
        assertFalse(plan.isActive(payer.addr, otherPayer.addr), "active");
        assertTrue(plan.isActive(payer.addr, payer.addr), "the subscriber's own");
    }

    function test_EmitsUndoneAndCanceledInTheNameOfTheSigner() external {
        bytes memory signed = signature();

        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.Undone(idOf(pairOf(payer)), ELSEWHERE, PRICE);
        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.Canceled(idOf(pairOf(payer)), payer.addr, payer.addr, payer.addr, START, 3);
        relay(signed);
    }

    /* WHAT IS SIGNED */

    function prepare() internal override {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.salt = bytes32(++prepared);
        usePlan(terms);
        subscribe(signer);
        message = Undo({
            subscriber: signer.addr,
            beneficiary: signer.addr,
            closesAt: CLOSES_AT,
            to: ELSEWHERE,
            deadline: START + 1 days
        });
    }

    function structHash() internal view override returns (bytes32) {
        return keccak256(abi.encode(TypedDataLib.UNDO_TYPEHASH, message));
    }

    function structHashOfAnotherType() internal view override returns (bytes32) {
        return keccak256(abi.encode(TypedDataLib.CANCEL_TYPEHASH, message));
    }

    function deadline() internal view override returns (uint256) {
        return message.deadline;
    }

    function relay(bytes memory signed) internal override {
        vm.prank(stranger.addr);
        plan.undoWithSignature(message, signed, PAYOUT_GAS);
    }

    function assertDone() internal view override {
        assertEq(token.balanceOf(ELSEWHERE), PRICE, "recipient");
        assertFalse(plan.isActive(signer.addr, signer.addr), "active");
    }

    /* HELPERS */

    function relayCall() private view returns (bytes memory) {
        return abi.encodeCall(ISubscriptionPlan.undoWithSignature, (message, signature(), PAYOUT_GAS));
    }

    function used() private view returns (bytes memory) {
        return abi.encodeWithSelector(ISubscriptionPlan.UndoUsed.selector, payer.addr);
    }

    function expectRefused(bytes memory reason) private {
        bytes memory signed = signature();

        vm.expectRevert(reason);
        relay(signed);
    }
}
