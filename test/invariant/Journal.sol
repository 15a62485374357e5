// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

/// @title Journal
/// @notice The independent books: a list of what happened, in order. Nothing is summed up while writing; every figure
/// is found by reading the list again.
contract Journal {
    enum Kind {
        Paid,
        Stray,
        Recorded,
        RefundedByPayer,
        RefundedBySeller,
        Claimed,
        Disputed,
        SettledToPayer,
        SettledToReceiver,
        Captured,
        Returned,
        Refunded,
        Announced,
        Proven,
        TakenBack,
        Frozen,
        Unfrozen,
        Assigned,
        Released,
        Owed,
        Withdrawn,
        Sent
    }

    /// @dev `payment` and `stray` are places in the handler's lists, `NONE` where a line is about neither.
    struct Line {
        Kind kind;
        uint8 vault;
        uint8 token;
        uint16 payment;
        uint16 stray;
        uint8 number;
        uint32 hour;
        uint40 time;
        uint112 amount;
        uint112 free;
        address owner;
    }

    uint16 public constant NONE = type(uint16).max;
    uint256 public constant ANNOUNCEMENT_PERIOD = 7 days;

    /// @dev The same lines twice, so that a figure need not read what is not about it.
    mapping(uint256 vault => mapping(uint256 token => Line[])) private _lines;
    mapping(uint256 payment => Line[]) private _linesOfPayment;

    function write(Line calldata line) external {
        _lines[line.vault][line.token].push(line);
        if (line.payment != NONE) _linesOfPayment[line.payment].push(line);
    }

    /* FIGURES OF A VAULT AND A TOKEN */

    function sum(Kind kind, uint256 vault, uint256 token) public view returns (uint256 total) {
        Line[] storage lines = _lines[vault][token];
        for (uint256 i = 0; i < lines.length; ++i) if (lines[i].kind == kind) total += lines[i].amount;
    }

    /// @notice What belongs to somebody: paid, and neither refunded, claimed, divided, captured, returned nor sent; and what
    /// waits.
    function owed(uint256 vault, uint256 token) external view returns (uint256) {
        uint256 gone = sum(Kind.RefundedByPayer, vault, token) + sum(Kind.RefundedBySeller, vault, token);
        gone += sum(Kind.SettledToPayer, vault, token) + sum(Kind.SettledToReceiver, vault, token);
        gone += sum(Kind.Captured, vault, token) + sum(Kind.Returned, vault, token);
        gone += sum(Kind.Claimed, vault, token) + sum(Kind.Withdrawn, vault, token);
        return sum(Kind.Paid, vault, token) + sum(Kind.Owed, vault, token) - gone;
    }

    /// @notice What the vault must have: all that came, less all that left. What is recorded came once.
    function balance(uint256 vault, uint256 token) external view returns (uint256) {
        uint256 came = sum(Kind.Paid, vault, token) + sum(Kind.Stray, vault, token) - sum(Kind.Recorded, vault, token);
        // A refund of what was captured is paid by somebody, and goes through.
        came += sum(Kind.Refunded, vault, token);
        return came - sum(Kind.Sent, vault, token);
    }

    /// @notice What came past `pay`, and was neither made a payment nor given away.
    function surplus(uint256 vault, uint256 token) public view returns (uint256) {
        uint256 gone = sum(Kind.Recorded, vault, token) + sum(Kind.Assigned, vault, token);
        return sum(Kind.Stray, vault, token) - gone - sum(Kind.Released, vault, token);
    }

    /// @notice What is locked by disputes.
    function disputed(uint256 vault, uint256 token) external view returns (uint256) {
        uint256 settled = sum(Kind.SettledToPayer, vault, token) + sum(Kind.SettledToReceiver, vault, token);
        return sum(Kind.Disputed, vault, token) - settled;
    }

    /// @notice What waits for `owner`.
    function credit(uint256 vault, uint256 token, address owner) external view returns (uint256) {
        return sumFor(Kind.Owed, vault, token, owner) - sumFor(Kind.Withdrawn, vault, token, owner);
    }

    function sumFor(Kind kind, uint256 vault, uint256 token, address owner) public view returns (uint256 total) {
        Line[] storage lines = _lines[vault][token];
        for (uint256 i = 0; i < lines.length; ++i) {
            if (lines[i].kind == kind && lines[i].owner == owner) total += lines[i].amount;
        }
    }

    /// @notice The fees of what was captured: of each payment, of all its parts together.
    function fees(uint256 vault, uint256 token, uint256 feeBps) external view returns (uint256 total) {
        Line[] storage lines = _lines[vault][token];
        for (uint256 i = 0; i < lines.length; ++i) {
            if (lines[i].kind == Kind.Paid) total += (sumOf(Kind.Captured, lines[i].payment) * feeBps) / 10_000;
        }
    }

    /* FIGURES OF AN HOUR */

    function sumIn(Kind kind, uint256 vault, uint256 token, uint32 hour) public view returns (uint256 total) {
        Line[] storage lines = _lines[vault][token];
        for (uint256 i = 0; i < lines.length; ++i) {
            if (lines[i].kind == kind && lines[i].hour == hour) total += lines[i].amount;
        }
    }

    /// @notice What went into the hour, and neither went back nor was locked.
    function kept(uint256 vault, uint256 token, uint32 hour) public view returns (uint256) {
        return
            sumIn(Kind.Paid, vault, token, hour) -
            sumIn(Kind.RefundedByPayer, vault, token, hour) -
            sumIn(Kind.RefundedBySeller, vault, token, hour) -
            sumIn(Kind.Disputed, vault, token, hour);
    }

    function maturing(uint256 vault, uint256 token, uint32 hour) external view returns (uint256) {
        return kept(vault, token, hour) - sumIn(Kind.Claimed, vault, token, hour);
    }

    /* FIGURES OF A PAYMENT */

    function sumOf(Kind kind, uint256 payment) public view returns (uint256 total) {
        Line[] storage lines = _linesOfPayment[payment];
        for (uint256 i = 0; i < lines.length; ++i) if (lines[i].kind == kind) total += lines[i].amount;
    }

    function countOf(Kind kind, uint256 payment) public view returns (uint256 count) {
        Line[] storage lines = _linesOfPayment[payment];
        for (uint256 i = 0; i < lines.length; ++i) if (lines[i].kind == kind) ++count;
    }

    /// @notice What went back by refunds.
    function refunded(uint256 payment) public view returns (uint256) {
        return sumOf(Kind.RefundedByPayer, payment) + sumOf(Kind.RefundedBySeller, payment);
    }

    /// @notice What neither went back nor was captured. A dispute can only be about that.
    function held(uint256 payment) public view returns (uint256) {
        uint256 gone = refunded(payment) + sumOf(Kind.Captured, payment) + sumOf(Kind.Returned, payment);
        return sumOf(Kind.Paid, payment) - gone;
    }

    /// @notice What was captured, and nobody gave back.
    function kept(uint256 payment) external view returns (uint256) {
        return sumOf(Kind.Captured, payment) - sumOf(Kind.Refunded, payment);
    }

    /// @notice What the payer may still take or win: what is held, less the share of the original that is not refundable.
    function refundable(uint256 payment, uint256 nonRefundableBps) external view returns (uint256) {
        uint256 remaining = held(payment);
        uint256 share = (sumOf(Kind.Paid, payment) * nonRefundableBps) / 10_000;
        return remaining < share ? 0 : remaining - share;
    }

    function wasDisputed(uint256 payment) public view returns (bool) {
        return countOf(Kind.Disputed, payment) != 0;
    }

    function wasSettled(uint256 payment) public view returns (bool) {
        return countOf(Kind.SettledToPayer, payment) != 0;
    }

    function isDisputed(uint256 payment) external view returns (bool) {
        return wasDisputed(payment) && !wasSettled(payment);
    }

    /* FIGURES OF AN ANNOUNCEMENT */

    function announcements(uint256 vault, uint256 token) public view returns (uint256 count) {
        Line[] storage lines = _lines[vault][token];
        for (uint256 i = 0; i < lines.length; ++i) if (lines[i].kind == Kind.Announced) ++count;
    }

    function endOf(uint256 vault, uint256 token, uint256 number) external view returns (uint256) {
        return announcedAt(vault, token, number) + ANNOUNCEMENT_PERIOD;
    }

    function announcedAt(uint256 vault, uint256 token, uint256 number) public view returns (uint256) {
        Line[] storage lines = _lines[vault][token];
        for (uint256 i = 0; i < lines.length; ++i) {
            if (lines[i].kind == Kind.Announced && lines[i].number == number) return lines[i].time;
        }
        return 0;
    }

    /// @notice The announcement that runs at `time`; zero when none does.
    function runningAt(uint256 vault, uint256 token, uint256 time) external view returns (uint256) {
        Line[] storage lines = _lines[vault][token];
        for (uint256 i = 0; i < lines.length; ++i) {
            if (lines[i].kind == Kind.Announced && time < lines[i].time + ANNOUNCEMENT_PERIOD) return lines[i].number;
        }
        return 0;
    }

    /// @notice Transfers up to this moment are no longer recorded at `time`: when the last announcement that has ended
    /// was made.
    function closedAt(uint256 vault, uint256 token, uint256 time) external view returns (uint256 latest) {
        Line[] storage lines = _lines[vault][token];
        for (uint256 i = 0; i < lines.length; ++i) {
            if (lines[i].kind != Kind.Announced || time < lines[i].time + ANNOUNCEMENT_PERIOD) continue;
            if (lines[i].time > latest) latest = lines[i].time;
        }
    }

    function sumAt(Kind kind, uint256 vault, uint256 token, uint256 number) public view returns (uint256 total) {
        Line[] storage lines = _lines[vault][token];
        for (uint256 i = 0; i < lines.length; ++i) {
            if (lines[i].kind == kind && lines[i].number == number) total += lines[i].amount;
        }
    }

    /// @notice What was given away of an announcement.
    function given(uint256 vault, uint256 token, uint256 number) public view returns (uint256) {
        return sumAt(Kind.Assigned, vault, token, number) + sumAt(Kind.Released, vault, token, number);
    }

    /// @notice What is left of an announcement.
    function left(uint256 vault, uint256 token, uint256 number) external view returns (uint256) {
        uint256 gone = sumAt(Kind.TakenBack, vault, token, number) + given(vault, token, number);
        return sumAt(Kind.Announced, vault, token, number) - gone;
    }

    /// @notice What of the surplus that was free when it was announced has not been proven since.
    function provable(uint256 vault, uint256 token, uint256 number) external view returns (uint256) {
        Line[] storage lines = _lines[vault][token];
        uint256 atFirst;
        for (uint256 i = 0; i < lines.length; ++i) {
            if (lines[i].kind == Kind.Announced && lines[i].number == number) atFirst = lines[i].free;
        }
        // What came in the announcement's own second, behind it, counts as if it had been there.
        uint256 proven = sumAt(Kind.Proven, vault, token, number);
        return proven < atFirst ? atFirst - proven : 0;
    }

    /// @notice What payers froze of an announcement.
    function claims(uint256 vault, uint256 token, uint256 number) external view returns (uint256) {
        return sumAt(Kind.Frozen, vault, token, number) - sumAt(Kind.Unfrozen, vault, token, number);
    }

    /// @notice What one authorization froze of an announcement.
    function claim(uint256 vault, uint256 token, uint256 number, uint256 stray) external view returns (uint256 frozen) {
        Line[] storage lines = _lines[vault][token];
        for (uint256 i = 0; i < lines.length; ++i) {
            if (lines[i].stray != stray || lines[i].number != number) continue;
            if (lines[i].kind == Kind.Frozen) frozen += lines[i].amount;
            if (lines[i].kind == Kind.Unfrozen) frozen -= lines[i].amount;
        }
    }

    /// @notice What is left of all announcements.
    function aside(uint256 vault, uint256 token) public view returns (uint256) {
        uint256 gone = sum(Kind.TakenBack, vault, token) + sum(Kind.Assigned, vault, token);
        return sum(Kind.Announced, vault, token) - gone - sum(Kind.Released, vault, token);
    }

    /// @notice Surplus that no announcement has set aside.
    function free(uint256 vault, uint256 token) external view returns (uint256) {
        return surplus(vault, token) - aside(vault, token);
    }
}
