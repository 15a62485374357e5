// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

/// @title Journal
/// @notice The independent books: a list of what happened, in order. Nothing is summed up while writing; every figure
/// is found by reading the whole list again.
contract Journal {
    enum Kind {
        Paid,
        RefundedByPayer,
        RefundedBySeller,
        Claimed,
        Owed,
        Withdrawn,
        Sent,
        Stray
    }

    struct Line {
        Kind kind;
        uint8 vault;
        uint8 token;
        uint16 payment;
        uint32 hour;
        uint128 amount;
        address owner;
    }

    Line[] private _lines;

    function write(Line calldata line) external {
        _lines.push(line);
    }

    /* FIGURES OF A VAULT AND A TOKEN */

    function sum(Kind kind, uint8 vault, uint8 token) public view returns (uint256 total) {
        for (uint256 i = 0; i < _lines.length; ++i) {
            Line storage line = _lines[i];
            if (line.kind == kind && line.vault == vault && line.token == token) total += line.amount;
        }
    }

    /// @notice What belongs to somebody: paid, and neither refunded, claimed nor sent; and what failed to be sent.
    function owed(uint8 vault, uint8 token) external view returns (uint256) {
        return
            sum(Kind.Paid, vault, token) +
            sum(Kind.Owed, vault, token) -
            sum(Kind.RefundedByPayer, vault, token) -
            sum(Kind.RefundedBySeller, vault, token) -
            sum(Kind.Claimed, vault, token) -
            sum(Kind.Withdrawn, vault, token);
    }

    /// @notice What the vault must have: all that came, less all that left.
    function balance(uint8 vault, uint8 token) external view returns (uint256) {
        return sum(Kind.Paid, vault, token) + sum(Kind.Stray, vault, token) - sum(Kind.Sent, vault, token);
    }

    /// @notice What waits for `owner`.
    function credit(uint8 vault, uint8 token, address owner) external view returns (uint256) {
        return sumFor(Kind.Owed, vault, token, owner) - sumFor(Kind.Withdrawn, vault, token, owner);
    }

    function sumFor(Kind kind, uint8 vault, uint8 token, address owner) public view returns (uint256 total) {
        for (uint256 i = 0; i < _lines.length; ++i) {
            Line storage line = _lines[i];
            if (line.kind != kind || line.vault != vault || line.token != token) continue;
            if (line.owner == owner) total += line.amount;
        }
    }

    /* FIGURES OF AN HOUR */

    function sumIn(Kind kind, uint8 vault, uint8 token, uint32 hour) public view returns (uint256 total) {
        for (uint256 i = 0; i < _lines.length; ++i) {
            Line storage line = _lines[i];
            if (line.kind != kind || line.vault != vault || line.token != token) continue;
            if (line.hour == hour) total += line.amount;
        }
    }

    /// @notice What went into the hour and did not go back.
    function kept(uint8 vault, uint8 token, uint32 hour) public view returns (uint256) {
        return
            sumIn(Kind.Paid, vault, token, hour) -
            sumIn(Kind.RefundedByPayer, vault, token, hour) -
            sumIn(Kind.RefundedBySeller, vault, token, hour);
    }

    function maturing(uint8 vault, uint8 token, uint32 hour) external view returns (uint256) {
        return kept(vault, token, hour) - sumIn(Kind.Claimed, vault, token, hour);
    }

    /* FIGURES OF A PAYMENT */

    function sumOf(Kind kind, uint16 payment) public view returns (uint256 total) {
        for (uint256 i = 0; i < _lines.length; ++i) {
            Line storage line = _lines[i];
            if (line.kind == kind && line.payment == payment) total += line.amount;
        }
    }

    function refunded(uint16 payment) public view returns (uint256) {
        return sumOf(Kind.RefundedByPayer, payment) + sumOf(Kind.RefundedBySeller, payment);
    }

    function held(uint16 payment) public view returns (uint256) {
        return sumOf(Kind.Paid, payment) - refunded(payment);
    }

    /// @notice What the payer may still take: what is held, less the share of the original that is not refundable.
    function refundable(uint16 payment, uint256 nonRefundableBps) external view returns (uint256) {
        uint256 remaining = held(payment);
        uint256 share = (sumOf(Kind.Paid, payment) * nonRefundableBps) / 10_000;
        return remaining < share ? 0 : remaining - share;
    }
}
