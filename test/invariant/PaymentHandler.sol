// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IBursts} from "../../contracts/interfaces/IBursts.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {TokenLib} from "../../contracts/libraries/TokenLib.sol";
import {TypedDataLib} from "../../contracts/libraries/TypedDataLib.sol";
import {Authorization, PaymentId} from "../../contracts/types/Payment.sol";
import {Withdraw} from "../../contracts/types/TypedData.sol";
import {HandlerBase} from "./HandlerBase.sol";
import {Journal} from "./Journal.sol";

/// @title PaymentHandler
/// @notice Payments alone and in batches, money that nobody authorized, and withdrawals.
abstract contract PaymentHandler is HandlerBase {
    uint256 private constant ITEM_GAS = 300_000;
    uint256 private constant MOST_ITEMS = 4;

    /* PAY */

    function pay(uint256 vaultSeed, uint256 tokenSeed, uint256 payerSeed, uint256 amount) public {
        _pay(_newEntry(vaultSeed, tokenSeed, payerSeed, amount));
    }

    function _pay(Entry memory entry) internal {
        bool isBlocked = _blocked(entry.token, entry.authorization.payer, address(vaults[entry.vault]));
        bytes4 refusal = isBlocked ? TokenLib.TokenRefusedAuthorization.selector : bytes4(0);

        bytes memory call = abi.encodeCall(IVault.pay, (entry.authorization));
        if (_try("pay", _stranger.addr, entry.vault, call, refusal)) _begin(entry);
    }

    function payAgain(uint256 seed) external {
        if (_entries.length == 0) return;
        Entry storage entry = _entries[seed % _entries.length];
        bytes memory call = abi.encodeCall(IVault.pay, (entry.authorization));
        _refused(_stranger.addr, address(vaults[entry.vault]), call, IVault.PaymentAlreadyKnown.selector);
    }

    /// @notice One to four items, of which any can be spoiled. What must be left out is, and the rest is paid.
    function payMany(
        uint256 vaultSeed,
        uint256 tokenSeed,
        uint256 payerSeed,
        uint256 amount,
        uint256 spoilSeed
    ) external {
        uint256 count = 1 + (spoilSeed % MOST_ITEMS);
        Entry[] memory items = new Entry[](count);
        Authorization[] memory authorizations = new Authorization[](count);
        bool[] memory isGood = new bool[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 itemSeed = uint256(keccak256(abi.encode(amount, i)));
            items[i] = _newEntry(vaultSeed, tokenSeed, payerSeed / 8 + i, itemSeed);
            isGood[i] = _spoil(items[i], (spoilSeed >> (8 * (i + 1))) % 10);
            if (_blocked(items[i].token, items[i].authorization.payer, address(vaults[items[i].vault])))
                isGood[i] = false;
            authorizations[i] = items[i].authorization;
        }
        _payMany(items, authorizations, isGood, spoilSeed % 13 == 0);
    }

    function _payMany(
        Entry[] memory items,
        Authorization[] memory authorizations,
        bool[] memory isGood,
        bool isMixed
    ) private {
        uint256 vault = items[0].vault;
        address token = authorizations[0].token;
        if (isMixed) authorizations[authorizations.length - 1].token = address(tokens[1 - items[0].token]);
        bytes memory call = abi.encodeCall(IBursts.payMany, (token, authorizations, ITEM_GAS));
        if (isMixed && authorizations.length > 1) {
            _refused(_stranger.addr, address(vaults[vault]), call, IBursts.ItemOfOtherToken.selector);
            return;
        }
        if (isMixed) return;

        PaymentId[] memory ids = abi.decode(_done("payMany", _stranger.addr, vault, call), (PaymentId[]));
        for (uint256 i = 0; i < items.length; ++i) {
            bytes32 expected = isGood[i] ? PaymentId.unwrap(_idOf(_begin(items[i]))) : bytes32(0);
            assertEq(PaymentId.unwrap(ids[i]), expected, "payMany: item");
            ++successes[isGood[i] ? bytes32("item paid") : bytes32("item left out")];
        }
    }

    /// @dev No amount, too large an amount, a foreign signature, a used nonce; or nothing is wrong with it.
    function _spoil(Entry memory item, uint256 way) private returns (bool isGood) {
        Authorization memory authorization = item.authorization;
        if (way == 0) authorization.value = 0;
        if (way == 1) authorization.value = uint256(type(uint104).max) + 1;
        if (way <= 1) authorization.signature = _signPayment(_people[item.payer], item.vault, authorization);
        if (way == 2) authorization.signature = _signPayment(_stranger, item.vault, authorization);
        if (way == 3) tokens[item.token].cancelAuthorization(authorization.payer, authorization.nonce);
        return way > 3;
    }

    /// @notice Tokens that nobody authorized.
    function stray(uint256 vaultSeed, uint256 tokenSeed, uint256 amount) public {
        (uint256 vault, uint256 token) = (vaultSeed % VAULTS, tokenSeed % TOKENS);
        amount = bound(amount, 1, MAX_AMOUNT);
        if (_blocked(token, _stranger.addr, address(vaults[vault]))) return;

        vm.prank(_stranger.addr);
        tokens[token].transfer(address(vaults[vault]), amount);
        _noteFor(Journal.Kind.Stray, vault, token, address(0), amount);
    }

    /* WITHDRAW */

    /// @notice Somebody's credit, if anybody has one; often after the token has recovered.
    function withdraw(uint256 vaultSeed, uint256 ownerSeed, uint256 way) external {
        (uint256 vault, uint256 token, Account memory owner) = _pickCredit(vaultSeed, ownerSeed);
        if ((way / 4) % 4 != 0) {
            tokens[token].setPaused(false);
            tokens[token].setDenylisted(address(vaults[vault]), false);
            tokens[token].setDenylisted(owner.addr, false);
        }
        way %= 4;

        // The owner to anywhere by call, anyone to the owner, the owner to anywhere by signature, a stranger to itself.
        address to = way == 1 ? owner.addr : _stranger.addr;
        uint256 credit = journal.credit(vault, token, owner.addr);
        bytes memory call =
            way == 2
                ? _signedWithdraw(vault, token, owner, to, credit)
                : abi.encodeCall(IVault.withdraw, (address(tokens[token]), owner.addr, to));

        bytes4 refusal;
        if (way == 3) refusal = IVault.CreditNotYours.selector;
        else if (credit == 0) refusal = IVault.CreditEmpty.selector;
        else refusal = _blockedBy(token, address(vaults[vault]), to);
        if (!_try("withdraw", way == 0 ? owner.addr : _stranger.addr, vault, call, refusal)) return;

        _noteFor(Journal.Kind.Withdrawn, vault, token, owner.addr, credit);
        _noteFor(Journal.Kind.Sent, vault, token, to, credit);
    }

    function _pickCredit(
        uint256 vaultSeed,
        uint256 ownerSeed
    ) private view returns (uint256 vault, uint256 token, Account memory owner) {
        for (uint256 i = 0; i < VAULTS * TOKENS; ++i) {
            uint256 book = ((vaultSeed % (VAULTS * TOKENS)) + i) % (VAULTS * TOKENS);
            (vault, token) = (book / TOKENS, book % TOKENS);
            for (uint256 j = 0; j < _people.length; ++j) {
                owner = _people[((ownerSeed % _people.length) + j) % _people.length];
                if (journal.credit(vault, token, owner.addr) != 0) return (vault, token, owner);
            }
        }
    }

    function _signedWithdraw(
        uint256 vault,
        uint256 token,
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
            deadline: block.timestamp + MESSAGE_LIFE
        });
        bytes memory signature = _sign(owner, vault, keccak256(abi.encode(TypedDataLib.WITHDRAW_TYPEHASH, message)));
        return abi.encodeCall(IVault.withdrawWithSignature, (message, signature));
    }
}
