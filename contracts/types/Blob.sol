// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

/// @notice What an account's signature is for: its first byte. The payments stand first.
enum BlobKind {
    /// EIP-3009, presented by anyone.
    Transfer,
    /// EIP-3009, presented by the payee.
    Receive,
    /// Permit2, presented by x402's proxy.
    Permit2,
    /// EIP-3009, presented by anyone, out of a `StandingApproval`.
    Standing,
    /// A message of this suite.
    Message
}

/// @notice The messages, other than payments, that an account can sign. Those before `Subscribe` any signer can approve of, as
/// long as money can only come back; `Subscribe` needs the tier of all it can ever take, and a human; the rest full weight.
enum MessageKind {
    Refund,
    Withdraw,
    Undo,
    Dispute,
    Cancel,
    Subscribe,
    WithdrawDispute,
    Concede,
    Resolve,
    Release,
    Capture,
    CaptureMany,
    Void,
    PaymentApproval,
    StandingApproval,
    Execute
}

/// @notice Whose domain a message stands in.
enum DomainKind {
    RefundWindow,
    Escrow,
    SubscriptionPlan,
    Multisig
}
