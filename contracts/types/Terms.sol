// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

/// @notice What the terms of every vault begin with.
/// @param receiver Who earns the payments; not zero.
/// @param operator The server's signing key; not zero, and the receiver itself where there is no other.
/// @param feeReceiver Who gets the fee; zero exactly when there is no fee, and not the receiver.
/// @param feeBps The fee in hundredths of a percent of what the receiver gets, at most 1,000.
/// @param salt Free; makes vaults of otherwise equal terms different.
struct VaultTerms {
    address receiver;
    address operator;
    address feeReceiver;
    uint16 feeBps;
    bytes32 salt;
}

/// @notice The promise of a refund window: silence pays the seller, until then the buyer can undo.
/// @param receiver Who earns the payments; not zero.
/// @param operator The server's signing key; not zero, and the receiver itself where there is no other.
/// @param feeReceiver Who gets the fee; zero exactly when there is no fee, and not the receiver.
/// @param feeBps The fee in hundredths of a percent of what the receiver gets, at most 1,000.
/// @param salt Free; makes vaults of otherwise equal terms different.
/// @param arbiter Who decides disputes: none of the others. Zero means that no questions are asked: the payer takes back
/// by itself; with an arbiter it disputes.
/// @param window Seconds in which the payer can take back or dispute, counted from the payment: one hour to 365 days.
/// @param resolutionPeriod Seconds that a dispute may last: one to 90 days; zero without an arbiter.
/// @param silenceFavorsPayer Who gets disputed money when the arbiter is silent; false without an arbiter.
/// @param nonRefundableBps The share of the original amount that neither payer nor arbiter can take back, below 10,000.
struct RefundWindowTerms {
    address receiver;
    address operator;
    address feeReceiver;
    uint16 feeBps;
    bytes32 salt;
    address arbiter;
    uint40 window;
    uint40 resolutionPeriod;
    bool silenceFavorsPayer;
    uint16 nonRefundableBps;
}

/// @notice The promise of an escrow: silence repays the buyer, until then the operator captures what was earned.
/// @param receiver Who earns what is captured; not zero.
/// @param operator Who captures and returns: the server's signing key, or a contract of buyer, seller and judge; not zero.
/// @param feeReceiver Who gets the fee; zero exactly when there is no fee, and not the receiver.
/// @param feeBps The fee in hundredths of a percent of what the receiver gets, at most 1,000.
/// @param salt Free; makes vaults of otherwise equal terms different.
/// @param captureWindow Seconds in which can be captured, counted from the payment: ten minutes to 365 days.
struct EscrowTerms {
    address receiver;
    address operator;
    address feeReceiver;
    uint16 feeBps;
    bytes32 salt;
    uint40 captureWindow;
}

/// @notice What the length of a plan's period counts.
enum PeriodUnit {
    /// So many seconds, each day 86,400 of them.
    Seconds,
    /// Months of the calendar (UTC) from the day and the second of the anchor; in a month that is too short, from its last day.
    Months
}

/// @notice The promise of a subscription plan: one signature, then one pull a period, and never more than was signed.
/// @param receiver Who earns the charges; not zero.
/// @param operator The server's signing key; not zero, and the receiver itself where there is no other.
/// @param feeReceiver Who gets the fee; zero exactly when there is no fee, and not the receiver.
/// @param feeBps The fee in hundredths of a percent of what the receiver gets, at most 1,000.
/// @param salt Free; makes vaults of otherwise equal terms different.
/// @param token The ERC-20 token of all charges; not zero.
/// @param price Of one period and one unit of quantity, in the token's smallest unit, at least 1.
/// @param periodUnit What `periodLength` counts.
/// @param periodLength Of one period: one hour to five years of seconds, or one to 60 months.
/// @param grace Seconds from a period's start in which it can be charged: at least 1, and at most half of the shortest period,
/// in which a month counts 28 days.
/// @param trial Seconds that a subscriber's first subscription costs nothing, at most 365 days; zero for no trial.
/// @param setupFee Taken when somebody subscribes, once whatever the quantity; zero for none.
/// @param refundWindow Seconds in which a subscriber can take back a charge, counted from it: at most the shortest period
/// less `grace`. Zero pays charges out at once.
/// @param nonRefundableBps The share of a charge that the subscriber cannot take back, below 10,000; zero without a window.
struct SubscriptionPlanTerms {
    address receiver;
    address operator;
    address feeReceiver;
    uint16 feeBps;
    bytes32 salt;
    address token;
    uint88 price;
    PeriodUnit periodUnit;
    uint40 periodLength;
    uint40 grace;
    uint40 trial;
    uint88 setupFee;
    uint40 refundWindow;
    uint16 nonRefundableBps;
}
