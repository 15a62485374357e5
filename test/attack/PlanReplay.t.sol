// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../contracts/interfaces/ISubscriptionPlan.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {SubscriptionPlanTerms} from "../../contracts/types/Terms.sol";
import {Cancel, Subscribe, Undo} from "../../contracts/types/TypedData.sol";
import {PlanAttackTest} from "./PlanAttackTest.sol";

/// @dev Assumption broken: a subscriber's message is used once, where it was signed, and for what. All that are signed here never
/// expire, and the plan may take everything.
contract PlanReplayTest is PlanAttackTest {
    /// @dev In storage, because the optimizer reads a local copy of `block.chainid` anew after it has changed.
    uint256 private _oldChainId;

    function setUp() public override {
        super.setUp();
        _oldChainId = block.chainid;
        vm.prank(payer.addr);
        token.approve(address(plan), type(uint256).max);
    }

    /* SUBSCRIBE */

    function test_RevertWhen_ASubscribeIsPresentedAfterItsCancel() external {
        (Subscribe memory message, bytes memory signature) = _signedSubscribe();
        _present(message, signature);
        cancel(payer, false);
        _expectSerial(message, signature, 3);
    }

    function test_RevertWhen_ItIsPresentedAfterAnUndo() external {
        (Subscribe memory message, bytes memory signature) = _signedSubscribe();
        _present(message, signature);
        undo(payer);
        _expectSerial(message, signature, 3);
    }

    function test_RevertWhen_ItIsPresentedAfterTheMerchantsCancel() external {
        (Subscribe memory message, bytes memory signature) = _signedSubscribe();
        _present(message, signature);
        vm.prank(operator.addr);
        plan.cancelFor(pairOf(payer));
        _expectSerial(message, signature, 3);
    }

    function test_RevertWhen_ItIsPresentedAfterTheSubscriptionHasLapsed() external {
        (Subscribe memory message, bytes memory signature) = _signedSubscribe();
        _present(message, signature);
        goTo(START + 2 * PERIOD + GRACE);
        _expectSerial(message, signature, 1);
    }

    function test_RevertWhen_ItIsPresentedAfterACancelOfNothing() external {
        (Subscribe memory message, bytes memory signature) = _signedSubscribe();
        cancel(payer, false);
        _expectSerial(message, signature, 2);
    }

    /// @dev Serials only grow: no way leads back to where it was signed.
    function testFuzz_RevertWhen_AnythingHasHappenedSince(uint256[6] calldata steps) external {
        (Subscribe memory message, bytes memory signature) = _signedSubscribe();
        _present(message, signature);
        for (uint256 i = 0; i < steps.length; ++i) _step(steps[i]);
        uint32 serial = subscriptionOf(payer).serial;
        assertGt(serial, 0);
        _expectSerial(message, signature, serial);
    }

    function _step(uint256 step) private {
        uint256 way = step % 4;
        if (way == 0) cancel(payer, step % 8 == 0);
        if (way == 1 && subscriptionOf(payer).chargeableFrom == 0) _subscribeAnew();
        if (way == 2) goTo(time + (step % (2 * PERIOD)));
        if (way == 3) charge(payer);
    }

    function _subscribeAnew() private {
        Subscribe memory message = subscribeMessage(payer);
        _present(message, signSubscribe(payer, message));
    }

    function test_RevertWhen_ASubscribeIsForAnotherPlan() external {
        (Subscribe memory message, bytes memory signature) = _signedSubscribe();
        _useDearPlan();
        _expectInvalid(message, signature);
    }

    function test_RevertWhen_ASubscribeIsForAnotherBeneficiary() external {
        (Subscribe memory message, bytes memory signature) = _signedSubscribe();
        message.beneficiary = stranger.addr;
        _expectInvalid(message, signature);
    }

    function test_RevertWhen_ASubscribeIsChangedInAnyOtherWay() external {
        (Subscribe memory message, bytes memory signature) = _signedSubscribe();
        message.quantity = 2;
        _expectInvalid(message, signature);
        (message.quantity, message.maxPeriods) = (1, MAX_PERIODS + 1);
        _expectInvalid(message, signature);
        (message.maxPeriods, message.maxFirstCharge) = (MAX_PERIODS, 0);
        _expectInvalid(message, signature);
        (message.maxFirstCharge, message.subscriber) = (type(uint256).max, otherPayer.addr);
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, otherPayer.addr));
        plan.subscribeWithSignature(message, signature, noPermit(), PAYOUT_GAS);
    }

    function test_RevertWhen_TheChainHasForked() external {
        (Subscribe memory message, bytes memory signature) = _signedSubscribe();
        vm.chainId(_oldChainId + 1);
        _expectInvalid(message, signature);
    }

    function test_RevertWhen_TheSameKeyHasAWallet() external {
        (Subscribe memory message, bytes memory signature) = _signedSubscribe();
        Account memory wallet = makeWallet(payer);
        message.subscriber = wallet.addr;
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, wallet.addr));
        plan.subscribeWithSignature(message, signature, noPermit(), PAYOUT_GAS);
    }

    /* CANCEL */

    function test_RevertWhen_ACancelIsPresentedTwice() external {
        subscribe(payer);
        Cancel memory message = cancelMessage(payer, true);
        bytes memory signature = signCancel(payer, message);
        plan.cancelWithSignature(message, signature);
        vm.expectRevert(_serialMismatch(3, 1));
        plan.cancelWithSignature(message, signature);
    }

    /// @dev It was signed against a Subscribe, and that came first: it is used up with it.
    function test_RevertWhen_ACancelOfTheSerialBeforeIsPresentedTwice() external {
        (Subscribe memory subscribe_, bytes memory subscribeSignature) = _signedSubscribe();
        Cancel memory message = cancelMessage(payer, true);
        bytes memory signature = signCancel(payer, message);
        _present(subscribe_, subscribeSignature);
        plan.cancelWithSignature(message, signature);
        subscribe(payer);
        vm.expectRevert(_serialMismatch(4, 0));
        plan.cancelWithSignature(message, signature);
        assertTrue(isActive(payer), "active");
    }

    function test_RevertWhen_AnOldCancelWouldEndTheNextSubscription() external {
        subscribe(payer);
        Cancel memory message = cancelMessage(payer, true);
        bytes memory signature = signCancel(payer, message);
        cancel(payer, true);
        subscribe(payer);
        vm.expectRevert(_serialMismatch(4, 1));
        plan.cancelWithSignature(message, signature);
    }

    function test_RevertWhen_ACancelIsForAnotherPlan() external {
        Cancel memory message = cancelMessage(payer, true);
        bytes memory signature = signCancel(payer, message);
        _useDearPlan();
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, payer.addr));
        plan.cancelWithSignature(message, signature);
    }

    function test_RevertWhen_ACancelAtPeriodEndIsMadeImmediate() external {
        subscribe(payer);
        Cancel memory message = cancelMessage(payer, false);
        bytes memory signature = signCancel(payer, message);
        message.immediately = true;
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, payer.addr));
        plan.cancelWithSignature(message, signature);
    }

    /* UNDO */

    function test_RevertWhen_AnUndoIsPresentedForTheNextCharge() external {
        subscribe(payer);
        Undo memory message = undoMessage(payer);
        bytes memory signature = signUndo(payer, message);
        goTo(START + PERIOD);
        charge(payer);
        vm.expectRevert(
            abi.encodeWithSelector(
                ISubscriptionPlan.ChargeNotHeld.selector,
                idOf(pairOf(payer)),
                CLOSES_AT + PERIOD,
                CLOSES_AT
            )
        );
        plan.undoWithSignature(message, signature, PAYOUT_GAS);
    }

    function test_RevertWhen_AnUndoIsSentElsewhere() external {
        subscribe(payer);
        Undo memory message = undoMessage(payer);
        bytes memory signature = signUndo(payer, message);
        message.to = stranger.addr;
        _expectUndoInvalid(message, signature);
    }

    function test_RevertWhen_AnUndoIsForAnotherPlan() external {
        subscribe(payer);
        Undo memory message = undoMessage(payer);
        bytes memory signature = signUndo(payer, message);
        _useDearPlan();
        subscribe(payer);
        _expectUndoInvalid(message, signature);
    }

    function test_RevertWhen_AnUndoIsForAnotherBeneficiary() external {
        subscribe(payer);
        subscribe(payer, subscribeMessage(payer, stranger.addr));
        Undo memory message = undoMessage(payer);
        bytes memory signature = signUndo(payer, message);
        message.beneficiary = stranger.addr;
        _expectUndoInvalid(message, signature);
    }

    function test_RevertWhen_TheChainHasForkedBeforeAnUndo() external {
        subscribe(payer);
        Undo memory message = undoMessage(payer);
        bytes memory signature = signUndo(payer, message);
        vm.chainId(_oldChainId + 1);
        _expectUndoInvalid(message, signature);
    }

    /* PURPOSE */

    /// @dev All three begin with subscriber and beneficiary.
    function test_RevertWhen_AMessageIsUsedForAnotherPurpose() external {
        subscribe(payer);
        Undo memory undo_ = undoMessage(payer);
        Cancel memory cancel_ = cancelMessage(payer, true);
        _expectUndoInvalid(undo_, signCancel(payer, cancel_));
        bytes memory signature = signUndo(payer, undo_);
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, payer.addr));
        plan.cancelWithSignature(cancel_, signature);
    }

    /* HELPERS */

    function _signedSubscribe() private view returns (Subscribe memory message, bytes memory signature) {
        message = subscribeMessage(payer);
        message.deadline = type(uint40).max;
        signature = signSubscribe(payer, message);
    }

    function _present(Subscribe memory message, bytes memory signature) private {
        plan.subscribeWithSignature(message, signature, noPermit(), PAYOUT_GAS);
    }

    function _useDearPlan() private {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.price = uint88(PRICE * 1_000);
        usePlan(terms);
        vm.prank(payer.addr);
        token.approve(address(plan), type(uint256).max);
    }

    function _serialMismatch(uint32 serial, uint256 signed) private view returns (bytes memory) {
        return abi.encodeWithSelector(ISubscriptionPlan.SerialMismatch.selector, idOf(pairOf(payer)), serial, signed);
    }

    function _expectSerial(Subscribe memory message, bytes memory signature, uint32 serial) private {
        vm.expectRevert(_serialMismatch(serial, 0));
        _present(message, signature);
    }

    function _expectInvalid(Subscribe memory message, bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, payer.addr));
        _present(message, signature);
    }

    function _expectUndoInvalid(Undo memory message, bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, payer.addr));
        plan.undoWithSignature(message, signature, PAYOUT_GAS);
    }
}
