// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {PaymentId, PaymentRef} from "../../contracts/types/Payment.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {ProtocolTest} from "../utils/ProtocolTest.sol";
import {EventReplay} from "./EventReplay.sol";
import {Journal} from "./Journal.sol";
import {SurplusHandler} from "./SurplusHandler.sol";

/// @title VaultInvariants
/// @notice What every kind of vault has to keep, and whether the runs are worth anything.
abstract contract VaultInvariants is ProtocolTest {
    uint40 internal constant START = 1_760_000_001; // not at a full hour
    uint256 internal constant PAYOUT_GAS = 150_000;

    Journal internal _journal;
    Token3009[] internal _tokens;
    SurplusHandler private _watched;
    ISurplus[] private _all;
    address[] private _owners;

    function _makePeople() internal returns (Account[] memory people) {
        string[9] memory names = [
            "payer0",
            "payer1",
            "payer2",
            "payer3",
            "receiver0",
            "operator0",
            "feeReceiver0",
            "receiver1",
            "judge"
        ];
        people = new Account[](names.length);
        for (uint256 i = 0; i < names.length; ++i) people[i] = makeAccount(names[i]);
    }

    function _makeTokens() internal returns (Token3009[] memory) {
        _tokens.push(new Token3009());
        _tokens.push(new Token3009());
        return _tokens;
    }

    function _watch(SurplusHandler handler) internal {
        _watched = handler;
        _journal = handler.journal();
        for (uint256 v = 0; v < handler.VAULTS(); ++v) _all.push(handler.vaults(v));
        for (uint256 i = 0; i < handler.peopleCount(); ++i) _owners.push(handler.personAt(i));
        targetContract(address(handler));
        targetSelector(FuzzSelector({addr: address(handler), selectors: handler.actions()}));
    }

    /* MONEY */

    /// @dev Of each token a vault has at least what it owes in it, and what it has set aside.
    function _assertCovered() internal view {
        for (uint256 v = 0; v < _all.length; ++v) {
            for (uint256 t = 0; t < _tokens.length; ++t) {
                address token = address(_tokens[t]);
                (, uint256 aside) = _all[v].announcementsOf(token);
                assertGe(_tokens[t].balanceOf(address(_all[v])), _all[v].liabilitiesOf(token) + aside, "covered");
            }
        }
    }

    /// @dev What waits for its owners by the views is what does by the journal.
    /// @return sum All of it.
    function _assertCredits(uint256 v, uint256 t) internal view returns (uint256 sum) {
        for (uint256 i = 0; i < _owners.length; ++i) {
            address owner = _owners[i];
            (uint256 credit, ) = _all[v].creditOf(address(_tokens[t]), owner);
            assertEq(credit, _journal.credit(v, t, owner), "credit");
            sum += credit;
        }
    }

    /// @dev A vault has what came in less what the journal says has left, to the unit, and each payout went to its
    /// recipient.
    function _assertNothingElseLeft() internal view {
        for (uint256 v = 0; v < _all.length; ++v) {
            for (uint256 t = 0; t < _tokens.length; ++t) {
                assertEq(_tokens[t].balanceOf(address(_all[v])), _journal.balance(v, t), "balance");
                assertEq(_all[v].surplusOf(address(_tokens[t])), _journal.surplus(v, t), "surplus");
            }
        }
        assertEq(_watched.wrongPayouts(), 0, "payouts");
    }

    /* EVENTS */

    /// @dev The events tell liabilities, credits and announcements as the views do.
    function _assertBooksAreTold() internal view {
        EventReplay replay = _watched.replay();
        for (uint256 v = 0; v < _all.length; ++v) {
            for (uint256 t = 0; t < _tokens.length; ++t) {
                _compareCredits(replay, v, t);
                _compareAnnouncements(replay, v, t);
            }
        }
    }

    function _compareCredits(EventReplay replay, uint256 v, uint256 t) private view {
        (address vault, address token) = (address(_all[v]), address(_tokens[t]));
        assertEq(replay.liabilitiesOf(vault, token), _all[v].liabilitiesOf(token), "told liabilities");
        for (uint256 i = 0; i < _owners.length; ++i) {
            address owner = _owners[i];
            (uint256 credit, uint256 withdrawn) = _all[v].creditOf(token, owner);
            assertEq(replay.creditOf(vault, token, owner), credit, "told credit");
            assertEq(replay.withdrawnOf(vault, token, owner), withdrawn, "told withdrawn");
        }
    }

    function _compareAnnouncements(EventReplay replay, uint256 v, uint256 t) private view {
        (address vault, address token) = (address(_all[v]), address(_tokens[t]));
        (uint256 count, uint256 aside) = _all[v].announcementsOf(token);
        assertEq(replay.announcementsOf(vault, token), count, "told announcements");
        assertEq(replay.asideOf(vault, token), aside, "told aside");
        for (uint256 number = 1; number <= count; ++number) {
            (uint256 amount, uint256 claims, uint40 endsAt) = _all[v].announcementOf(token, number);
            (uint256 toldAmount, uint256 toldClaims, , uint40 toldEnd, ) = replay.announcementOf(vault, token, number);
            assertEq(toldAmount, amount, "told amount");
            assertEq(toldClaims, claims, "told claims");
            assertEq(toldEnd, endsAt, "told endsAt");
        }
    }

    /// @dev The events tell what payers froze as the views do.
    function _assertClaimsAreTold() internal view {
        EventReplay replay = _watched.replay();
        for (uint256 i = 0; i < _watched.strayCount(); ++i) _compareClaims(replay, i);
    }

    function _compareClaims(EventReplay replay, uint256 index) private view {
        (uint256 v, uint256 t, ) = _watched.placeOfStray(index);
        (uint256 count, ) = _all[v].announcementsOf(address(_tokens[t]));
        if (count == 0) return;
        PaymentRef memory ref = _watched.strayRefOf(index);
        bytes32 id = PaymentId.unwrap(_all[v].idOf(ref));
        for (uint256 number = 1; number <= count; ++number) {
            uint256 claim = _all[v].claimOf(ref, number);
            assertEq(replay.claimOf(address(_all[v]), id, number), claim, "told claim");
            assertEq(claim, _journal.claim(v, t, number, index), "claim in the journal");
        }
    }

    /* ARE THE RUNS WORTH ANYTHING */

    uint256 private constant RUNS = 16;
    uint256 private constant DEPTH = 64;

    /// @dev As many runs and calls as the default profile has, with inputs by chance: each action must have succeeded, and
    /// each refusal must have happened.
    function _assertAllHappens(bytes32[] memory keys) internal {
        bytes4[] memory actions = _watched.actions();
        uint256[] memory counts = new uint256[](keys.length);
        for (uint256 run = 0; run < RUNS; ++run) {
            uint256 snapshot = vm.snapshotState();
            for (uint256 i = 0; i < DEPTH; ++i) _act(actions, uint256(keccak256(abi.encode(run, i))));
            for (uint256 i = 0; i < keys.length; ++i) counts[i] += _watched.successes(keys[i]);
            assertTrue(vm.revertToState(snapshot), "snapshot");
        }
        string memory never = "";
        for (uint256 i = 0; i < keys.length; ++i) {
            if (counts[i] == 0) never = string.concat(never, " ", vm.toString(keys[i]));
        }
        assertEq(never, "", "never happened");
    }

    function _act(bytes4[] memory actions, uint256 seed) private {
        bytes memory call = abi.encodePacked(actions[seed % actions.length]);
        for (uint256 i = 0; i < 5; ++i) call = abi.encodePacked(call, keccak256(abi.encode(seed, i)));
        (bool success, bytes memory reason) = address(_watched).call(call);
        if (success) return;
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }
}
