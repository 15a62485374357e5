// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Authorization, PaymentId, PaymentRef} from "../types/Payment.sol";
import {Withdraw} from "../types/TypedData.sol";

/// @title IVault
/// @notice What all vaults have in common: how money enters, how it leaves, and what waits for its owner.
interface IVault {
    /* ERRORS: TERMS */

    /// @notice The implementation behind the vaults was called directly.
    /// @dev Call a vault that the factory deployed.
    error ImplementationUsedDirectly();

    /// @notice The encoded terms do not have the length of this kind's terms.
    /// @dev Encode the terms with `encodeTerms`.
    error TermsLengthWrong(uint256 length, uint256 expectedLength);

    /// @notice The terms name nobody to be paid.
    /// @dev Set `receiver`.
    error TermsWithoutReceiver();

    /// @notice The terms name no operator.
    /// @dev Set `operator`; the receiver itself can be the operator.
    error TermsWithoutOperator();

    /// @notice The fee is above the limit.
    /// @dev Set `feeBps` to at most `maximum`.
    error TermsFeeTooHigh(uint16 feeBps, uint16 maximum);

    /// @notice A fee without anybody to get it, somebody to get no fee, or a fee that the receiver pays to itself.
    /// @dev Set `feeReceiver` exactly when `feeBps` is not zero, and to another address than the receiver.
    error TermsFeeReceiverWrong(address feeReceiver, uint16 feeBps);

    /* ERRORS: PAYMENTS */

    /// @notice This authorization has been paid into this vault before.
    /// @dev Nothing was taken. Look at the payment before asking the payer for another one.
    error PaymentAlreadyKnown(PaymentId id);

    /// @notice This kind of vault does not take this payment now.
    /// @dev `refusal` says why, in the numbers of the kind (SubscriptionPlan: `PeriodRefusal`). Nothing was taken.
    error PaymentRefused(PaymentId id, uint8 refusal);

    /// @notice The vault has never seen this payment.
    /// @dev Check token, payer and nonce, and whether the payment has been settled.
    error PaymentUnknown(PaymentId id);

    /// @notice Only receiver or operator may do this.
    /// @dev Let one of them call or sign.
    error NotSeller(PaymentId id, address caller);

    /// @notice An amount of zero.
    /// @dev Ask for at least 1.
    error AmountZero();

    /// @notice The gas offered for one item is below the floor.
    /// @dev Offer at least `floor`, so that a healthy payment cannot fail for want of gas.
    error ItemGasTooLow(uint256 itemGas, uint256 floor);

    /* ERRORS: PAYOUTS AND SIGNATURES */

    /// @notice The gas offered to the token is below the floor.
    /// @dev Offer at least `floor`, so that a healthy token cannot fail for want of gas.
    error PayoutGasTooLow(uint256 payoutGas, uint256 floor);

    /// @notice Too little gas is left to give the token what was offered and to book how it ended.
    /// @dev Send the transaction with a higher gas limit.
    error GasLeftTooLow(uint256 gasLeft, uint256 needed);

    /// @notice The signed message is for another payment.
    /// @dev Pass token, payer and nonce of the payment that was signed for.
    error PaymentMismatch(PaymentId id, PaymentId signedId);

    /// @notice The message is no longer valid.
    /// @dev Sign a new one with a later deadline.
    error SignatureExpired(uint256 deadline, uint256 timestamp);

    /// @notice The signature is not the signer's for this message, this vault and this chain.
    /// @dev Sign the typed data of this vault with the key or contract of `signer`.
    error SignatureInvalid(address signer);

    /* ERRORS: CREDITS */

    /// @notice There is nothing to withdraw.
    /// @dev Payouts that failed, and settled disputes, leave a credit.
    error CreditEmpty(address token, address owner);

    /// @notice Somebody else wanted to send the owner's credit to another address than the owner's.
    /// @dev Only the owner may redirect it; anyone may send it to the owner.
    error CreditNotYours(address caller, address owner, address to);

    /// @notice The credit was withdrawn since the message was signed.
    /// @dev Read `creditOf` and sign again.
    error CreditChanged(uint256 balance, uint256 withdrawn);

    /// @notice Money cannot go to this address: zero, or the vault itself.
    /// @dev Name another recipient.
    error RecipientForbidden(address to);

    /* EVENTS */

    /// @notice Money waits for its owner: a payout failed, or a dispute was settled.
    /// @param token The ERC-20 token.
    /// @param owner Whose it is.
    /// @param amount What came to it.
    /// @param balance The owner's whole credit now.
    event Credited(address indexed token, address indexed owner, uint256 amount, uint256 balance);

    /// @notice A credit was withdrawn, all of it.
    /// @param token The ERC-20 token.
    /// @param owner Whose it was.
    /// @param to Where it went.
    /// @param amount What left.
    /// @param withdrawn What the owner has withdrawn in total.
    event Withdrawn(address indexed token, address indexed owner, address to, uint256 amount, uint256 withdrawn);

    /* TERMS */

    /// @notice Reverts unless `terms` can become a vault of this kind; the kind's `encodeTerms` lists its further reasons.
    /// @custom:reverts TermsLengthWrong when the encoding has another length.
    /// @custom:reverts TermsWithoutReceiver when `receiver` is zero.
    /// @custom:reverts TermsWithoutOperator when `operator` is zero.
    /// @custom:reverts TermsFeeTooHigh when `feeBps` is above 1,000.
    /// @custom:reverts TermsFeeReceiverWrong when `feeReceiver` does not go with `feeBps` or is the receiver.
    /// @param terms The ABI-encoded terms.
    function checkTerms(bytes calldata terms) external pure;

    /* PAY */

    /// @notice Takes a payment that its payer authorized, and books it. Anyone may call; only the payer's own signature
    /// moves money, and only into this vault.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts AmountZero when the value is zero.
    /// @custom:reverts PaymentAlreadyKnown when this payer's nonce was paid here before.
    /// @custom:reverts PaymentRefused when the kind of vault has no use for such a payment now.
    /// @custom:reverts TokenBalanceUnreadable when the token is no contract or does not tell balances.
    /// @custom:reverts TokenRefusedAuthorization when the token does not accept the authorization.
    /// @custom:reverts ReceivedOtherAmount when another amount arrived than was signed.
    /// @param authorization What the payer signed.
    /// @return id The payment.
    function pay(Authorization calldata authorization) external returns (PaymentId id);

    /* CREDITS */

    /// @notice Sends the whole credit of `owner` to `to`. The owner may name any recipient, everybody else only the owner.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts CreditNotYours when another than the owner redirects it.
    /// @custom:reverts CreditEmpty when there is none.
    /// @custom:reverts RecipientForbidden when `to` is zero or the vault.
    /// @param token The ERC-20 token.
    /// @param owner Whose credit it is.
    /// @param to Where it goes.
    /// @return amount What left, in the token's smallest unit.
    function withdraw(address token, address owner, address to) external returns (uint256 amount);

    /// @notice As `withdraw`, by the owner's signature; anyone may relay it.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts SignatureExpired when the deadline has been reached.
    /// @custom:reverts SignatureInvalid when the owner did not sign it.
    /// @custom:reverts CreditChanged when the credit is smaller than the message expects, or was withdrawn from since.
    /// @custom:reverts CreditEmpty when there is none.
    /// @custom:reverts RecipientForbidden when `to` is zero or the vault.
    /// @param message What the owner signed.
    /// @param signature ECDSA of a key, or what the owner's ERC-1271 contract expects.
    /// @return amount What left, in the token's smallest unit.
    function withdrawWithSignature(
        Withdraw calldata message,
        bytes calldata signature
    ) external returns (uint256 amount);

    /* VIEWS */

    /// @notice The id of a payment into this vault, whether or not it exists. It has the chain id of the vault's deployment.
    /// @param ref What names it.
    /// @return The id.
    function idOf(PaymentRef calldata ref) external view returns (PaymentId);

    /// @notice What waits for `owner`.
    /// @param token The ERC-20 token.
    /// @param owner Whose it is.
    /// @return balance What can be withdrawn, in the token's smallest unit.
    /// @return withdrawn What was withdrawn so far.
    function creditOf(address token, address owner) external view returns (uint256 balance, uint256 withdrawn);

    /// @notice All that the vault owes in `token`. Its balance is never below this, for tokens that move what they say.
    /// @param token The ERC-20 token.
    /// @return In the token's smallest unit.
    function liabilitiesOf(address token) external view returns (uint256);

    /// @notice What arrived past `pay` and belongs to no payment.
    /// @custom:reverts TokenBalanceUnreadable when the token does not tell balances.
    /// @param token The ERC-20 token.
    /// @return In the token's smallest unit.
    function surplusOf(address token) external view returns (uint256);
}
