// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SubscriptionPlan} from "../../contracts/SubscriptionPlan.sol";
import {ISubscriptionPlan} from "../../contracts/interfaces/ISubscriptionPlan.sol";
import {Pair} from "../../contracts/types/Subscription.sol";
import {PeriodUnit, SubscriptionPlanTerms, VaultTerms} from "../../contracts/types/Terms.sol";
import {Journal} from "./Journal.sol";
import {PeriodTable} from "./PeriodTable.sol";
import {SurplusHandler} from "./SurplusHandler.sol";

/// @title PlanHandlerBase
/// @notice Pairs of subscriber and beneficiary, and what the table and the journal say about them. Each amount that was taken for a
/// period, or as a setup fee, is a payment of its own in the journal.
abstract contract PlanHandlerBase is SurplusHandler {
    /// @dev What one message of a subscriber allowed to take, and what was taken by the subscriber's own purse.
    struct Consent {
        uint256 plan;
        uint256 pair;
        uint256 most;
        uint256 mostCharges;
        uint256 taken;
        uint256 charges;
    }

    uint256 public constant PAIRS = 7;
    /// @dev Whose purse and allowances are emptied at times; it pays nothing by authorization.
    uint256 internal constant POOR = 8;
    uint256 internal constant PERIOD_GAS = 200_000;

    PeriodTable public table = new PeriodTable();
    SubscriptionPlanTerms[] internal _terms;
    /// @dev Places among the people.
    uint8[PAIRS] private _subscribers = [0, 1, 2, 3, 8, 0, 3];
    uint8[PAIRS] private _beneficiaries = [0, 1, 2, 3, 8, 1, 1];

    /// @dev The newest charge of each pair, as place in the list and one; zero when it was given back, or given up.
    mapping(uint256 plan => mapping(uint256 pair => uint256)) internal _newest;
    mapping(uint256 plan => mapping(uint256 pair => uint256)) public serialOf;
    mapping(uint256 plan => mapping(uint256 pair => bool)) public isCanceled;
    mapping(uint256 plan => mapping(uint256 person => bool)) public hadTrial;
    mapping(uint256 plan => mapping(uint256 person => uint256)) public undos;
    mapping(uint256 plan => uint256) public stageOf;
    /// @dev Of the pair's newest consent, as place in the list and one.
    mapping(uint256 plan => mapping(uint256 pair => uint256)) internal _consentOf;
    Consent[] internal _consents;

    /// @notice How often a batch did not do what the table says, with any of its items.
    uint256 public wrongCharges;

    constructor(SubscriptionPlanTerms[] memory terms) {
        for (uint256 v = 0; v < terms.length; ++v) {
            _terms.push(terms[v]);
            bool isMonths = terms[v].periodUnit == PeriodUnit.Months;
            table.setRule(v, PeriodTable.Rule(isMonths, terms[v].periodLength, terms[v].grace));
            for (uint256 i = 0; i < _people.length; ++i) setAllowance(v, i, 1);
        }
        tokens[0].mint(_people[POOR].addr, 1e30);
        tokens[1].mint(_people[POOR].addr, 1e30);
    }

    /* WHAT THE INVARIANTS READ */

    function termsOf(uint256 v) public view returns (SubscriptionPlanTerms memory) {
        return _terms[v];
    }

    function partiesOf(uint256 v) public view override returns (VaultTerms memory) {
        SubscriptionPlanTerms storage terms = _terms[v];
        return VaultTerms(terms.receiver, terms.operator, terms.feeReceiver, terms.feeBps, terms.salt);
    }

    function pairAt(uint256 p) public view returns (Pair memory) {
        return Pair(_people[_subscribers[p]].addr, _people[_beneficiaries[p]].addr);
    }

    function subscriberOf(uint256 p) public view returns (uint256) {
        return _subscribers[p];
    }

    function consentCount() external view returns (uint256) {
        return _consents.length;
    }

    function consentAt(uint256 index) external view returns (Consent memory) {
        return _consents[index];
    }

    /// @notice When the newest charge closes, of which money may still be held; zero when there is none.
    function closesAtOf(uint256 v, uint256 p) public view returns (uint256) {
        return _newest[v][p] == 0 ? 0 : _entries[_newest[v][p] - 1].deadline;
    }

    function maturesAtOf(uint256 v, uint256 p) public view returns (uint256) {
        return _newest[v][p] == 0 ? 0 : uint256(_entries[_newest[v][p] - 1].hour) * 1 hours;
    }

    /// @notice Of the entry: who paid, how much, in which plan and hour.
    function entryAt(
        uint256 index
    ) external view returns (uint256 v, uint256 t, address payer, uint256 amount, uint32 hour) {
        Entry storage entry = _entries[index];
        return (entry.vault, entry.token, _people[entry.payer].addr, entry.authorization.value, entry.hour);
    }

    function amountOf(uint256 v, uint256 p) public view returns (uint256) {
        return _terms[v].price * table.quantityOf(v, p);
    }

    function isActive(uint256 v, uint256 p) public view returns (bool) {
        return table.isCovered(v, p, block.timestamp);
    }

    function isLive(uint256 v, uint256 p) public view returns (bool isFound) {
        (isFound, , , ) = table.chargeable(v, p, block.timestamp);
    }

    /// @notice What the merchant owes when it ends the pair's time now, and how much of it is held.
    function owedOf(uint256 v, uint256 p) public view returns (uint256 owed, uint256 held) {
        owed = amountOf(v, p) * table.unused(v, p, block.timestamp);
        if (isActive(v, p) && block.timestamp < maturesAtOf(v, p)) held = amountOf(v, p);
    }

    /* WHO AND WHAT */

    function _plan(uint256 v) internal view returns (SubscriptionPlan) {
        return SubscriptionPlan(address(vaults[v]));
    }

    function _tokenOf(uint256 v) internal view returns (uint256) {
        return _terms[v].token == address(tokens[0]) ? 0 : 1;
    }

    function _domainName() internal pure override returns (string memory) {
        return "Recourse SubscriptionPlan";
    }

    function _schedule(Entry memory entry) internal view override {
        uint256 window = _terms[entry.vault].refundWindow;
        if (window == 0) return;
        entry.deadline = uint40(block.timestamp + window);
        entry.hour = uint32((entry.deadline + 3_599) / 3_600);
    }

    /// @notice All, or nothing.
    function setAllowance(uint256 vaultSeed, uint256 personSeed, uint256 way) public {
        uint256 v = vaultSeed % VAULTS;
        uint256 t = _tokenOf(v);
        address person = _people[personSeed % _people.length].addr;
        vm.prank(person);
        tokens[t].approve(address(vaults[v]), way % 3 == 0 ? 0 : type(uint256).max);
    }

    /// @notice One subscriber has nothing, or more than enough.
    function setPurse(uint256 tokenSeed, uint256 way) external {
        uint256 t = tokenSeed % TOKENS;
        address person = _people[POOR].addr;
        if (_blocked(t, person, _stranger.addr)) return;
        if (way % 2 == 0) {
            tokens[t].mint(person, 1e30);
            return;
        }
        uint256 balance = tokens[t].balanceOf(person);
        vm.prank(person);
        tokens[t].transfer(_stranger.addr, balance);
    }

    /* MONEY */

    /// @dev What a subscriber paid: held for the window, or the receiver's at once.
    function _book(uint256 v, uint256 person, uint256 amount) internal returns (uint256 index) {
        Entry memory entry;
        (entry.vault, entry.token, entry.payer) = (uint8(v), uint8(_tokenOf(v)), uint8(person));
        entry.authorization.value = amount;
        _schedule(entry);
        index = _entries.length;
        _entries.push(entry);
        _note(Journal.Kind.Paid, index, amount, _people[person].addr);
        if (_terms[v].refundWindow == 0) _note(Journal.Kind.Captured, index, amount, _terms[v].receiver);
    }

    /// @dev The newest charge of a pair.
    function _bookPeriod(uint256 v, uint256 p, uint256 amount) internal {
        uint256 index = _book(v, subscriberOf(p), amount);
        _newest[v][p] = _terms[v].refundWindow == 0 ? 0 : index + 1;
    }

    function _pursesOf(uint256 v) internal view returns (uint256[2] memory purses) {
        purses[0] = tokens[_tokenOf(v)].balanceOf(_terms[v].receiver);
        purses[1] = tokens[_tokenOf(v)].balanceOf(_terms[v].feeReceiver);
    }

    /// @dev The receiver's share and the fee.
    function _noteRelease(uint256 v, uint256 amount, uint256[2] memory purses) internal {
        SubscriptionPlanTerms storage terms = _terms[v];
        uint256 fee = (amount * terms.feeBps) / 10_000;
        _notePayout(v, _tokenOf(v), terms.receiver, terms.receiver, amount - fee, purses[0]);
        _notePayout(v, _tokenOf(v), terms.feeReceiver, terms.feeReceiver, fee, purses[1]);
    }

    /// @dev What the token says to a pull, if it took nothing else before.
    function _pullResult(
        uint256 v,
        uint256 person,
        uint256 amount,
        uint256 takenBefore
    ) internal view returns (ISubscriptionPlan.ChargeResult) {
        uint256 t = _tokenOf(v);
        address from = _people[person].addr;
        if (tokens[t].allowance(from, address(vaults[v])) < amount) {
            return ISubscriptionPlan.ChargeResult.AllowanceTooLow;
        }
        if (tokens[t].balanceOf(from) < amount + takenBefore) return ISubscriptionPlan.ChargeResult.BalanceTooLow;
        return
            _blocked(t, from, address(vaults[v]))
                ? ISubscriptionPlan.ChargeResult.Refused
                : ISubscriptionPlan.ChargeResult.Charged;
    }

    /// @dev One with a run, if there is one.
    function _pickPair(uint256 seed) internal view returns (uint256 v, uint256 p) {
        for (uint256 i = 0; i < VAULTS * PAIRS; ++i) {
            uint256 place = ((seed % (VAULTS * PAIRS)) + i) % (VAULTS * PAIRS);
            (v, p) = (place / PAIRS, place % PAIRS);
            if (table.hasRun(v, p)) return (v, p);
        }
    }

    /// @dev One whose newest charge has not gone back and has not matured, if there is one.
    function _pickHeld(uint256 seed) internal view returns (uint256 v, uint256 p) {
        for (uint256 i = 0; i < VAULTS * PAIRS; ++i) {
            uint256 place = ((seed % (VAULTS * PAIRS)) + i) % (VAULTS * PAIRS);
            (v, p) = (place / PAIRS, place % PAIRS);
            if (block.timestamp < maturesAtOf(v, p)) return (v, p);
        }
        return _pickPair(seed);
    }
}
