// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SubscriptionPlan} from "../../contracts/SubscriptionPlan.sol";
import {ISubscriptionPlan} from "../../contracts/interfaces/ISubscriptionPlan.sol";
import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {TypedDataLib} from "../../contracts/libraries/TypedDataLib.sol";
import {Pair, PairId, Permit} from "../../contracts/types/Subscription.sol";
import {PeriodUnit, SubscriptionPlanTerms} from "../../contracts/types/Terms.sol";
import {Cancel, Subscribe, Undo} from "../../contracts/types/TypedData.sol";
import {SurplusSteps} from "./SurplusSteps.sol";

/// @title SubscriptionPlanTest
/// @notice A factory, one plan of thirty days with three of grace and seven to undo and a one-percent fee, and short ways to
/// subscribe, charge, cancel and undo. `payer` is the subscriber, and its own beneficiary unless a test says otherwise.
abstract contract SubscriptionPlanTest is SurplusSteps {
    uint40 internal constant PERIOD = 30 days;
    uint40 internal constant GRACE = 3 days;
    uint40 internal constant WINDOW = 7 days;
    /// @dev Of a charge made at `START`.
    uint40 internal constant CLOSES_AT = START + WINDOW;
    uint256 internal constant MAX_PERIODS = 12;

    SubscriptionPlan internal implementation;
    SubscriptionPlan internal plan;

    function setUp() public virtual override {
        super.setUp();
        implementation = deployPlanImplementation(verifier);
        factory = deployFactory(implementation);
        plan = deployPlan(defaultTerms());
    }

    function testedVault() internal view override returns (ISurplus) {
        return plan;
    }

    function domainName() internal pure override returns (string memory) {
        return "Recourse SubscriptionPlan";
    }

    /* PLANS */

    function defaultTerms() internal view returns (SubscriptionPlanTerms memory) {
        return
            SubscriptionPlanTerms({
                receiver: receiver.addr,
                operator: operator.addr,
                feeReceiver: feeReceiver,
                feeBps: 100,
                salt: 0,
                token: address(token),
                price: uint88(PRICE),
                periodUnit: PeriodUnit.Seconds,
                periodLength: PERIOD,
                grace: GRACE,
                trial: 0,
                setupFee: 0,
                refundWindow: WINDOW,
                nonRefundableBps: 0
            });
    }

    function deployPlan(SubscriptionPlanTerms memory terms) internal returns (SubscriptionPlan) {
        return SubscriptionPlan(factory.deploy(abi.encode(terms)));
    }

    /// @notice From now on a plan of these terms is tested.
    function usePlan(SubscriptionPlanTerms memory terms) internal {
        plan = deployPlan(terms);
    }

    /* SUBSCRIBE */

    function pairOf(Account memory subscriber) internal pure returns (Pair memory) {
        return Pair({subscriber: subscriber.addr, beneficiary: subscriber.addr});
    }

    function idOf(Pair memory pair) internal pure returns (PairId) {
        return PairId.wrap(keccak256(abi.encode(pair.subscriber, pair.beneficiary)));
    }

    /// @notice For itself, one unit, as many periods as a year has, whatever the first charge.
    function subscribeMessage(Account memory subscriber) internal view returns (Subscribe memory) {
        return
            Subscribe({
                subscriber: subscriber.addr,
                beneficiary: subscriber.addr,
                quantity: 1,
                maxPeriods: MAX_PERIODS,
                maxFirstCharge: type(uint256).max,
                serial: plan.subscriptionOf(pairOf(subscriber)).serial,
                deadline: block.timestamp + 1 days
            });
    }

    /// @notice By the subscriber's signature, with a permit for everything.
    function subscribe(Account memory subscriber) internal returns (PairId) {
        return subscribe(subscriber, subscribeMessage(subscriber));
    }

    function subscribe(Account memory subscriber, Subscribe memory message) internal returns (PairId) {
        return
            plan.subscribeWithSignature(
                message,
                signSubscribe(subscriber, message),
                signPermit(subscriber, type(uint256).max),
                PAYOUT_GAS
            );
    }

    function signSubscribe(Account memory signer, Subscribe memory message) internal view returns (bytes memory) {
        return sign(signer.key, digest(keccak256(abi.encode(TypedDataLib.SUBSCRIBE_TYPEHASH, message))));
    }

    function signPermit(Account memory owner, uint256 value) internal view returns (Permit memory permit) {
        permit.value = value;
        permit.deadline = block.timestamp;
        permit.signature = sign(
            owner.key,
            token.permitDigestOf(owner.addr, address(plan), value, token.nonces(owner.addr), permit.deadline)
        );
    }

    function noPermit() internal pure returns (Permit memory permit) {}

    /* CHARGE */

    function charge(Account memory subscriber) internal returns (ISubscriptionPlan.ChargeResult) {
        Pair[] memory pairs = new Pair[](1);
        pairs[0] = pairOf(subscriber);
        return plan.charge(pairs, PAYOUT_GAS)[0];
    }

    /* CANCEL AND UNDO */

    function signCancel(Account memory signer, Cancel memory message) internal view returns (bytes memory) {
        return sign(signer.key, digest(keccak256(abi.encode(TypedDataLib.CANCEL_TYPEHASH, message))));
    }

    function signUndo(Account memory signer, Undo memory message) internal view returns (bytes memory) {
        return sign(signer.key, digest(keccak256(abi.encode(TypedDataLib.UNDO_TYPEHASH, message))));
    }

    /* STATE */

    function subscriptionOf(
        Account memory subscriber
    ) internal view returns (ISubscriptionPlan.SubscriptionView memory) {
        return plan.subscriptionOf(pairOf(subscriber));
    }
}
