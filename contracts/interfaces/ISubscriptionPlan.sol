// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {PaymentId} from "../types/Payment.sol";
import {Pair, PairId, Permit} from "../types/Subscription.sol";
import {SubscriptionPlanTerms} from "../types/Terms.sol";
import {Cancel, Subscribe, Undo} from "../types/TypedData.sol";
import {IMaturing} from "./IMaturing.sol";

/// @title ISubscriptionPlan
/// @notice One signature, then one pull a period, each refundable for the days that the terms say.
interface ISubscriptionPlan is IMaturing {
    /* TYPES */

    /// @notice Where a pair stands; computed from facts, not stored.
    enum SubscriptionStatus {
        /// Nothing was ever paid or tried.
        None,
        /// On trial: access, and the first charge comes at its end.
        Trialing,
        /// Paid, and to be charged again.
        Active,
        /// A period has begun and can still be charged. No access until it is.
        PastDue,
        /// A period was not charged in time. No access, and the next one can be charged when it begins.
        Skipped,
        /// Paid, without any right to charge again: bought period by period, or the last that was signed for.
        Prepaid,
        /// Ended by somebody's will; access as long as it is paid.
        Canceled,
        /// Over.
        Ended
    }

    /// @notice What became of one item of a batch.
    enum ChargeResult {
        /// The period was charged.
        Charged,
        /// There is nothing to charge now: paid already, not begun, canceled, ended, or never subscribed.
        NotDue,
        /// The subscriber has too little of the token.
        BalanceTooLow,
        /// The subscriber does not let the plan take as much.
        AllowanceTooLow,
        /// The token refused for another reason.
        Refused
    }

    /// @notice Why a period cannot be bought.
    enum PeriodRefusal {
        /// It can.
        None,
        /// The plan takes another token.
        OtherToken,
        /// It is not exactly the price of one period.
        NotOnePrice,
        /// The plan has a setup fee: subscribe.
        HasSetupFee,
        /// The merchant has closed the plan.
        Closed,
        /// The payer has a subscription that is charged by itself.
        Subscribed,
        /// The time that is left was paid for another quantity than one.
        OtherQuantity,
        /// More periods are paid than can be counted.
        TooManyPeriods
    }

    /// @notice Whether the merchant still takes subscribers.
    enum PlanStage {
        /// It does.
        Open,
        /// No new subscriptions and no periods to buy; those who are subscribed are charged.
        Closed,
        /// Nobody is charged any more. What is paid stays.
        Ended
    }

    /// @notice A pair as it stands now.
    /// @param pair Its id.
    /// @param status Where it stands.
    /// @param isActive Whether it has access now.
    /// @param anchor When period 0 starts, in Unix seconds.
    /// @param paidThrough First Unix second without access.
    /// @param serial What the next Subscribe or Cancel has to say.
    /// @param quantity How many units a charge is for.
    /// @param nextIndex The period after the newest that is paid.
    /// @param endIndex First period that may not be charged any more; zero when nothing may be charged.
    /// @param amount Of one charge, in the token's smallest unit.
    /// @param chargeableFrom First Unix second of the next charge; zero when there is none.
    /// @param chargeableUntil First Unix second at which that charge has been skipped.
    /// @param closesAt First Unix second at which the newest charge can no longer be undone; zero when there is none.
    /// @param maturesAt First Unix second at which that charge is the receiver's; zero when there is none.
    /// @param undoable What the subscriber could take back now.
    /// @param trialUsed Whether the subscriber has had its trial in this plan.
    /// @param undoUsed Whether the subscriber has undone a charge in this plan.
    struct SubscriptionView {
        PairId pair;
        SubscriptionStatus status;
        bool isActive;
        uint40 anchor;
        uint40 paidThrough;
        uint32 serial;
        uint16 quantity;
        uint16 nextIndex;
        uint16 endIndex;
        uint256 amount;
        uint40 chargeableFrom;
        uint40 chargeableUntil;
        uint40 closesAt;
        uint40 maturesAt;
        uint256 undoable;
        bool trialUsed;
        bool undoUsed;
    }

    /* ERRORS: TERMS */

    /// @notice The terms name no token.
    /// @dev Set `token`.
    error TermsWithoutToken();

    /// @notice A period costs nothing.
    /// @dev Set `price` to at least 1.
    error TermsWithoutPrice();

    /// @notice The period is out of bounds.
    /// @dev Choose `periodLength` between `minimum` and `maximum`, in seconds or months as `periodUnit` says.
    error TermsPeriodOutOfBounds(uint40 periodLength, uint40 minimum, uint40 maximum);

    /// @notice There is no time to charge, or too much of it.
    /// @dev Choose `grace` between 1 and `maximum` seconds, half of the shortest period.
    error TermsGraceOutOfBounds(uint40 grace, uint256 maximum);

    /// @notice The trial is too long.
    /// @dev Choose `trial` of at most `maximum` seconds.
    error TermsTrialTooLong(uint40 trial, uint40 maximum);

    /// @notice The window would reach beyond the period that it refunds.
    /// @dev Choose `refundWindow` of at most `maximum` seconds: the shortest period less `grace`.
    error TermsRefundWindowTooLong(uint40 refundWindow, uint256 maximum);

    /// @notice The subscriber could take nothing back, or there is a share of nothing.
    /// @dev Set `nonRefundableBps` below 10,000, and to zero without a refund window.
    error TermsNonRefundableWrong(uint16 nonRefundableBps, uint40 refundWindow);

    /* ERRORS: SUBSCRIBE */

    /// @notice The plan takes no new subscribers.
    /// @dev Ask the merchant for another plan.
    error PlanNotOpen(PlanStage stage);

    /// @notice Somebody else than the subscriber called.
    /// @dev Let the subscriber call or sign.
    error NotSubscriber(address caller, address subscriber);

    /// @notice The subscription is for nobody.
    /// @dev Set `beneficiary`; it may be the subscriber itself.
    error SubscribeWithoutBeneficiary();

    /// @notice A quantity or a number of periods that is zero or cannot be counted.
    /// @dev Choose both between 1 and 65,535, counting periods that are paid already.
    error SubscribeOutOfBounds(uint256 quantity, uint256 maxPeriods);

    /// @notice The message was signed for another state of the pair: it has been used, or a cancel came between.
    /// @dev Look at the subscription; if it is not the one that was wanted, sign the serial that it tells.
    error SerialMismatch(PairId pair, uint32 serial, uint256 signedSerial);

    /// @notice The pair has a subscription that is charged by itself.
    /// @dev Nothing is left to do; cancel it first if another is wanted.
    error AlreadySubscribed(PairId pair);

    /// @notice Time that is paid already is for another quantity.
    /// @dev Sign the same quantity, or wait until `paidThrough`.
    error QuantityDiffers(PairId pair, uint16 quantity, uint256 signedQuantity, uint40 paidThrough);

    /// @notice More would be taken now than was signed.
    /// @dev A trial may have been used: sign `maxFirstCharge` of at least `amount`.
    error FirstChargeTooHigh(uint256 amount, uint256 maxFirstCharge);

    /// @notice The plan may not take enough.
    /// @dev Sign a permit for at least `needed`, or approve it.
    error AllowanceTooLow(address token, uint256 allowance, uint256 needed);

    /// @notice The token did not move what `from` agreed to: the first charge, or a merchant's top-up.
    /// @dev `result` says why; nothing was taken, and nothing has changed.
    error PullFailed(address from, uint256 amount, ChargeResult result);

    /* ERRORS: CHARGE */

    /// @notice The merchant has ended the plan: nobody is charged any more.
    /// @dev Nothing is left to do.
    error PlanEnded();

    /* ERRORS: UNDO AND REFUND */

    /// @notice The subscriber has undone a charge of this plan before.
    /// @dev Ask the merchant, who can refund a charge until it matures.
    error UndoUsed(address subscriber);

    /// @notice There is no charge of which money is held, or it is not the one that was meant.
    /// @dev Look at `closesAt` of the subscription.
    error ChargeNotHeld(PairId pair, uint40 closesAt, uint256 expectedClosesAt);

    /// @notice The subscriber came after the window had closed.
    /// @dev Until `maturesAt` the merchant can still give it back: ask.
    error UndoAfterClose(PairId pair, uint40 closesAt, uint40 maturesAt);

    /// @notice The merchant came after the charge had matured.
    /// @dev It is the receiver's money now: pay back by an ordinary transfer.
    error ChargeMatured(PairId pair, uint40 maturesAt);

    /* ERRORS: MERCHANT */

    /// @notice Only receiver or operator may do this.
    /// @dev Let one of them call.
    error NotMerchant(address caller);

    /// @notice The plan is past this stage already.
    /// @dev Nothing is left to do.
    error PlanStagePassed(PlanStage stage);

    /// @notice Ending paid time takes exactly what it cost and is not held any more.
    /// @dev Approve `needed` to the plan, and pass it.
    error TopUpWrong(PairId pair, uint256 topUp, uint256 needed);

    /* EVENTS */

    /// @notice Somebody subscribed.
    /// @param pair Who pays and who may use it, as `subscriptionOf` names them.
    /// @param subscriber Who pays.
    /// @param beneficiary Who may use it.
    /// @param quantity How many units a charge is for.
    /// @param anchor When period 0 starts, in Unix seconds.
    /// @param nextIndex The period that is charged next.
    /// @param endIndex First period that may not be charged.
    /// @param paidThrough First Unix second without access, as far as it is paid or on trial.
    /// @param charged What was taken now, setup fee included.
    /// @param closesAt First Unix second at which the newest charge can no longer be undone; zero when there is none.
    /// @param serial The pair's new serial.
    event Subscribed(
        PairId indexed pair,
        address indexed subscriber,
        address indexed beneficiary,
        uint16 quantity,
        uint40 anchor,
        uint16 nextIndex,
        uint16 endIndex,
        uint40 paidThrough,
        uint256 charged,
        uint40 closesAt,
        uint32 serial
    );

    /// @notice A period each was charged, of these pairs: the one that could be charged at the block's time. Its closing time is
    /// the block's time and the window of the terms.
    /// @param pairs Who was charged.
    /// @param amount What came in, in the token's smallest unit.
    event Charged(PairId[] pairs, uint256 amount);

    /// @notice A period could not be charged. Nothing has changed, and it can be tried again.
    /// @param pair Who pays and who may use it, as `subscriptionOf` names them.
    /// @param result Why.
    event ChargeFailed(PairId indexed pair, ChargeResult result);

    /// @notice A payer bought one period, without any right to charge again.
    /// @param id The payment.
    /// @param payer Who paid, and may use it.
    /// @param token The ERC-20 token.
    /// @param nonce The nonce of the authorization.
    /// @param amount What arrived, in the token's smallest unit.
    /// @param anchor When period 0 starts, in Unix seconds.
    /// @param nextIndex The period after it.
    /// @param paidThrough First Unix second without access.
    /// @param closesAt First Unix second at which it can no longer be undone; zero without a window.
    event PeriodPaid(
        PaymentId indexed id,
        address indexed payer,
        address indexed token,
        bytes32 nonce,
        uint256 amount,
        uint40 anchor,
        uint16 nextIndex,
        uint40 paidThrough,
        uint40 closesAt
    );

    /// @notice Money was proven that buys no period. It waits as a credit of its payer.
    /// @param id The payment.
    /// @param payer Who paid.
    /// @param token The ERC-20 token.
    /// @param nonce The nonce of the authorization.
    /// @param amount In the token's smallest unit.
    /// @param refusal Why it buys none.
    event PaymentCredited(
        PaymentId indexed id,
        address indexed payer,
        address indexed token,
        bytes32 nonce,
        uint256 amount,
        PeriodRefusal refusal
    );

    /// @notice The right to charge ended by somebody's will.
    /// @param pair Who pays and who may use it, as `subscriptionOf` names them.
    /// @param subscriber Who pays.
    /// @param beneficiary Who may use it.
    /// @param by Who ended it: subscriber, receiver or operator.
    /// @param paidThrough First Unix second without access.
    /// @param serial The pair's new serial.
    event Canceled(
        PairId indexed pair,
        address indexed subscriber,
        address indexed beneficiary,
        address by,
        uint40 paidThrough,
        uint32 serial
    );

    /// @notice A subscriber took its newest charge back. `Canceled` follows.
    /// @param pair Who pays and who may use it, as `subscriptionOf` names them.
    /// @param to Where the money goes.
    /// @param amount In the token's smallest unit.
    event Undone(PairId indexed pair, address to, uint256 amount);

    /// @notice The merchant gave money back to a subscriber.
    /// @param pair Who pays and who may use it, as `subscriptionOf` names them.
    /// @param by Receiver or operator.
    /// @param amount In the token's smallest unit.
    /// @param held How much of it was the newest charge, held by the plan.
    event Refunded(PairId indexed pair, address by, uint256 amount, uint256 held);

    /// @notice The merchant closed or ended the plan.
    /// @param stage What it is in now.
    event PlanStageChanged(PlanStage stage);

    /* TERMS */

    /// @notice Reverts unless `terms`, the ABI encoding of `SubscriptionPlanTerms`, can become a plan.
    /// @custom:reverts TermsLengthWrong when the encoding has another length.
    /// @custom:reverts TermsWithoutReceiver when `receiver` is zero.
    /// @custom:reverts TermsWithoutOperator when `operator` is zero.
    /// @custom:reverts TermsFeeTooHigh when `feeBps` is above 1,000.
    /// @custom:reverts TermsFeeReceiverWrong when `feeReceiver` does not go with `feeBps` or is the receiver.
    /// @custom:reverts TermsWithoutToken when `token` is zero.
    /// @custom:reverts TermsWithoutPrice when `price` is zero.
    /// @custom:reverts TermsTrialTooLong when `trial` is above 365 days.
    /// @custom:reverts TermsPeriodOutOfBounds when `periodLength` is not an hour to five years, or 1 to 60 months.
    /// @custom:reverts TermsGraceOutOfBounds when `grace` is zero, or above half of the shortest period.
    /// @custom:reverts TermsRefundWindowTooLong when `refundWindow` is above the shortest period less `grace`.
    /// @custom:reverts TermsNonRefundableWrong when `nonRefundableBps` is 10,000 or more, or set without a window.
    /// @param terms The ABI-encoded terms.
    function checkTerms(bytes calldata terms) external pure override;

    /// @notice The terms of this plan.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @return The terms.
    function terms() external view returns (SubscriptionPlanTerms memory);

    /* SUBSCRIBE */

    /// @notice Subscribes the caller, and takes the setup fee and, unless there is a trial or time that is paid already, the price
    /// of the first period.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts NotSubscriber when another than the subscriber calls.
    /// @custom:reverts PlanNotOpen when the merchant has closed the plan.
    /// @custom:reverts SubscribeWithoutBeneficiary when `beneficiary` is zero.
    /// @custom:reverts SubscribeOutOfBounds when `quantity` or `maxPeriods` is zero or too large.
    /// @custom:reverts SerialMismatch when the serial is not the pair's.
    /// @custom:reverts AlreadySubscribed when the pair can be charged already.
    /// @custom:reverts QuantityDiffers when time that is left was paid for another quantity.
    /// @custom:reverts FirstChargeTooHigh when more would be taken than `maxFirstCharge`.
    /// @custom:reverts AllowanceTooLow when the plan may take less than it needs now, or for a period.
    /// @custom:reverts PullFailed when the token does not pay.
    /// @custom:reverts ReceivedOtherAmount when less arrived than was taken.
    /// @custom:reverts TokenBalanceUnreadable when the token does not tell the plan's balance.
    /// @custom:reverts TokenStateUnreadable when the token does not tell the subscriber's balance or allowance.
    /// @custom:reverts PayoutGasTooLow when `payoutGas` is below the floor.
    /// @custom:reverts GasLeftTooLow when the transaction's gas cannot cover `payoutGas`.
    /// @param message What the subscriber agrees to; its deadline is not looked at.
    /// @param permit A permit for the plan, or none.
    /// @param payoutGas The most gas the token may use for one transfer, at least 100,000.
    /// @return pair The pair.
    function subscribe(
        Subscribe calldata message,
        Permit calldata permit,
        uint256 payoutGas
    ) external returns (PairId pair);

    /// @notice As `subscribe`, by the subscriber's signature; anyone may relay it.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts SignatureExpired when the deadline has been reached.
    /// @custom:reverts SignatureInvalid when the subscriber did not sign it.
    /// @custom:reverts PlanNotOpen when the merchant has closed the plan.
    /// @custom:reverts SubscribeWithoutBeneficiary when `beneficiary` is zero.
    /// @custom:reverts SubscribeOutOfBounds when `quantity` or `maxPeriods` is zero or too large.
    /// @custom:reverts SerialMismatch when the serial is not the pair's.
    /// @custom:reverts AlreadySubscribed when the pair can be charged already.
    /// @custom:reverts QuantityDiffers when time that is left was paid for another quantity.
    /// @custom:reverts FirstChargeTooHigh when more would be taken than `maxFirstCharge`.
    /// @custom:reverts AllowanceTooLow when the plan may take less than it needs now, or for a period.
    /// @custom:reverts PullFailed when the token does not pay.
    /// @custom:reverts ReceivedOtherAmount when less arrived than was taken.
    /// @custom:reverts TokenBalanceUnreadable when the token does not tell the plan's balance.
    /// @custom:reverts TokenStateUnreadable when the token does not tell the subscriber's balance or allowance.
    /// @custom:reverts PayoutGasTooLow when `payoutGas` is below the floor.
    /// @custom:reverts GasLeftTooLow when the transaction's gas cannot cover `payoutGas`.
    /// @param message What the subscriber signed.
    /// @param signature ECDSA of a key, or what the subscriber's ERC-1271 contract expects.
    /// @param permit A permit for the plan, or none.
    /// @param payoutGas The most gas the token may use for one transfer, at least 100,000.
    /// @return pair The pair.
    function subscribeWithSignature(
        Subscribe calldata message,
        bytes calldata signature,
        Permit calldata permit,
        uint256 payoutGas
    ) external returns (PairId pair);

    /* CHARGE */

    /// @notice Charges a period of each pair that is due. Anyone may call. An item that cannot be charged changes nothing, and does
    /// not keep the others from being charged.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts PlanEnded when the merchant has ended the plan.
    /// @custom:reverts ItemGasTooLow when `tokenGas` is below the floor.
    /// @custom:reverts GasLeftTooLow when the transaction's gas cannot cover `tokenGas` for each item.
    /// @custom:reverts TokenBalanceUnreadable when the token does not tell balances.
    /// @custom:reverts TokenStateUnreadable when the token does not tell balances or allowances of subscribers.
    /// @custom:reverts ReceivedOtherAmount when less arrived in all than was taken.
    /// @custom:reverts PayoutGasTooLow when `tokenGas` is below the floor of payouts, which is lower than that of items.
    /// @param pairs Whom to charge; the caller bounds their number.
    /// @param tokenGas The most gas the token may use for one transfer, at least 150,000.
    /// @return results What became of each.
    function charge(Pair[] calldata pairs, uint256 tokenGas) external returns (ChargeResult[] memory results);

    /* CANCEL */

    /// @notice Ends the right to charge the caller. A Subscribe that is signed but has not landed dies with it, even where there is
    /// nothing to cancel.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @param beneficiary Who may use the subscription.
    /// @param immediately Whether access ends too, without money back; else it lasts as long as it is paid.
    function cancel(address beneficiary, bool immediately) external;

    /// @notice As `cancel`, by the subscriber's signature; anyone may relay it. A Subscribe of the same serial that landed first is
    /// canceled with it.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts SignatureExpired when the deadline has been reached.
    /// @custom:reverts SignatureInvalid when the subscriber did not sign it.
    /// @custom:reverts SerialMismatch when it was signed for an earlier state of the pair.
    /// @param message What the subscriber signed.
    /// @param signature ECDSA of a key, or what the subscriber's ERC-1271 contract expects.
    function cancelWithSignature(Cancel calldata message, bytes calldata signature) external;

    /* UNDO */

    /// @notice Takes back the newest charge, less the non-refundable share: its period is taken off, and the right to charge ends.
    /// Once a subscriber.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts UndoUsed when the subscriber has undone a charge of this plan before.
    /// @custom:reverts ChargeNotHeld when there is no such charge, or it was refunded.
    /// @custom:reverts UndoAfterClose when the window has closed.
    /// @custom:reverts RecipientForbidden when `to` is zero or the plan.
    /// @custom:reverts PayoutGasTooLow when `payoutGas` is below the floor.
    /// @custom:reverts GasLeftTooLow when the transaction's gas cannot cover `payoutGas`.
    /// @param beneficiary Who may use the subscription.
    /// @param closesAt Of the charge, as `subscriptionOf` tells.
    /// @param to Where the money goes.
    /// @param payoutGas The most gas the token may use for the payout, at least 100,000.
    function undo(address beneficiary, uint256 closesAt, address to, uint256 payoutGas) external;

    /// @notice As `undo`, by the subscriber's signature; anyone may relay it.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts SignatureExpired when the deadline has been reached.
    /// @custom:reverts SignatureInvalid when the subscriber did not sign it.
    /// @custom:reverts UndoUsed when the subscriber has undone a charge of this plan before.
    /// @custom:reverts ChargeNotHeld when there is no such charge, or it was refunded.
    /// @custom:reverts UndoAfterClose when the window has closed.
    /// @custom:reverts RecipientForbidden when `to` is zero or the plan.
    /// @custom:reverts PayoutGasTooLow when `payoutGas` is below the floor.
    /// @custom:reverts GasLeftTooLow when the transaction's gas cannot cover `payoutGas`.
    /// @param message What the subscriber signed.
    /// @param signature ECDSA of a key, or what the subscriber's ERC-1271 contract expects.
    /// @param payoutGas The most gas the token may use for the payout, at least 100,000.
    function undoWithSignature(Undo calldata message, bytes calldata signature, uint256 payoutGas) external;

    /* MERCHANT */

    /// @notice Gives the newest charge back, all of it, as long as it is held. Access and subscription stay as they are.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts NotMerchant when another than receiver or operator calls.
    /// @custom:reverts ChargeNotHeld when there is no such charge, or it was refunded.
    /// @custom:reverts ChargeMatured when it is the receiver's already.
    /// @custom:reverts PayoutGasTooLow when `payoutGas` is below the floor.
    /// @custom:reverts GasLeftTooLow when the transaction's gas cannot cover `payoutGas`.
    /// @param pair Whose charge.
    /// @param closesAt Of the charge, as `subscriptionOf` tells: a call that is repeated never refunds the next one.
    /// @param payoutGas The most gas the token may use for the payout, at least 100,000.
    function refund(Pair calldata pair, uint256 closesAt, uint256 payoutGas) external;

    /// @notice Ends the right to charge a subscriber. What is paid stays.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts NotMerchant when another than receiver or operator calls.
    /// @param pair Whose subscription.
    function cancelFor(Pair calldata pair) external;

    /// @notice Ends subscription and access now, and gives back the price of the running period and of those after it: what is
    /// held from the plan, and the rest from the caller, out of its allowance for the plan.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts NotMerchant when another than receiver or operator calls.
    /// @custom:reverts TopUpWrong when the top-up is not exactly what is owed and not held, as `owedOf` tells.
    /// @custom:reverts PullFailed when the token does not take the top-up from the caller.
    /// @custom:reverts TokenBalanceUnreadable when the token does not tell balances.
    /// @custom:reverts TokenStateUnreadable when the token does not tell the caller's balance or allowance.
    /// @custom:reverts ReceivedOtherAmount when less arrived than was taken.
    /// @custom:reverts PayoutGasTooLow when `payoutGas` is below the floor.
    /// @custom:reverts GasLeftTooLow when the transaction's gas cannot cover `payoutGas`.
    /// @param pair Whose subscription.
    /// @param topUp What the caller adds, in the token's smallest unit.
    /// @param payoutGas The most gas the token may use for one transfer, at least 100,000.
    function endFor(Pair calldata pair, uint256 topUp, uint256 payoutGas) external;

    /// @notice Takes no more subscribers, and sells no more periods. Those who are subscribed are charged as before.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts NotMerchant when another than receiver or operator calls.
    /// @custom:reverts PlanStagePassed when it is closed or ended.
    function close() external;

    /// @notice Charges nobody any more. What is paid stays, and can be undone.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts NotMerchant when another than receiver or operator calls.
    /// @custom:reverts PlanStagePassed when it is ended.
    function end() external;

    /* VIEWS */

    /// @notice Whether `who` has a paid or trial period now, through `subscriber`.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @param subscriber Who pays.
    /// @param who The beneficiary.
    /// @return Whether it has access at the block's time.
    function isActive(address subscriber, address who) external view returns (bool);

    /// @notice A pair as it stands now.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @param pair Who pays, and who may use it.
    /// @return subscription All that is known of it; status `None` when there never was anything.
    function subscriptionOf(Pair calldata pair) external view returns (SubscriptionView memory subscription);

    /// @notice When a period of a pair starts.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @param anchor When period 0 starts, in Unix seconds.
    /// @param index Of the period.
    /// @return Unix seconds.
    function periodStart(uint40 anchor, uint16 index) external view returns (uint40);

    /// @notice Why `payer` could not buy a period now for `amount` of `token`.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @param token The ERC-20 token.
    /// @param payer Who would pay.
    /// @param amount In the token's smallest unit.
    /// @return The reason; `None` when it could.
    function periodRefusalOf(address token, address payer, uint256 amount) external view returns (PeriodRefusal);

    /// @notice What the merchant owes a subscriber whose subscription it ends now.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @param pair Whose subscription.
    /// @return owed What the subscriber gets back, in the token's smallest unit.
    /// @return held How much of it the plan holds; the rest is the merchant's to add.
    function owedOf(Pair calldata pair) external view returns (uint256 owed, uint256 held);

    /// @notice Whether the merchant still takes subscribers.
    /// @return The stage.
    function planStage() external view returns (PlanStage);
}
