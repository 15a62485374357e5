// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IVault} from "../interfaces/IVault.sol";
import {MaturityLedger} from "../libraries/MaturityLedger.sol";
import {TokenLib} from "../libraries/TokenLib.sol";
import {TypedDataLib} from "../libraries/TypedDataLib.sol";
import {Credit, Ledger} from "../types/Ledger.sol";
import {Authorization, Method, PaymentId, PaymentRef} from "../types/Payment.sol";
import {VaultTerms} from "../types/Terms.sol";
import {Withdraw} from "../types/TypedData.sol";

/// @title Vault
/// @notice How money enters a vault, is owed, and leaves it. What becomes of a payment in between is the product's matter.
/// @dev PROMISES
/// - Only what arrived is booked: the vault's own balance decides, not what a token says.
/// - An authorization is paid once, whoever presents it.
/// - For tokens that move exactly what they say, the balance of each token covers all that is owed in it.
/// - A right is exercised even if the token refuses to pay out: the amount waits as a credit of its owner, and nobody
///   else's money waits with it.
/// - Nothing can be changed, paused or taken by anybody for a reason that is not in the terms.
///
/// ASSUMPTIONS
/// - A token that was paid in keeps moving exactly what it is told. Balances that change by themselves are not supported.
/// - Payers who are contracts answer ERC-1271 truthfully for themselves.
///
/// NOT CHECKED
/// - That anything is delivered for the money.
/// - Who calls `pay`: the payer's signature alone decides.
/// - Tokens that arrive past `pay`. They are surplus, until `Surplus` makes payments of them or assigns them.
abstract contract Vault is IVault, EIP712, ReentrancyGuardTransient {
    using MaturityLedger for Ledger;
    using SafeCast for uint256;

    uint16 internal constant BPS = 10_000;
    uint16 private constant MAX_FEE_BPS = 1_000;

    /// @dev What a payment's word and the books have room for.
    uint256 internal constant MAX_AMOUNT = type(uint104).max;

    /// @dev Several times what real tokens use, so that only a broken or blocked one fails with it.
    uint256 private constant MIN_PAYOUT_GAS = 100_000;
    uint256 internal constant MIN_ITEM_GAS = 150_000;
    /// @dev What booking the end of a capped call and finishing may cost.
    uint256 private constant RESERVE_GAS = 60_000;

    /// @dev A clone's code is this long before its immutable arguments (OpenZeppelin's Clones).
    uint256 private constant CLONE_CODE_LENGTH = 0x2d;

    /// @dev Places of fields in `VaultTerms`, with which the terms of every kind begin.
    uint256 private constant RECEIVER_INDEX = 0;
    uint256 private constant OPERATOR_INDEX = 1;
    uint256 private constant FEE_RECEIVER_INDEX = 2;
    uint256 private constant FEE_BPS_INDEX = 3;

    address private immutable _implementation = address(this);
    /// @dev The chain of the deployment: a payment keeps its id, and its payer the way out, when a chain changes its own.
    /// Signatures are held to the chain of the moment by their domain.
    uint256 private immutable _chainId = block.chainid;

    mapping(address token => Ledger) internal _ledgers;
    mapping(address token => mapping(address owner => Credit)) private _credits;

    /* TERMS */

    modifier onlyClone() {
        _checkClone();
        _;
    }

    function _checkClone() private view {
        if (address(this) == _implementation) revert ImplementationUsedDirectly();
    }

    function _encodedTerms() internal view returns (bytes memory) {
        return Clones.fetchCloneArgs(address(this));
    }

    /// @dev One word of the encoded terms, without decoding the rest: they were checked when the vault was made.
    function _term(uint256 index) internal view returns (uint256 word) {
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            extcodecopy(address(), 0x00, add(CLONE_CODE_LENGTH, mul(index, 0x20)), 0x20)
            word := mload(0x00)
        }
    }

    function _receiver() internal view returns (address) {
        return address(uint160(_term(RECEIVER_INDEX)));
    }

    function _operator() internal view returns (address) {
        return address(uint160(_term(OPERATOR_INDEX)));
    }

    function _isSeller(address account) internal view returns (bool) {
        return account == _receiver() || account == _operator();
    }

    function _feeReceiver() internal view returns (address) {
        return address(uint160(_term(FEE_RECEIVER_INDEX)));
    }

    function _feeBps() internal view returns (uint256) {
        return _term(FEE_BPS_INDEX);
    }

    function _checkVaultTerms(VaultTerms memory vaultTerms) internal pure {
        if (vaultTerms.receiver == address(0)) revert TermsWithoutReceiver();
        if (vaultTerms.operator == address(0)) revert TermsWithoutOperator();
        if (vaultTerms.feeBps > MAX_FEE_BPS) revert TermsFeeTooHigh(vaultTerms.feeBps, MAX_FEE_BPS);
        bool hasFee = vaultTerms.feeBps != 0;
        bool hasFeeReceiver = vaultTerms.feeReceiver != address(0);
        if (hasFee != hasFeeReceiver || vaultTerms.feeReceiver == vaultTerms.receiver) {
            revert TermsFeeReceiverWrong(vaultTerms.feeReceiver, vaultTerms.feeBps);
        }
    }

    /* PAY */

    /// @inheritdoc IVault
    function pay(Authorization calldata authorization) external onlyClone nonReentrant returns (PaymentId id) {
        (address token, address payer, bytes32 nonce) = (authorization.token, authorization.payer, authorization.nonce);
        id = _idOf({method: Method.Eip3009, token: token, payer: payer, nonce: nonce});

        if (authorization.value == 0) revert AmountZero();
        if (_isKnown(id)) revert PaymentAlreadyKnown(id);
        uint8 refusal = _refusalOf(token, payer, authorization.value);
        if (refusal != 0) revert PaymentRefused(id, refusal);

        // Booked after the money has arrived, so that nobody who is called meanwhile can read more than the vault has.
        TokenLib.receiveExactly(authorization);
        uint40 deadline = _newDeadline();
        uint256 amount = _open({
            id: id,
            token: token,
            payer: payer,
            nonce: nonce,
            amount: authorization.value,
            deadline: deadline
        });
        _hold(token, amount, deadline);
    }

    function _idOf(PaymentRef calldata ref) internal view returns (PaymentId) {
        return _idOf({method: ref.method, token: ref.token, payer: ref.payer, nonce: ref.nonce});
    }

    function _idOf(Method method, address token, address payer, bytes32 nonce) internal view returns (PaymentId) {
        return PaymentId.wrap(keccak256(abi.encode(_chainId, address(this), method, token, payer, nonce)));
    }

    /// @dev Whether the product has a word for this payment, ended ones included.
    function _isKnown(PaymentId id) internal view virtual returns (bool);

    /// @dev The product's first deadline for payments that begin now.
    function _newDeadline() internal view virtual returns (uint40);

    /// @dev Why the product would not take such a payment, in its own numbers; zero when it would. Asked before `_open`,
    /// but not when the money has come already.
    function _refusalOf(
        address /* token */,
        address /* payer */,
        uint256 /* amount */
    ) internal view virtual returns (uint8) {
        return 0;
    }

    /// @dev The product writes the payment's word, and the event. Money that it has no use for it owes to the payer.
    /// @return amountHeld What is left for `_hold`.
    function _open(
        PaymentId id,
        address token,
        address payer,
        bytes32 nonce,
        uint256 amount,
        uint40 deadline
    ) internal virtual returns (uint256 amountHeld);

    /// @dev The product enters new money into the token's books, of whatever number of payments.
    function _hold(address token, uint256 amount, uint40 deadline) internal virtual;

    /* PAY OUT */

    /// @dev Tries to send what has left the books; what cannot be sent is owed to `owner` again.
    function _payOut(address token, address owner, address to, uint256 amount, uint256 payoutGas) internal {
        if (amount == 0) return;
        if (payoutGas < MIN_PAYOUT_GAS) revert PayoutGasTooLow(payoutGas, MIN_PAYOUT_GAS);
        // Else a caller could starve the token, and have it recorded as refusing.
        _checkGasFor(payoutGas);

        if (!TokenLib.trySend(token, to, amount, payoutGas)) _credit(token, owner, amount);
    }

    /// @dev Whether a call can be given `gasCap`, of which EIP-150 keeps 1/64 back, with enough left to book how it ended.
    function _checkGasFor(uint256 gasCap) internal view {
        _checkGas(_gasNeededFor(gasCap));
    }

    function _gasNeededFor(uint256 gasCap) internal pure returns (uint256) {
        return Math.saturatingMul(gasCap, 64) / 63 + RESERVE_GAS;
    }

    function _checkGas(uint256 needed) internal view {
        uint256 gasLeft = gasleft();
        if (gasLeft < needed) revert GasLeftTooLow(gasLeft, needed);
    }

    /// @dev Owes `amount` to `owner`, who withdraws it.
    function _credit(address token, address owner, uint256 amount) internal {
        if (amount == 0) return;
        Credit storage credit = _credits[token][owner];
        uint256 balance = credit.balance + amount;

        credit.balance = balance.toUint128();
        _ledgers[token].owe(amount);

        emit Credited(token, owner, amount, balance);
    }

    /* WITHDRAW */

    /// @inheritdoc IVault
    function withdraw(
        address token,
        address owner,
        address to
    ) external onlyClone nonReentrant returns (uint256 amount) {
        if (msg.sender != owner && to != owner) revert CreditNotYours(msg.sender, owner, to);

        amount = _withdraw(token, owner, to);
    }

    /// @inheritdoc IVault
    function withdrawWithSignature(
        Withdraw calldata message,
        bytes calldata signature
    ) external onlyClone nonReentrant returns (uint256 amount) {
        _checkSignature(message.owner, TypedDataLib.hash(message), message.deadline, signature);
        Credit storage credit = _credits[message.token][message.owner];
        // A credit that grew is sent with what it grew by: else a new failed payout would void the owner's message.
        if (credit.balance < message.expectedCredit || credit.withdrawn != message.expectedWithdrawn) {
            revert CreditChanged(credit.balance, credit.withdrawn);
        }

        amount = _withdraw(message.token, message.owner, message.to);
    }

    function _withdraw(address token, address owner, address to) private returns (uint256 amount) {
        Credit storage credit = _credits[token][owner];
        amount = credit.balance;

        _checkRecipient(to);
        if (amount == 0) revert CreditEmpty(token, owner);

        uint256 withdrawn = credit.withdrawn + amount;
        credit.balance = 0;
        credit.withdrawn = withdrawn.toUint128();
        _ledgers[token].settle(amount);

        emit Withdrawn(token, owner, to, amount, withdrawn);

        TokenLib.send(token, to, amount);
    }

    function _checkRecipient(address to) internal view {
        if (to == address(0) || to == address(this)) revert RecipientForbidden(to);
    }

    /* SIGNATURES */

    function _checkMessage(PaymentId id, PaymentId signedId) internal pure {
        if (PaymentId.unwrap(id) != PaymentId.unwrap(signedId)) revert PaymentMismatch(id, signedId);
    }

    /// @dev A signer with code answers for itself by ERC-1271; one without is held to ECDSA.
    function _checkSignature(
        address signer,
        bytes32 structHash,
        uint256 deadline,
        bytes calldata signature
    ) internal view {
        if (block.timestamp >= deadline) revert SignatureExpired(deadline, block.timestamp);
        bytes32 digest = _hashTypedDataV4(structHash);
        if (!SignatureChecker.isValidSignatureNowCalldata(signer, digest, signature)) revert SignatureInvalid(signer);
    }

    /* VIEWS */

    /// @inheritdoc IVault
    function idOf(PaymentRef calldata ref) external view returns (PaymentId) {
        return _idOf(ref);
    }

    /// @inheritdoc IVault
    function creditOf(address token, address owner) external view returns (uint256 balance, uint256 withdrawn) {
        Credit storage credit = _credits[token][owner];
        return (credit.balance, credit.withdrawn);
    }

    /// @inheritdoc IVault
    function liabilitiesOf(address token) external view returns (uint256) {
        return _ledgers[token].totals.liabilities();
    }

    /// @inheritdoc IVault
    function surplusOf(address token) public view returns (uint256) {
        uint256 balance = TokenLib.balanceOf(token);
        uint256 liabilities = _ledgers[token].totals.liabilities();
        return balance > liabilities ? balance - liabilities : 0;
    }
}
