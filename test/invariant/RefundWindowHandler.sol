// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Vm} from "forge-std/Vm.sol";

import {RefundWindow} from "../../contracts/RefundWindow.sol";
import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {TokenLib} from "../../contracts/libraries/TokenLib.sol";
import {TypedDataLib} from "../../contracts/libraries/TypedDataLib.sol";
import {Authorization, Method, PaymentRef} from "../../contracts/types/Payment.sol";
import {Refund, Withdraw} from "../../contracts/types/TypedData.sol";
import {KeyedWallet} from "../mocks/KeyedWallet.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {TestBase} from "../utils/TestBase.sol";
import {EventReplay} from "./EventReplay.sol";
import {Journal} from "./Journal.sol";

/// @title RefundWindowHandler
/// @notice Many payers, two vaults and two tokens. From the journal alone it knows for each action whether it must
/// succeed or with which error it must fail. What must succeed and does not reverts here; what must fail and does not
/// is counted.
contract RefundWindowHandler is TestBase {
    struct Entry {
        uint8 vault;
        uint8 token;
        uint8 payer;
        uint40 closesAt;
        uint32 hour;
        bytes32 nonce;
        Authorization authorization;
        Refund lastMessage;
        bytes lastSignature;
    }

    uint256 public constant VAULTS = 2;
    uint256 public constant TOKENS = 2;
    uint256 private constant PAYERS = 4;
    /// @dev The last payer is a contract, and signs through it.
    uint256 private constant WALLET = 3;
    uint256 private constant PAYOUT_GAS = 150_000;
    uint256 private constant MAX_AMOUNT = 1e12;

    Journal public journal = new Journal();
    EventReplay public replay = new EventReplay();

    RefundWindow[] public vaults;
    Token3009[] public tokens;
    /// @dev Payers first, then receivers, operators and fee receivers of the vaults.
    Account[] private _people;
    Account private _stranger;

    Entry[] private _entries;
    mapping(uint256 vault => mapping(uint256 token => uint32[] hours_)) private _hours;
    mapping(uint256 vault => mapping(uint256 token => mapping(uint32 hour => bool seen))) private _seen;

    /// @notice How often something that must fail did not fail, or failed otherwise.
    uint256 public wrongRefusals;
    /// @notice How often a token that must have been paid out was not, or the other way round.
    uint256 public wrongPayouts;
    uint256 private _nonces;

    constructor(RefundWindow[] memory vaults_, Token3009[] memory tokens_, Account[] memory people) {
        vaults = vaults_;
        tokens = tokens_;
        for (uint256 i = 0; i < people.length; ++i) _people.push(people[i]);
        _people[WALLET].addr = address(new KeyedWallet(people[WALLET].addr));
        _stranger = makeAccount("stranger of the handler");
        for (uint256 i = 0; i < TOKENS; ++i) {
            for (uint256 j = 0; j < PAYERS; ++j) tokens[i].mint(_people[j].addr, 1e30);
            tokens[i].mint(_stranger.addr, 1e30);
        }
    }

    /* PAY */

    function pay(uint256 vaultSeed, uint256 tokenSeed, uint256 payerSeed, uint256 amount) external {
        Entry memory entry = _newEntry(vaultSeed, tokenSeed, payerSeed, amount);
        bytes memory call = abi.encodeCall(IVault.pay, (entry.authorization));
        if (_blocked(entry.token, _people[entry.payer].addr, address(vaults[entry.vault]))) {
            _refused(_stranger.addr, entry.vault, call, TokenLib.TokenRefusedAuthorization.selector);
            return;
        }

        _done(_stranger.addr, entry.vault, call);

        _entries.push(entry);
        if (!_seen[entry.vault][entry.token][entry.hour]) _hours[entry.vault][entry.token].push(entry.hour);
        _seen[entry.vault][entry.token][entry.hour] = true;
        _note(Journal.Kind.Paid, _entries.length - 1, entry.authorization.value, address(0));
    }

    function payAgain(uint256 seed) external {
        if (_entries.length == 0) return;
        Entry storage entry = _entries[seed % _entries.length];
        bytes memory call = abi.encodeCall(IVault.pay, (entry.authorization));
        _refused(_stranger.addr, entry.vault, call, IVault.PaymentAlreadyKnown.selector);
    }

    /// @notice The authorization is handed to the token itself: the money arrives, and `pay` can no longer book it.
    function frontRun(uint256 vaultSeed, uint256 tokenSeed, uint256 payerSeed, uint256 amount) external {
        Entry memory entry = _newEntry(vaultSeed, tokenSeed, payerSeed % WALLET, amount);
        Authorization memory signed = entry.authorization;
        if (_blocked(entry.token, signed.payer, address(vaults[entry.vault]))) return;

        tokens[entry.token].transferWithAuthorization(
            signed.payer,
            address(vaults[entry.vault]),
            signed.value,
            signed.validAfter,
            signed.validBefore,
            signed.nonce,
            signed.signature
        );
        _noteStray(entry.vault, entry.token, signed.value);
        bytes memory call = abi.encodeCall(IVault.pay, (signed));
        _refused(_stranger.addr, entry.vault, call, TokenLib.TokenRefusedAuthorization.selector);
    }

    function stray(uint256 vaultSeed, uint256 tokenSeed, uint256 amount) external {
        (uint8 vault, uint8 token) = (uint8(vaultSeed % VAULTS), uint8(tokenSeed % TOKENS));
        amount = bound(amount, 1, MAX_AMOUNT);
        if (_blocked(token, _stranger.addr, address(vaults[vault]))) return;

        vm.prank(_stranger.addr);
        tokens[token].transfer(address(vaults[vault]), amount);
        _noteStray(vault, token, amount);
    }

    /* REFUND */

    function refundAsPayer(uint256 seed, uint256 amount, uint256 toSeed, bool bySignature) external {
        if (_entries.length == 0) return;
        uint256 index = seed % _entries.length;
        Account memory payer = _people[_entries[index].payer];
        address to = toSeed % 2 == 0 ? payer.addr : _people[toSeed % _people.length].addr;

        uint256 most = journal.refundable(uint16(index), nonRefundableBps(_entries[index].vault));
        bytes4 refusal;
        if (block.timestamp >= _entries[index].closesAt) refusal = IRefundWindow.RefundAfterClose.selector;
        else if (most == 0) refusal = IRefundWindow.RefundExceedsRefundable.selector;
        amount = refusal == 0 ? bound(amount, 1, most) : 1;

        _refund(index, payer, amount, to, bySignature, refusal, Journal.Kind.RefundedByPayer);
    }

    function refundAsSeller(uint256 seed, uint256 amount, bool byOperator, bool bySignature) public {
        if (_entries.length == 0) return;
        uint256 index = seed % _entries.length;
        Account memory seller = _party(_entries[index].vault, byOperator ? 1 : 0);
        address to = _people[_entries[index].payer].addr;

        uint256 most = journal.held(uint16(index));
        bytes4 refusal;
        if (block.timestamp >= uint256(_entries[index].hour) * 1 hours) {
            refusal = IRefundWindow.RefundAfterMaturity.selector;
        } else if (most == 0) {
            refusal = IRefundWindow.RefundExceedsRefundable.selector;
        }
        amount = refusal == 0 ? bound(amount, 1, most) : 1;

        _refund(index, seller, amount, to, bySignature, refusal, Journal.Kind.RefundedBySeller);
    }

    /// @notice Two payouts to the same payer fail, one after the other.
    function refundTwiceWhilePaused(uint256 seed, bool byOperator) external {
        tokens[1].setPaused(true);
        for (uint256 i = 0; i < _entries.length; ++i) {
            uint256 index = ((seed % _entries.length) + i) % _entries.length;
            bool matured = block.timestamp >= uint256(_entries[index].hour) * 1 hours;
            if (_entries[index].token != 1 || matured || journal.held(uint16(index)) < 2) continue;
            refundAsSeller(index, 1, byOperator, false);
            refundAsSeller(index, 1, byOperator, true);
            return;
        }
    }

    function _refund(
        uint256 index,
        Account memory by,
        uint256 amount,
        address to,
        bool bySignature,
        bytes4 refusal,
        Journal.Kind kind
    ) private {
        Entry storage entry = _entries[index];
        bytes memory call = _refundCall(index, by, amount, to, bySignature);
        address caller = bySignature ? _stranger.addr : by.addr;
        if (refusal != 0) {
            _refused(caller, entry.vault, call, refusal);
            return;
        }

        uint256 before = tokens[entry.token].balanceOf(to);
        _done(caller, entry.vault, call);

        _note(kind, index, amount, by.addr);
        _notePayout(entry.vault, entry.token, _people[entry.payer].addr, to, amount, before);
    }

    function _refundCall(
        uint256 index,
        Account memory by,
        uint256 amount,
        address to,
        bool bySignature
    ) private returns (bytes memory) {
        Entry storage entry = _entries[index];
        (uint256 held, uint256 refunded) = (journal.held(uint16(index)), journal.refunded(uint16(index)));
        PaymentRef memory ref = refOf(index);
        if (!bySignature) {
            return abi.encodeCall(IRefundWindow.refund, (ref, amount, to, held, refunded, PAYOUT_GAS));
        }

        Refund memory message = Refund({
            paymentId: vaults[entry.vault].idOf(ref),
            by: by.addr,
            amount: amount,
            to: to,
            expectedHeld: held,
            expectedRefunded: refunded,
            deadline: block.timestamp + 365 days
        });
        bytes memory signature = _sign(by, entry.vault, keccak256(abi.encode(TypedDataLib.REFUND_TYPEHASH, message)));
        entry.lastMessage = message;
        entry.lastSignature = signature;
        return abi.encodeCall(IRefundWindow.refundWithSignature, (ref, message, signature, PAYOUT_GAS));
    }

    /// @notice Wrong people, wrong amounts, wrong recipients and wrong expectations.
    function refuseRefund(uint256 seed, uint256 way) external {
        if (_entries.length == 0) return;
        uint256 index = seed % _entries.length;
        Entry storage entry = _entries[index];
        address payer = _people[entry.payer].addr;
        address operator = _party(entry.vault, 1).addr;
        (uint256 held, uint256 refunded) = (journal.held(uint16(index)), journal.refunded(uint16(index)));
        bool matured = block.timestamp >= uint256(entry.hour) * 1 hours;
        way %= 6;

        if (way == 0) {
            _refuse(index, _stranger.addr, 1, payer, held, refunded, IRefundWindow.NotParty.selector);
        } else if (way == 1) {
            _refuse(index, payer, 1, address(vaults[entry.vault]), held, refunded, IVault.RecipientForbidden.selector);
        } else if (way == 2 && !matured) {
            _refuse(index, operator, 1, _stranger.addr, held, refunded, IRefundWindow.RefundNotToPayer.selector);
        } else if (way == 3 && !matured) {
            bytes4 selector = IRefundWindow.RefundExceedsRefundable.selector;
            _refuse(index, operator, held + 1, payer, held, refunded, selector);
        } else if (way == 4 && !matured) {
            _refuse(index, operator, 1, payer, held + 1, refunded, IRefundWindow.PaymentChanged.selector);
        } else if (way == 5 && block.timestamp < entry.closesAt) {
            uint256 most = journal.refundable(uint16(index), nonRefundableBps(entry.vault));
            bytes4 selector = IRefundWindow.RefundExceedsRefundable.selector;
            _refuse(index, payer, most + 1, payer, held, refunded, selector);
        }
    }

    function _refuse(
        uint256 index,
        address by,
        uint256 amount,
        address to,
        uint256 held,
        uint256 refunded,
        bytes4 selector
    ) private {
        bytes memory call = abi.encodeCall(
            IRefundWindow.refund,
            (refOf(index), amount, to, held, refunded, PAYOUT_GAS)
        );
        _refused(by, _entries[index].vault, call, selector);
    }

    /// @notice A signed message that was used, or whose payment has changed since, is presented again.
    function replayRefund(uint256 seed) external {
        if (_entries.length == 0) return;
        uint256 index = seed % _entries.length;
        Entry storage entry = _entries[index];
        if (entry.lastSignature.length == 0 || block.timestamp >= entry.closesAt) return;
        if (entry.lastMessage.expectedRefunded == journal.refunded(uint16(index))) return;

        bytes memory call = abi.encodeCall(
            IRefundWindow.refundWithSignature,
            (refOf(index), entry.lastMessage, entry.lastSignature, PAYOUT_GAS)
        );
        _refused(_stranger.addr, entry.vault, call, IRefundWindow.PaymentChanged.selector);
    }

    /* CLAIM */

    /// @notice Any of the known hours, the first one twice; one that has not matured spoils the whole claim.
    function claim(uint256 vaultSeed, uint256 tokenSeed, uint256 mask, bool maturedOnly) external {
        (uint8 vault, uint8 token) = (uint8(vaultSeed % VAULTS), uint8(tokenSeed % TOKENS));
        _claim(vault, token, _pickHours(vault, token, mask, maturedOnly));
    }

    /// @notice One hour alone, in the last second before it matures or in the first after.
    function claimAtEdge(uint256 seed, bool before) external {
        if (_entries.length == 0) return;
        Entry storage entry = _entries[seed % _entries.length];
        uint256 time = uint256(entry.hour) * 1 hours - (before ? 1 : 0);
        if (time > block.timestamp) vm.warp(time);

        uint32[] memory buckets = new uint32[](1);
        buckets[0] = entry.hour;
        _claim(entry.vault, entry.token, buckets);
    }

    function _claim(uint8 vault, uint8 token, uint32[] memory buckets) private {
        uint256 amount;
        bytes4 refusal;
        for (uint256 i = 0; i < buckets.length; ++i) {
            if (block.timestamp < uint256(buckets[i]) * 1 hours) refusal = IRefundWindow.ClaimBeforeMaturity.selector;
            if (i == 0 || buckets[i] != buckets[0]) amount += journal.maturing(vault, token, buckets[i]);
        }
        if (refusal == 0 && amount == 0) refusal = IRefundWindow.ClaimEmpty.selector;

        bytes memory call = abi.encodeCall(IRefundWindow.claim, (address(tokens[token]), buckets, PAYOUT_GAS));
        if (refusal != 0) {
            _refused(_stranger.addr, vault, call, refusal);
            return;
        }

        address receiver = _party(vault, 0).addr;
        address feeReceiver = _party(vault, 2).addr;
        uint256 receiverBefore = tokens[token].balanceOf(receiver);
        uint256 feeReceiverBefore = tokens[token].balanceOf(feeReceiver);
        _done(_stranger.addr, vault, call);

        for (uint256 i = 0; i < buckets.length; ++i) {
            uint256 part = journal.maturing(vault, token, buckets[i]);
            _noteIn(Journal.Kind.Claimed, vault, token, buckets[i], part);
        }
        uint256 fee = (amount * feeBps(vault)) / 10_000;
        _notePayout(vault, token, receiver, receiver, amount - fee, receiverBefore);
        _notePayout(vault, token, feeReceiver, feeReceiver, fee, feeReceiverBefore);
    }

    function _pickHours(
        uint8 vault,
        uint8 token,
        uint256 mask,
        bool maturedOnly
    ) private view returns (uint32[] memory buckets) {
        uint32[] storage known = _hours[vault][token];
        uint32[] memory picked = new uint32[](known.length + 1);
        uint256 count;
        for (uint256 i = 0; i < known.length; ++i) {
            if ((mask >> i) & 1 == 0) continue;
            if (maturedOnly && block.timestamp < uint256(known[i]) * 1 hours) continue;
            picked[count++] = known[i];
            if (count == 1) picked[count++] = known[i];
        }
        buckets = new uint32[](count);
        for (uint256 i = 0; i < count; ++i) buckets[i] = picked[i];
    }

    /* WITHDRAW */

    /// @notice Somebody's credit, if anybody has one; often after the token has recovered.
    function withdraw(uint256 vaultSeed, uint256 ownerSeed, uint256 way, bool recovered) external {
        (uint8 vault, uint8 token, Account memory owner) = _pickCredit(vaultSeed, ownerSeed);
        if (recovered) {
            tokens[token].setPaused(false);
            tokens[token].setDenylisted(address(vaults[vault]), false);
            tokens[token].setDenylisted(owner.addr, false);
        }
        uint256 credit = journal.credit(vault, token, owner.addr);
        way %= 4;

        // The owner to anywhere by call, anyone to the owner, the owner to anywhere by signature, a stranger to itself.
        address to = way == 1 ? owner.addr : _stranger.addr;
        address caller = way == 0 ? owner.addr : _stranger.addr;
        bytes memory call =
            way == 2
                ? _signedWithdraw(vault, token, owner, to, credit)
                : abi.encodeCall(IVault.withdraw, (address(tokens[token]), owner.addr, to));

        bytes4 refusal;
        if (way == 3) refusal = IVault.CreditNotYours.selector;
        else if (credit == 0) refusal = IVault.CreditEmpty.selector;
        else refusal = _blockedBy(token, address(vaults[vault]), to);
        if (refusal != 0) {
            _refused(caller, vault, call, refusal);
            return;
        }

        _done(caller, vault, call);
        _noteFor(Journal.Kind.Withdrawn, vault, token, owner.addr, credit);
        _noteFor(Journal.Kind.Sent, vault, token, to, credit);
    }

    function _pickCredit(
        uint256 vaultSeed,
        uint256 ownerSeed
    ) private view returns (uint8 vault, uint8 token, Account memory owner) {
        for (uint256 v = 0; v < VAULTS; ++v) {
            for (uint256 i = 0; i < _people.length; ++i) {
                (vault, token) = (uint8(((vaultSeed % VAULTS) + v) % VAULTS), 1);
                owner = _people[((ownerSeed % _people.length) + i) % _people.length];
                if (journal.credit(vault, token, owner.addr) != 0) return (vault, token, owner);
            }
        }
    }

    function _signedWithdraw(
        uint8 vault,
        uint8 token,
        Account memory owner,
        address to,
        uint256 credit
    ) private view returns (bytes memory) {
        Withdraw memory message = Withdraw({
            token: address(tokens[token]),
            owner: owner.addr,
            to: to,
            expectedCredit: credit,
            expectedWithdrawn: journal.sumFor(Journal.Kind.Withdrawn, vault, token, owner.addr),
            deadline: block.timestamp + 1
        });
        bytes memory signature = _sign(owner, vault, keccak256(abi.encode(TypedDataLib.WITHDRAW_TYPEHASH, message)));
        return abi.encodeCall(IVault.withdrawWithSignature, (message, signature));
    }

    /* TIME AND TROUBLE */

    function travel(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 2 hours));
    }

    /// @notice To the last second before an edge of a payment's life, or to the edge itself.
    function travelToEdge(uint256 seed, bool toMaturity, bool before) external {
        if (_entries.length == 0) return;
        Entry storage entry = _entries[seed % _entries.length];
        uint256 edge = toMaturity ? uint256(entry.hour) * 1 hours : entry.closesAt;
        if (before) edge -= 1;
        if (edge > block.timestamp) vm.warp(edge);
    }

    /// @notice Only the second token is a regulated one: paused or not, and one party or vault denylisted or not.
    function setTrouble(bool paused, uint256 seed, bool denied) external {
        seed %= _people.length + VAULTS;
        address account = seed < _people.length ? _people[seed].addr : address(vaults[seed - _people.length]);
        tokens[1].setPaused(paused);
        tokens[1].setDenylisted(account, denied);
    }

    /* WHAT THE INVARIANTS READ */

    function paymentCount() external view returns (uint256) {
        return _entries.length;
    }

    function entryOf(uint256 index) external view returns (Entry memory) {
        return _entries[index];
    }

    function refOf(uint256 index) public view returns (PaymentRef memory) {
        Entry storage entry = _entries[index];
        return
            PaymentRef({
                method: Method.Eip3009,
                token: address(tokens[entry.token]),
                payer: _people[entry.payer].addr,
                nonce: entry.nonce
            });
    }

    function hoursOf(uint256 vault, uint256 token) external view returns (uint32[] memory) {
        return _hours[vault][token];
    }

    function peopleCount() external view returns (uint256) {
        return _people.length;
    }

    function personAt(uint256 index) external view returns (address) {
        return _people[index].addr;
    }

    function nonRefundableBps(uint256 vault) public pure returns (uint256) {
        return vault == 0 ? 0 : 2_500;
    }

    function feeBps(uint256 vault) public pure returns (uint256) {
        return vault == 0 ? 100 : 0;
    }

    /// @dev Receiver, operator and fee receiver of a vault; the second vault's receiver is its own operator.
    function _party(uint256 vault, uint256 role) private view returns (Account memory) {
        if (vault == 1) return _people[PAYERS + 3];
        return _people[PAYERS + role];
    }

    /* CALLS AND NOTES */

    /// @dev Only here are logs read: the recorder also keeps those of calls that were reverted.
    function _done(address by, uint256 vault, bytes memory call) private {
        vm.recordLogs();
        vm.prank(by);
        (bool success, bytes memory reason) = address(vaults[vault]).call(call);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (success) {
            replay.read(logs);
            return;
        }
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    function _refused(address by, uint256 vault, bytes memory call, bytes4 selector) private {
        vm.prank(by);
        (bool success, bytes memory reason) = address(vaults[vault]).call(call);
        if (success || bytes4(reason) != selector) ++wrongRefusals;
    }

    function _newEntry(
        uint256 vaultSeed,
        uint256 tokenSeed,
        uint256 payerSeed,
        uint256 amount
    ) private returns (Entry memory entry) {
        entry.vault = uint8(vaultSeed % VAULTS);
        entry.token = uint8(tokenSeed % TOKENS);
        entry.payer = uint8(payerSeed % PAYERS);
        entry.nonce = bytes32(++_nonces);
        entry.closesAt = uint40(block.timestamp + (entry.vault == 0 ? 3 hours : 90 minutes));
        entry.hour = uint32(entry.closesAt % 1 hours == 0 ? entry.closesAt / 1 hours : entry.closesAt / 1 hours + 1);
        amount = bound(amount, 1, MAX_AMOUNT);

        Account memory payer = _people[entry.payer];
        Token3009 token = tokens[entry.token];
        address vault = address(vaults[entry.vault]);
        bytes memory signature = sign(
            payer.key,
            token.digestOf(payer.addr, vault, amount, 0, type(uint40).max, entry.nonce)
        );
        if (entry.payer == WALLET) signature = bytes.concat(signature, hex"01");
        entry.authorization = Authorization({
            token: address(token),
            payer: payer.addr,
            value: amount,
            validAfter: 0,
            validBefore: type(uint40).max,
            nonce: entry.nonce,
            signature: signature
        });
    }

    function _sign(Account memory by, uint256 vault, bytes32 structHash) private view returns (bytes memory) {
        bytes memory signature = sign(by.key, _digest(vault, structHash));
        return by.addr == _people[WALLET].addr ? bytes.concat(signature, hex"01") : signature;
    }

    function _digest(uint256 vault, bytes32 structHash) private view returns (bytes32) {
        bytes32 separator = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Recourse RefundWindow"),
                keccak256("1"),
                block.chainid,
                address(vaults[vault])
            )
        );
        return keccak256(abi.encodePacked(hex"1901", separator, structHash));
    }

    function _blocked(uint256 token, address from, address to) private view returns (bool) {
        return _blockedBy(token, from, to) != 0;
    }

    function _blockedBy(uint256 token, address from, address to) private view returns (bytes4) {
        if (tokens[token].paused()) return Token3009.Paused.selector;
        if (tokens[token].isDenylisted(from) || tokens[token].isDenylisted(to)) return Token3009.Denylisted.selector;
        return 0;
    }

    function _note(Journal.Kind kind, uint256 index, uint256 amount, address owner) private {
        Entry storage entry = _entries[index];
        journal.write(Journal.Line(kind, entry.vault, entry.token, uint16(index), entry.hour, uint128(amount), owner));
    }

    function _noteIn(Journal.Kind kind, uint8 vault, uint8 token, uint32 hour, uint256 amount) private {
        journal.write(Journal.Line(kind, vault, token, type(uint16).max, hour, uint128(amount), address(0)));
    }

    function _noteFor(Journal.Kind kind, uint8 vault, uint8 token, address owner, uint256 amount) private {
        journal.write(Journal.Line(kind, vault, token, type(uint16).max, 0, uint128(amount), owner));
    }

    function _noteStray(uint8 vault, uint8 token, uint256 amount) private {
        _noteFor(Journal.Kind.Stray, vault, token, address(0), amount);
    }

    function _notePayout(uint8 vault, uint8 token, address owner, address to, uint256 amount, uint256 before) private {
        if (amount == 0) return;
        bool sent = !_blocked(token, address(vaults[vault]), to);
        _noteFor(sent ? Journal.Kind.Sent : Journal.Kind.Owed, vault, token, owner, amount);
        if (tokens[token].balanceOf(to) != before + (sent ? amount : 0)) ++wrongPayouts;
    }
}
