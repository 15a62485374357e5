// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IMultisig} from "../../contracts/interfaces/IMultisig.sol";
import {IReserves} from "../../contracts/interfaces/IReserves.sol";
import {ISignerSet} from "../../contracts/interfaces/ISignerSet.sol";
import {Spendable} from "../../contracts/types/Spendable.sol";
import {TestBase} from "../utils/TestBase.sol";
import {MultisigHandler} from "./MultisigHandler.sol";
import {MultisigReplay} from "./MultisigReplay.sol";

contract MultisigInvariants is TestBase {
    uint256 private constant RUNS = 16;
    uint256 private constant DEPTH = 64;
    uint256 private constant TOKENS = 2;
    uint256 private constant AGENT = 1;
    uint256 private constant EVERYBODY = 7;

    MultisigHandler private _handler;
    IMultisig private _account;
    ISignerSet private _set;
    IReserves private _reserves;

    function setUp() external {
        _handler = new MultisigHandler();
        (_account, _set, _reserves) = _handler.theAccount();
        targetContract(address(_handler));
        targetSelector(FuzzSelector({addr: address(_handler), selectors: _handler.actions()}));
    }

    /* WHAT A THIEF CAN SPEND */

    /// @dev MS1. What left without a human's approval of exactly that is at most what was above the reserve at the beginning,
    /// what came past `fund`, what humans took from the reserve, and the refills of the time since, a day's part ahead.
    function invariant_MS1_AThiefSpendsNoMoreThanTheBound() external view {
        uint256 elapsed = block.timestamp - _handler.beginning();
        for (uint256 t = 0; t < TOKENS; ++t) {
            MultisigHandler.Book memory book = _handler.bookOf(t);
            uint256 refills = (_handler.rulesOf(t).perDay * (elapsed + 1 days)) / 1 days;
            assertLe(book.spent, book.allowed + refills, "MS1");
        }
    }

    /// @dev MS2. The reserve is what the rules or a call made it, more what came by `fund`, less what was refilled; and the balance
    /// what came less what left.
    function invariant_MS2_TheReserveIsThatOfTheBooks() external view {
        for (uint256 t = 0; t < TOKENS; ++t) {
            MultisigHandler.Book memory book = _handler.bookOf(t);
            assertEq(_spendableOf(t).reserve, book.reserve, "MS2: reserve");
            assertEq(_handler.tokens(t).balanceOf(address(_account)), book.balance, "MS2: balance");
        }
    }

    /// @dev MS3. Between any two refills, and to both, passed the time that they need, a day's part ahead; each is as much as time
    /// and target let it be.
    function invariant_MS3_RefillsKeepToTheirRate() external view {
        assertEq(_handler.wrongRefills(), 0, "MS3: amounts");
        MultisigHandler.Refilling[] memory refills = _handler.refillings();
        for (uint256 i = 0; i < refills.length; ++i) {
            uint256 perDay = _handler.rulesOf(refills[i].token).perDay;
            uint256 sum = 0;
            for (uint256 j = i; j < refills.length; ++j) {
                if (refills[j].token != refills[i].token) continue;
                sum += refills[j].amount;
                assertLe(sum, (perDay * (refills[j].time - refills[i].time + 1 days)) / 1 days, "MS3: rate");
            }
        }
    }

    /* WHAT IS ACCEPTED */

    /// @dev MS4. A standing approval pays as often as it says, never more than it says, while nobody revoked it and the rules are
    /// those of before, and when an agent releases it; else nothing.
    function invariant_MS4_StandingApprovalsPayWhatTheySay() external view {
        assertEq(_handler.wrongStandings(), 0, "MS4: payments");
        MultisigHandler.Standing[] memory standings = _handler.standings();
        for (uint256 i = 0; i < standings.length; ++i) {
            assertLe(standings[i].uses, standings[i].approval.count, "MS4: count");
        }
    }

    /// @dev MS5. Each thing that the account carries out takes its nonce, and each change of its rules is an epoch.
    function invariant_MS5_NonceAndEpochGrowByOne() external view {
        assertEq(_set.nonce(), _handler.executions(), "MS5: nonce");
        assertEq(_set.epoch(), _handler.changes(), "MS5: epoch");
    }

    /// @dev MS6. Of all sets of signers those pay that reach the tier, and without a human those that leave the reserve.
    function invariant_MS6_NoSetOfSignersPaysAboveItsTier() external view {
        uint256 t = block.timestamp % TOKENS;
        MultisigHandler.Rules memory rules = _handler.rulesOf(t);
        uint256[4] memory limits = [rules.agentMax, rules.humanMax, _handler.spendableBy(t), rules.reserve];
        uint256 limit = limits[(block.timestamp / TOKENS) % limits.length];
        for (uint256 signers = 0; signers <= EVERYBODY; ++signers) {
            _comparePayable(t, limit, signers);
            _comparePayable(t, limit + 1, signers);
        }
    }

    function _comparePayable(uint256 t, uint256 value, uint256 signers) private view {
        bool isReceive = signers % 2 == 0;
        assertEq(
            _handler.probe(t, value, signers, isReceive),
            _handler.isPayable(t, value, signers) && signers != 0,
            "MS6"
        );
    }

    /// @dev MS7. `spendableOf` tells to the unit what the agent can pay, in one or in parts; and `weightFor` who it takes.
    function invariant_MS7_SpendableIsWhatTheAgentCanPay() external view {
        for (uint256 t = 0; t < TOKENS; ++t) {
            uint256 amount = _spendableOf(t).amount;
            uint256 agentMax = _handler.rulesOf(t).agentMax;
            assertEq(amount, _handler.spendableBy(t), "MS7: books");
            if (amount != 0) {
                assertTrue(_handler.probe(t, amount < agentMax ? amount : agentMax, AGENT, false), "MS7: all of it");
            }
            assertFalse(_handler.probe(t, amount + 1, AGENT, false), "MS7: one more");
            address token = address(_handler.tokens(t));
            assertEq(_account.weightFor(token, token, amount), _handler.weightFor(t, amount), "MS7: weight");
        }
    }

    /// @dev MS8. After a change of the rules nothing is accepted that was signed before it, payments and calls; until then it is
    /// what its signers can pay.
    function invariant_MS8_NothingSignedBeforeAChangeIsGood() external {
        MultisigHandler.Kept[] memory kept = _handler.kept();
        for (uint256 i = 0; i < kept.length; ++i) {
            if (kept[i].epoch == _handler.changes()) continue;
            assertEq(
                bytes32(_account.isValidSignature(kept[i].digest, kept[i].blob)),
                bytes32(bytes4(0xffffffff)),
                "MS8"
            );
        }
        uint256 snapshot = vm.snapshotState();
        MultisigHandler.KeptExecute[] memory executes = _handler.keptExecutes();
        for (uint256 i = 0; i < executes.length; ++i) {
            bool isGood = executes[i].epoch == _handler.changes() && executes[i].nonce == _set.nonce();
            (bool success, ) = address(_account).call(executes[i].call);
            assertEq(success, isGood, "MS8: execute");
            if (isGood) break;
        }
        assertTrue(vm.revertToState(snapshot), "MS8: snapshot");
    }

    /// @dev MS9. What must be refused is refused, with its own error: too few signers, too much money, wrong people, nonces, epochs,
    /// times, and money that would come back to somebody else.
    function invariant_MS9_RefusalsHold() external view {
        assertEq(_handler.wrongRefusals(), 0, "MS9");
    }

    /// @dev MS10. Who has read every event, and the balances, knows rules, numbers, reserves, refills and revocations as the views
    /// tell them.
    function invariant_MS10_EventsTellTheWholeState() external view {
        MultisigReplay replay = _handler.replay();
        assertEq(replay.account(), address(_account), "MS10: account");
        assertEq(replay.config(), _handler.packed(_set.config()), "MS10: rules");
        assertEq(replay.epoch(), _set.epoch(), "MS10: epoch");
        assertEq(replay.nonce(), _set.nonce(), "MS10: nonce");
        for (uint256 t = 0; t < TOKENS; ++t) {
            address token = address(_handler.tokens(t));
            Spendable memory spendable = _spendableOf(t);
            uint256 balance = _handler.tokens(t).balanceOf(address(_account));
            assertEq(replay.reserveOf(token), spendable.reserve, "MS10: reserve");
            assertEq(replay.spendableAfterRefill(token, balance), spendable.afterRefill, "MS10: refill");
        }
        MultisigHandler.Standing[] memory standings = _handler.standings();
        for (uint256 i = 0; i < standings.length; ++i) {
            bytes32 id = _account.standingDigestOf(standings[i].approval);
            assertEq(replay.isRevoked(id), _account.isRevoked(id), "MS10: revoked");
        }
    }

    function _spendableOf(uint256 t) private view returns (Spendable memory) {
        return _reserves.spendableOf(address(_handler.tokens(t)));
    }

    /* ARE THE RUNS WORTH ANYTHING */

    function test_ActionsSucceedAndRefusalsHappen() external {
        bytes32[23] memory keys = [
            bytes32("agent paid"),
            "agent refused",
            "humans paid",
            "humans refused",
            "fund",
            "fundWithAuthorization",
            "donate",
            "refill",
            "nothing to refill",
            "took back",
            "sent elsewhere",
            "gave back",
            "disputed",
            "approved ahead",
            "standing used",
            "standing refused",
            "revoked",
            "not revoked",
            "setReserve",
            "reconfigure",
            "kept",
            "kept execute",
            "usurped"
        ];
        uint256[23] memory counts;
        bytes4[] memory actions = _handler.actions();
        for (uint256 run = 0; run < RUNS; ++run) {
            uint256 snapshot = vm.snapshotState();
            for (uint256 i = 0; i < DEPTH; ++i) _act(actions, uint256(keccak256(abi.encode(run, i))));
            for (uint256 i = 0; i < keys.length; ++i) counts[i] += _handler.successes(keys[i]);
            assertTrue(vm.revertToState(snapshot), "snapshot");
        }
        for (uint256 i = 0; i < keys.length; ++i) assertGt(counts[i], 0, vm.toString(keys[i]));
    }

    /// @dev No action takes more than four numbers.
    function _act(bytes4[] memory actions, uint256 seed) private {
        uint256[4] memory numbers;
        for (uint256 i = 0; i < numbers.length; ++i) numbers[i] = uint256(keccak256(abi.encode(seed, i)));
        bytes memory call = abi.encodePacked(actions[seed % actions.length], abi.encode(numbers));
        (bool success, bytes memory reason) = address(_handler).call(call);
        assertTrue(success, vm.toString(reason));
    }
}
