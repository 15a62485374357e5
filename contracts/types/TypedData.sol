// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {PaymentId} from "./Payment.sol";

/// @notice EIP-712 message by which a payer, receiver or operator gives money of a payment back to its payer.
/// @param paymentId The payment, which names chain and vault.
/// @param by Who gives it back, and signs: payer, receiver or operator.
/// @param amount In the token's smallest unit, at least 1. What went back meanwhile counts towards it, so that the message
/// makes the total `expectedRefunded + amount` and does nothing when that has been reached.
/// @param to Where the payer wants it; the payer itself when receiver or operator signs.
/// @param expectedHeld What the payment held when it was signed; the message is void when money left by another way.
/// @param expectedRefunded What had gone back when it was signed; it only grows, so an old message never becomes valid again.
/// @param deadline First Unix second at which the message is no longer valid.
struct Refund {
    PaymentId paymentId;
    address by;
    uint256 amount;
    address to;
    uint256 expectedHeld;
    uint256 expectedRefunded;
    uint256 deadline;
}

/// @notice EIP-712 message by which the owner of a credit sends all of it somewhere.
/// @param token The ERC-20 token of the credit.
/// @param owner Who owns the credit, and signs.
/// @param to Where it goes.
/// @param expectedCredit The credit when it was signed; the message is void when it has shrunk.
/// @param expectedWithdrawn What was withdrawn before; it only grows, so an old message never becomes valid again.
/// @param deadline First Unix second at which the message is no longer valid.
struct Withdraw {
    address token;
    address owner;
    address to;
    uint256 expectedCredit;
    uint256 expectedWithdrawn;
    uint256 deadline;
}

/// @notice EIP-712 message by which a payer disputes a payment. A payment can be disputed once, whatever is left of it.
/// @param paymentId The payment, which names chain, vault and payer.
/// @param evidence Hash of what the payer has to say; zero for nothing.
/// @param deadline First Unix second at which the message is no longer valid.
struct Dispute {
    PaymentId paymentId;
    bytes32 evidence;
    uint256 deadline;
}

/// @notice EIP-712 message by which a payer ends its dispute in the seller's favor.
/// @param paymentId The payment, which names chain, vault and payer.
/// @param defaultsAt When the dispute defaults, as nobody knows before there is one: no message signed at the purchase fits.
/// @param deadline First Unix second at which the message is no longer valid.
struct WithdrawDispute {
    PaymentId paymentId;
    uint256 defaultsAt;
    uint256 deadline;
}

/// @notice EIP-712 message by which receiver or operator ends a dispute in the payer's favor.
/// @param paymentId The payment, which names chain and vault.
/// @param by Who concedes, and signs: receiver or operator.
/// @param deadline First Unix second at which the message is no longer valid.
struct Concede {
    PaymentId paymentId;
    address by;
    uint256 deadline;
}

/// @notice EIP-712 message by which the arbiter divides disputed money between payer and receiver.
/// @param paymentId The payment, which names chain and vault.
/// @param toPayer What the payer gets, in the token's smallest unit.
/// @param toReceiver What the receiver gets, fee included; with `toPayer` exactly what is disputed.
/// @param evidence Hash of the reasons; zero for none.
/// @param deadline First Unix second at which the message is no longer valid.
struct Resolve {
    PaymentId paymentId;
    uint256 toPayer;
    uint256 toReceiver;
    bytes32 evidence;
    uint256 deadline;
}

/// @notice EIP-712 message by which a payer agrees to how the operator releases what was frozen for the payer.
/// @param paymentId The payment that the payer authorized, which names chain, vault and payer.
/// @param announcement The announcement in which it was frozen.
/// @param amount In the token's smallest unit; what is left of the claim is given up, all of it for zero.
/// @param to Where it goes.
/// @param deadline First Unix second at which the message is no longer valid.
struct Release {
    PaymentId paymentId;
    uint256 announcement;
    uint256 amount;
    address to;
    uint256 deadline;
}

/// @notice EIP-712 message by which an escrow's operator captures a part of a payment, and may return the rest.
/// @param paymentId The payment, which names chain and vault.
/// @param amount What the receiver gets, fee included, in the token's smallest unit; at least 1 unless it is final.
/// @param isFinal Whether what remains goes back to the payer at once.
/// @param expectedHeld What the payment held when it was signed; it only shrinks.
/// @param expectedCaptured What had been captured when it was signed; it only grows, so an old message never becomes valid
/// again.
/// @param deadline First Unix second at which the message is no longer valid.
struct Capture {
    PaymentId paymentId;
    uint256 amount;
    bool isFinal;
    uint256 expectedHeld;
    uint256 expectedCaptured;
    uint256 deadline;
}

/// @notice One of many captures of one token.
/// @param payer Whose payment it is.
/// @param nonce The nonce of the payer's authorization.
/// @param amount What the receiver gets, fee included, in the token's smallest unit, at least 1.
/// @param expectedHeld What the payment held when it was signed; it only shrinks.
/// @param expectedCaptured What had been captured when it was signed; it only grows.
struct CaptureItem {
    address payer;
    bytes32 nonce;
    uint256 amount;
    uint256 expectedHeld;
    uint256 expectedCaptured;
}

/// @notice EIP-712 message by which an escrow's operator captures parts of many payments.
/// @param token The ERC-20 token of all items.
/// @param items The captures. Each can be carried out once, with this message or another.
/// @param deadline First Unix second at which the message is no longer valid.
struct CaptureMany {
    address token;
    CaptureItem[] items;
    uint256 deadline;
}

/// @notice EIP-712 message by which an escrow's operator or receiver returns all that is held to the payer.
/// @param paymentId The payment, which names chain and vault.
/// @param by Who returns it, and signs: receiver or operator.
/// @param expectedHeld What the payment held when it was signed; the message is void when a part was captured since.
/// @param deadline First Unix second at which the message is no longer valid.
struct Void {
    PaymentId paymentId;
    address by;
    uint256 expectedHeld;
    uint256 deadline;
}

/// @notice EIP-712 message by which a subscriber agrees to be charged once a period. The plan, with its price and all its terms,
/// is the domain.
/// @param subscriber Who pays, and signs.
/// @param beneficiary Who may use it: the subscriber itself, or another, such as an agent's key; not zero.
/// @param quantity How many units each charge is for, at least 1.
/// @param maxPeriods How many periods may be charged, at least 1; skipped ones count.
/// @param maxFirstCharge The most that may be taken in the moment of subscribing, setup fee included, in the token's smallest
/// unit: less than a price asks for a trial, or for time that is paid already.
/// @param serial The pair's serial when it was signed; it only grows, so an old message never becomes valid again.
/// @param deadline First Unix second at which the message is no longer valid.
struct Subscribe {
    address subscriber;
    address beneficiary;
    uint256 quantity;
    uint256 maxPeriods;
    uint256 maxFirstCharge;
    uint256 serial;
    uint256 deadline;
}

/// @notice EIP-712 message by which a subscriber ends the right to charge it.
/// @param subscriber Who pays, and signs.
/// @param beneficiary Who may use it.
/// @param immediately Whether access ends too; else it lasts as long as it is paid.
/// @param serial The pair's serial when it was signed. A Subscribe of that serial is ended whether it lands before or after.
/// @param deadline First Unix second at which the message is no longer valid.
struct Cancel {
    address subscriber;
    address beneficiary;
    bool immediately;
    uint256 serial;
    uint256 deadline;
}

/// @notice EIP-712 message by which a subscriber takes its newest charge back, and ends the subscription.
/// @param subscriber Who pays, and signs.
/// @param beneficiary Who may use it.
/// @param closesAt Of the charge, as `subscriptionOf` tells; the message is for no other charge.
/// @param to Where the money goes.
/// @param deadline First Unix second at which the message is no longer valid.
struct Undo {
    address subscriber;
    address beneficiary;
    uint256 closesAt;
    address to;
    uint256 deadline;
}

/// @notice EIP-712 message by which a signer of an account agrees to one payment. The account is the domain.
/// @param epoch Of the account's rules; a change of rules ends all older approvals.
/// @param method What the account signs for it: `transferWithAuthorization`, `receiveWithAuthorization` (EIP-3009) or
/// `permitWitnessTransferFrom` (x402's Permit2 proxy).
/// @param token The ERC-20 token.
/// @param payee Who is paid.
/// @param value In the token's smallest unit.
/// @param validAfter Unix second after which it can be paid.
/// @param validBefore First Unix second at which it can no longer be paid.
/// @param nonce Of the payment.
/// @param resource Hash of what is paid for, as the one who asks tells it; zero for nothing told.
struct PaymentApproval {
    uint256 epoch;
    string method;
    address token;
    address payee;
    uint256 value;
    uint256 validAfter;
    uint256 validBefore;
    bytes32 nonce;
    bytes32 resource;
}

/// @notice EIP-712 message by which humans agree to a number of payments ahead, each of which any signer then releases. The
/// account is the domain.
/// @param epoch Of the account's rules; a change of rules ends all older approvals.
/// @param method `transferWithAuthorization` (EIP-3009), and no other.
/// @param token The ERC-20 token.
/// @param payee Who is paid.
/// @param maxValue Of each payment, in the token's smallest unit.
/// @param count How many payments. Their nonces are the hashes of the approval and the numbers below `count`.
/// @param validUntil No payment may be valid beyond this Unix second.
/// @param resource Hash of what is paid for; zero for nothing told.
/// @param salt Free; makes approvals of otherwise equal terms different.
struct StandingApproval {
    uint256 epoch;
    string method;
    address token;
    address payee;
    uint256 maxValue;
    uint256 count;
    uint256 validUntil;
    bytes32 resource;
    bytes32 salt;
}

/// @notice One call that an account makes.
/// @param to Whom it calls.
/// @param value Of the chain's own coin, in wei.
/// @param data What it calls with.
struct Call {
    address to;
    uint256 value;
    bytes data;
}

/// @notice EIP-712 message by which signers of full weight let their account make calls. The account is the domain.
/// @param epoch Of the account's rules; a change of rules ends all older messages.
/// @param calls All of them, in this order, or none.
/// @param nonce The account's next; each is used once.
/// @param deadline First Unix second at which the message is no longer valid.
struct Execute {
    uint256 epoch;
    Call[] calls;
    uint256 nonce;
    uint256 deadline;
}
