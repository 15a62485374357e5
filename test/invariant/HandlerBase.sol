// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Vm} from "forge-std/Vm.sol";

import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {Authorization, Method, PaymentId, PaymentRef} from "../../contracts/types/Payment.sol";
import {VaultTerms} from "../../contracts/types/Terms.sol";
import {KeyedWallet} from "../mocks/KeyedWallet.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {TestBase} from "../utils/TestBase.sol";
import {EventReplay} from "./EventReplay.sol";
import {Journal} from "./Journal.sol";

/// @title HandlerBase
/// @notice The people, vaults and tokens, the payments that were made, and how an action is done, refused and noted. What
/// kind of vaults they are, a product's own handler says.
abstract contract HandlerBase is TestBase {
    /// @dev `deadline` is the product's first one; `hour` is where it matures, if the product has hours.
    struct Entry {
        uint8 vault;
        uint8 token;
        uint8 payer;
        uint40 deadline;
        uint32 hour;
        bytes32 nonce;
        Authorization authorization;
    }

    uint256 public constant VAULTS = 4;
    uint256 public constant TOKENS = 2;
    uint256 internal constant PAYERS = 4;
    /// @dev The last payer is a contract, and signs through it.
    uint256 internal constant WALLET = 3;
    uint256 internal constant PAYOUT_GAS = 150_000;
    uint256 internal constant MAX_AMOUNT = 1e12;
    /// @dev Longer than any run: an old message must not be void only because it is old.
    uint256 internal constant MESSAGE_LIFE = 3_650 days;

    Journal public journal = new Journal();
    EventReplay public replay;

    ISurplus[] public vaults;
    Token3009[] public tokens;
    /// @dev Payers first, then the parties of the vaults.
    Account[] internal _people;
    Account internal _stranger;

    Entry[] internal _entries;
    uint256 private _nonces;

    /// @notice How often each thing was done and succeeded, or was refused as it must be.
    mapping(bytes32 name => uint256) public successes;
    /// @notice How often something that must fail did not fail, or failed otherwise.
    uint256 public wrongRefusals;
    /// @notice How often a token that must have been paid out was not, or the other way round.
    uint256 public wrongPayouts;

    constructor(EventReplay replay_, address[] memory vaults_, Token3009[] memory tokens_, Account[] memory people) {
        replay = replay_;
        tokens = tokens_;
        for (uint256 i = 0; i < vaults_.length; ++i) vaults.push(ISurplus(vaults_[i]));
        for (uint256 i = 0; i < people.length; ++i) _people.push(people[i]);
        _people[WALLET].addr = address(new KeyedWallet(people[WALLET].addr));
        _stranger = makeAccount("stranger of the handler");
        for (uint256 i = 0; i < TOKENS; ++i) {
            for (uint256 j = 0; j < PAYERS; ++j) tokens[i].mint(_people[j].addr, 1e30);
            tokens[i].mint(_stranger.addr, 1e30);
        }
    }

    /* WHAT THE INVARIANTS READ */

    /// @notice All that the fuzzer may call. Their parameters are numbers, and at most five.
    function actions() external pure virtual returns (bytes4[] memory list);

    function paymentCount() external view returns (uint256) {
        return _entries.length;
    }

    function refOf(uint256 index) public view returns (PaymentRef memory) {
        Entry storage entry = _entries[index];
        return _refOf(entry.token, entry.payer, entry.nonce);
    }

    function peopleCount() external view returns (uint256) {
        return _people.length;
    }

    function personAt(uint256 index) external view returns (address) {
        return _people[index].addr;
    }

    /* WHO AND WHAT */

    /// @notice What the terms of every vault begin with.
    function partiesOf(uint256 vault) public view virtual returns (VaultTerms memory);

    /// @dev The name in the EIP-712 domain of the vaults.
    function _domainName() internal pure virtual returns (string memory);

    /// @dev The product's times of a payment that begins now.
    function _schedule(Entry memory entry) internal virtual;

    function _refOf(uint256 token, uint256 payer, bytes32 nonce) internal view returns (PaymentRef memory) {
        return
            PaymentRef({
                method: Method.Eip3009,
                token: address(tokens[token]),
                payer: _people[payer].addr,
                nonce: nonce
            });
    }

    function _idOf(uint256 index) internal view returns (PaymentId) {
        return vaults[_entries[index].vault].idOf(refOf(index));
    }

    function _accountOf(address who) internal view returns (Account memory) {
        for (uint256 i = 0; i < _people.length; ++i) if (_people[i].addr == who) return _people[i];
        return _stranger;
    }

    function _operatorOf(uint256 vault) internal view returns (Account memory) {
        return _accountOf(partiesOf(vault).operator);
    }

    function _receiverOf(uint256 vault) internal view returns (Account memory) {
        return _accountOf(partiesOf(vault).receiver);
    }

    function _payerOf(uint256 index) internal view returns (Account memory) {
        return _people[_entries[index].payer];
    }

    /* TIME AND TROUBLE */

    function travel(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 2 hours));
    }

    /// @notice Only the second token is a regulated one: paused or not, and one party or vault denylisted or not.
    function setTrouble(uint256 way, uint256 seed) external {
        seed %= _people.length + VAULTS;
        address account = seed < _people.length ? _people[seed].addr : address(vaults[seed - _people.length]);
        tokens[1].setPaused(way % 2 == 0);
        tokens[1].setDenylisted(account, (way / 2) % 2 == 0);
    }

    /* DO AND REFUSE */

    /// @dev Does it, or insists on the refusal.
    /// @return Whether it was done.
    function _try(bytes32 name, address by, uint256 vault, bytes memory call, bytes4 refusal) internal returns (bool) {
        if (refusal != 0) {
            _refused(by, address(vaults[vault]), call, refusal);
            return false;
        }
        _done(name, by, vault, call);
        return true;
    }

    /// @dev Only here are logs read: the recorder also keeps those of calls that were reverted.
    function _done(bytes32 name, address by, uint256 vault, bytes memory call) internal returns (bytes memory) {
        vm.recordLogs();
        vm.prank(by);
        (bool success, bytes memory answer) = address(vaults[vault]).call(call);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (!success) {
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
        replay.read(logs);
        ++successes[name];
        return answer;
    }

    function _refused(address by, address target, bytes memory call, bytes4 selector) internal {
        vm.prank(by);
        (bool success, bytes memory reason) = target.call(call);
        if (success || bytes4(reason) != selector) ++wrongRefusals;
        else ++successes[selector];
    }

    function _warpTo(uint256 time) internal {
        if (time > block.timestamp) vm.warp(time);
    }

    function _blocked(uint256 token, address from, address to) internal view returns (bool) {
        return _blockedBy(token, from, to) != 0;
    }

    function _blockedBy(uint256 token, address from, address to) internal view returns (bytes4) {
        if (tokens[token].paused()) return Token3009.Paused.selector;
        if (tokens[token].isDenylisted(from) || tokens[token].isDenylisted(to)) return Token3009.Denylisted.selector;
        return 0;
    }

    /* PAYMENTS */

    function _newEntry(
        uint256 vaultSeed,
        uint256 tokenSeed,
        uint256 payerSeed,
        uint256 amount
    ) internal returns (Entry memory entry) {
        entry.vault = uint8(vaultSeed % VAULTS);
        entry.token = uint8(tokenSeed % TOKENS);
        entry.payer = uint8(payerSeed % PAYERS);
        entry.nonce = bytes32(++_nonces);
        entry.authorization = Authorization({
            token: address(tokens[entry.token]),
            payer: _people[entry.payer].addr,
            value: bound(amount, 1, MAX_AMOUNT),
            validAfter: 0,
            validBefore: type(uint40).max,
            nonce: entry.nonce,
            signature: ""
        });
        entry.authorization.signature = _signPayment(_people[entry.payer], entry.vault, entry.authorization);
    }

    /// @dev As `_newEntry`, by anybody and with a nonce that somebody chose.
    function _newEntryOf(
        uint256 vault,
        uint256 token,
        uint256 person,
        uint256 amount,
        bytes32 nonce
    ) internal returns (Entry memory entry) {
        entry = _newEntry(vault, token, 0, amount);
        entry.payer = uint8(person);
        (entry.nonce, entry.authorization.nonce) = (nonce, nonce);
        entry.authorization.payer = _people[person].addr;
        entry.authorization.signature = _signPayment(_people[person], vault, entry.authorization);
    }

    function _signPayment(
        Account memory by,
        uint256 vault,
        Authorization memory authorization
    ) internal view returns (bytes memory) {
        bytes32 digest = Token3009(authorization.token).digestOf(
            authorization.payer,
            address(vaults[vault]),
            authorization.value,
            authorization.validAfter,
            authorization.validBefore,
            authorization.nonce
        );
        return _signAs(by, digest);
    }

    /// @dev A payment begins now.
    function _begin(Entry memory entry) internal virtual returns (uint256 index) {
        _schedule(entry);
        index = _entries.length;
        _entries.push(entry);
        _note(Journal.Kind.Paid, index, entry.authorization.value, entry.authorization.payer);
    }

    /* SIGNATURES */

    function _sign(Account memory by, uint256 vault, bytes32 structHash) internal view returns (bytes memory) {
        bytes32 separator = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(_domainName())),
                keccak256("1"),
                block.chainid,
                address(vaults[vault])
            )
        );
        return _signAs(by, keccak256(abi.encodePacked(hex"1901", separator, structHash)));
    }

    function _signAs(Account memory by, bytes32 digest) internal view returns (bytes memory) {
        bytes memory signature = sign(by.key, digest);
        return by.addr.code.length != 0 ? bytes.concat(signature, hex"01") : signature;
    }

    /* NOTES */

    function _line(
        Journal.Kind kind,
        uint256 vault,
        uint256 token,
        uint256 amount
    ) internal view returns (Journal.Line memory line) {
        (line.kind, line.vault, line.token) = (kind, uint8(vault), uint8(token));
        (line.amount, line.time) = (uint112(amount), uint40(block.timestamp));
        (line.payment, line.stray) = (type(uint16).max, type(uint16).max);
    }

    function _note(Journal.Kind kind, uint256 index, uint256 amount, address owner) internal {
        Entry storage entry = _entries[index];
        Journal.Line memory line = _line(kind, entry.vault, entry.token, amount);
        (line.payment, line.hour, line.owner) = (uint16(index), entry.hour, owner);
        journal.write(line);
    }

    function _noteIn(Journal.Kind kind, uint256 vault, uint256 token, uint32 hour, uint256 amount) internal {
        Journal.Line memory line = _line(kind, vault, token, amount);
        line.hour = hour;
        journal.write(line);
    }

    function _noteFor(Journal.Kind kind, uint256 vault, uint256 token, address owner, uint256 amount) internal {
        Journal.Line memory line = _line(kind, vault, token, amount);
        line.owner = owner;
        journal.write(line);
    }

    function _notePayout(
        uint256 vault,
        uint256 token,
        address owner,
        address to,
        uint256 amount,
        uint256 before
    ) internal {
        if (amount == 0) return;
        bool sent = !_blocked(token, address(vaults[vault]), to);
        _noteFor(sent ? Journal.Kind.Sent : Journal.Kind.Owed, vault, token, owner, amount);
        if (tokens[token].balanceOf(to) != before + (sent ? amount : 0)) ++wrongPayouts;
        ++successes[sent ? bytes32("sent") : bytes32("owed")];
    }
}
