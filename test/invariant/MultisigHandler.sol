// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Escrow} from "../../contracts/Escrow.sol";
import {ReceiptVerifier} from "../../contracts/ReceiptVerifier.sol";
import {RefundWindow} from "../../contracts/RefundWindow.sol";
import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {IMultisig} from "../../contracts/interfaces/IMultisig.sol";
import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IReserves} from "../../contracts/interfaces/IReserves.sol";
import {ISignerSet} from "../../contracts/interfaces/ISignerSet.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {TokenLib} from "../../contracts/libraries/TokenLib.sol";
import {TypedDataLib} from "../../contracts/libraries/TypedDataLib.sol";
import {DomainKind, MessageKind} from "../../contracts/types/Blob.sol";
import {MultisigConfig, Tier, TokenRules} from "../../contracts/types/MultisigConfig.sol";
import {Authorization, Method, PaymentRef} from "../../contracts/types/Payment.sol";
import {EscrowTerms, RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {Call, Dispute, Execute, PaymentApproval, Refund, StandingApproval} from "../../contracts/types/TypedData.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {MultisigTest} from "../utils/MultisigTest.sol";
import {MultisigReplay} from "./MultisigReplay.sol";

/// @title MultisigHandler
/// @notice An account whose agent's key a thief has, and its humans, who go on working. The thief is every party of the vaults that
/// it pays. What must be accepted and what must be refused is known from independent books; what must succeed and does not
/// reverts.
contract MultisigHandler is MultisigTest {
    /// @notice Books of one token.
    /// @param balance What the account has.
    /// @param reserve What agents cannot touch.
    /// @param allowed What agents could spend from the beginning: what was above the reserve, what came past `fund`, and what
    /// humans took from the reserve. Refills come on top.
    /// @param spent What left without a human's approval of exactly that.
    /// @param credit What time has earned for refills, in units times seconds.
    /// @param creditAt Until when.
    struct Book {
        uint256 balance;
        uint256 reserve;
        uint256 allowed;
        uint256 spent;
        uint256 credit;
        uint256 creditAt;
    }

    /// @dev As the config has them.
    struct Rules {
        uint96 reserve;
        uint96 perDay;
        uint96 target;
        uint96 agentMax;
        uint96 humanMax;
    }

    struct Refilling {
        uint256 token;
        uint256 amount;
        uint256 time;
    }

    /// @dev `signers` has a bit for each of agent, alice and bob.
    struct Standing {
        StandingApproval approval;
        uint256 token;
        uint256 signers;
        bool isRevoked;
        uint256 uses;
    }

    /// @dev Signed, and kept.
    struct Kept {
        bytes32 digest;
        bytes blob;
        uint256 epoch;
    }

    /// @dev The call of `execute`.
    struct KeptExecute {
        bytes call;
        uint256 nonce;
        uint256 epoch;
    }

    /// @dev What was paid into a vault.
    struct Paid {
        uint256 place;
        uint256 token;
        bytes32 nonce;
    }

    uint256 public constant TOKENS = 2;
    uint256 private constant PLACES = 5;
    uint256 private constant WINDOW = 0;
    uint256 private constant JUDGED = 1;
    uint256 private constant ESCROW = 2;
    uint256 private constant RECEIVED = 3;
    uint256 private constant AGENT = 1;
    uint256 private constant HUMANS = 6;
    uint256 private constant PAYOUT_GAS = 150_000;
    uint256 private constant KEPT = 24;
    /// @dev A way in which nothing is wrong with the use of a standing approval.
    uint256 private constant GOOD = 5;
    uint256 public immutable beginning = START;

    MultisigReplay public immutable replay = new MultisigReplay();
    Token3009[] public tokens;
    RefundWindow[2] private _windows;
    Escrow private _escrow;
    Account private _thief;

    Book[TOKENS] private _books;
    Rules[TOKENS] private _rules;
    Refilling[] private _refillings;
    Standing[] private _standings;
    mapping(uint256 standing => mapping(uint256 index => bool)) private _isUsed;
    Kept[] private _kept;
    KeptExecute[] private _keptExecutes;
    Paid[] private _paid;
    uint256 private _nonces;

    /// @notice How often the account carried something out, and how often its rules changed.
    uint256 public executions;
    uint256 public changes;
    /// @notice How often each thing was done and succeeded, or was refused as it must be.
    mapping(bytes32 name => uint256) public successes;
    /// @notice How often something that must be refused was not, or was refused otherwise.
    uint256 public wrongRefusals;
    /// @notice How often a refill was another than time and target say.
    uint256 public wrongRefills;
    /// @notice How often a standing approval paid what it does not cover.
    uint256 public wrongStandings;

    /// @dev Only where nothing is reverted that has told something: the recorder keeps that too.
    modifier told() {
        vm.recordLogs();
        _;
        replay.read(vm.getRecordedLogs());
    }

    constructor() {
        MultisigTest.setUp();
        _thief = makeAccount("thief");
        tokens.push(token);
        tokens.push(new Token3009());
        if (address(tokens[1]) < address(tokens[0])) (tokens[0], tokens[1]) = (tokens[1], tokens[0]);
        _rules[0] = Rules(RESERVE, PER_DAY, TARGET, SMALL, LARGE);
        // Odd numbers, and an agent who may pay in one what others split.
        _rules[1] = Rules(777_777_777, 86_399_999, 31_000_001, 500e6, 600e6);
        _deployTold();
        _deployVaults();
        for (uint256 t = 0; t < TOKENS; ++t) {
            tokens[t].mint(address(account), BALANCE);
            tokens[t].mint(_thief.addr, 1e30);
            tokens[t].mint(stranger.addr, 1e30);
            _approve(t, stranger.addr);
            _approve(t, _thief.addr);
            _books[t].balance = BALANCE;
            _books[t].reserve = _rules[t].reserve;
            _books[t].allowed = BALANCE - _rules[t].reserve;
            _books[t].credit = uint256(_rules[t].perDay) * 1 days;
            _books[t].creditAt = block.timestamp;
        }
    }

    function _deployTold() private told {
        account = deployAccount(_config(), "handler");
    }

    function _approve(uint256 t, address owner) private {
        vm.prank(owner);
        tokens[t].approve(address(account), type(uint256).max);
    }

    function _deployVaults() private {
        ReceiptVerifier verifier = deployVerifier();
        RefundWindowTerms memory terms;
        (terms.receiver, terms.operator) = (_thief.addr, agent.addr);
        terms.window = 365 days;
        for (uint256 i = 0; i < _windows.length; ++i) {
            _windows[i] = RefundWindow(deployFactory(deployImplementation(verifier)).deploy(abi.encode(terms)));
            (terms.arbiter, terms.resolutionPeriod) = (stranger.addr, 90 days);
        }
        EscrowTerms memory escrowTerms;
        (escrowTerms.receiver, escrowTerms.operator) = (_thief.addr, agent.addr);
        escrowTerms.captureWindow = 365 days;
        _escrow = Escrow(deployFactory(deployEscrowImplementation(verifier)).deploy(abi.encode(escrowTerms)));
    }

    function _config() private view returns (MultisigConfig memory config) {
        config = defaultConfig();
        config.tokens = new TokenRules[](TOKENS);
        for (uint256 t = 0; t < TOKENS; ++t) {
            config.tokens[t] = defaultRules(address(tokens[t]));
            config.tokens[t].reserve = _rules[t].reserve;
            config.tokens[t].refillPerDay = _rules[t].perDay;
            config.tokens[t].refillTarget = _rules[t].target;
            config.tokens[t].tiers[0] = Tier({maxValue: _rules[t].agentMax, weight: AGENT_WEIGHT});
            config.tokens[t].tiers[1] = Tier({maxValue: _rules[t].humanMax, weight: AGENT_WEIGHT + HUMAN_WEIGHT});
        }
    }

    /// @notice All that the fuzzer may call.
    function actions() external pure returns (bytes4[] memory list) {
        list = new bytes4[](22);
        list[0] = this.payByAgent.selector;
        list[1] = this.split.selector;
        list[2] = this.payWithHumans.selector;
        list[3] = this.fund.selector;
        list[4] = this.fundByAuthorization.selector;
        list[5] = this.donate.selector;
        list[6] = this.refill.selector;
        list[7] = this.takeBack.selector;
        list[8] = this.sendElsewhere.selector;
        list[9] = this.giveBack.selector;
        list[10] = this.dispute.selector;
        list[11] = this.approveAhead.selector;
        list[12] = this.useStanding.selector;
        list[13] = this.approveAhead.selector;
        list[14] = this.revoke.selector;
        list[15] = this.setReserve.selector;
        list[16] = this.changeRules.selector;
        list[17] = this.keepApproval.selector;
        list[18] = this.keepExecute.selector;
        list[19] = this.usurp.selector;
        list[20] = this.travel.selector;
        list[21] = this.refill.selector;
    }

    /* WHAT THE INVARIANTS READ */

    function bookOf(uint256 t) external view returns (Book memory) {
        return _books[t];
    }

    function rulesOf(uint256 t) external view returns (Rules memory) {
        return _rules[t];
    }

    /// @notice Rules as the account packs them.
    function packed(MultisigConfig calldata config) external view returns (bytes memory) {
        return implementation.encodeConfig(config);
    }

    function theAccount() external view returns (IMultisig, ISignerSet, IReserves) {
        return (account, account, account);
    }

    function refillings() external view returns (Refilling[] memory) {
        return _refillings;
    }

    function standings() external view returns (Standing[] memory) {
        return _standings;
    }

    function kept() external view returns (Kept[] memory) {
        return _kept;
    }

    function keptExecutes() external view returns (KeptExecute[] memory) {
        return _keptExecutes;
    }

    /// @notice What the agents can spend by the books.
    function spendableBy(uint256 t) public view returns (uint256) {
        Book storage book = _books[t];
        return book.balance > book.reserve ? book.balance - book.reserve : 0;
    }

    /// @notice Whether these signers can pay this much, by the books.
    function isPayable(uint256 t, uint256 value, uint256 signers) public view returns (bool) {
        if (weightOf(signers) < weightFor(t, value)) return false;
        Book storage book = _books[t];
        return signers & HUMANS != 0 || (value <= book.balance && book.balance - value >= book.reserve);
    }

    function weightOf(uint256 signers) public pure returns (uint256) {
        return (signers & 1) * AGENT_WEIGHT + (((signers >> 1) & 1) + (signers >> 2)) * HUMAN_WEIGHT;
    }

    function weightFor(uint256 t, uint256 value) public view returns (uint256) {
        if (value <= _rules[t].agentMax) return AGENT_WEIGHT;
        return value <= _rules[t].humanMax ? AGENT_WEIGHT + HUMAN_WEIGHT : FULL_WEIGHT;
    }

    /// @notice What the account answers to a payment that these signers approved of.
    function probe(uint256 t, uint256 value, uint256 signers, bool isReceive) external view returns (bool) {
        PaymentApproval memory payment = _paymentOf(t, value, isReceive);
        payment.nonce = "probe";
        return account.isValidSignature(tokenDigest(payment), _blobOf(t, payment, signers)) == VALID;
    }

    /* THE THIEF PAYS */

    /// @notice The agent alone pays the thief, or a vault of the thief's.
    function payByAgent(uint256 t, uint256 value, uint256 place) external {
        t = bound(t, 0, TOKENS - 1);
        uint256 most = 2 * uint256(_rules[t].agentMax);
        // About what is spendable, every other time.
        if (value % 2 == 0 && spendableBy(t) != 0) value = bound(value / 2, 1, spendableBy(t) + 1);
        _payByAgent(t, bound(value, 0, most), bound(place, 0, PLACES - 1));
    }

    /// @notice The agent pays as much as it can below its tier, several times.
    function split(uint256 t, uint256 times, uint256 place) external {
        t = bound(t, 0, TOKENS - 1);
        times = bound(times, 1, 16);
        for (uint256 i = 0; i < times; ++i) _payByAgent(t, _rules[t].agentMax, bound(place, 0, PLACES - 1));
        if (spendableBy(t) <= _rules[t].agentMax) _payByAgent(t, spendableBy(t), bound(place, 0, PLACES - 1));
    }

    function _payByAgent(uint256 t, uint256 value, uint256 place) private {
        if (value == 0 && place <= ESCROW) return;
        PaymentApproval memory payment = _paymentOf(t, value, place == RECEIVED);
        payment.payee = _payeeAt(place);
        bytes memory blob = _blobOf(t, payment, AGENT);
        (bool success, bytes memory reason) = _present(payment, blob, place, t);
        if (!isPayable(t, value, AGENT)) {
            _expectRefusal(success, reason, place, "agent refused");
            if (success) _steal(t, value);
            return;
        }
        _insist(success, reason);
        _steal(t, value);
        if (place <= ESCROW) _paid.push(Paid({place: place, token: t, nonce: payment.nonce}));
        ++successes["agent paid"];
    }

    /* HUMANS PAY */

    function payWithHumans(uint256 t, uint256 value, uint256 signers) external {
        t = bound(t, 0, TOKENS - 1);
        signers = bound(signers, 2, 7);
        value = bound(value, 0, 2 * uint256(_rules[t].humanMax));
        if (value > _books[t].balance) value = _books[t].balance;
        PaymentApproval memory payment = _paymentOf(t, value, false);
        payment.payee = value % 3 == 0 && value != 0 ? address(_windows[0]) : shop;
        uint256 place = payment.payee == shop ? PLACES : WINDOW;
        bytes memory blob = _blobOf(t, payment, signers);
        (bool success, bytes memory reason) = _present(payment, blob, place, t);
        if (!isPayable(t, value, signers)) {
            _expectRefusal(success, reason, place, "humans refused");
            if (success) _steal(t, value);
            return;
        }
        _insist(success, reason);
        _leave(t, value);
        if (place == WINDOW) _paid.push(Paid({place: place, token: t, nonce: payment.nonce}));
        ++successes["humans paid"];
    }

    /* MONEY COMES */

    function fund(uint256 t, uint256 amount) external told {
        t = bound(t, 0, TOKENS - 1);
        amount = bound(amount, 0, 100e6);
        vm.prank(stranger.addr);
        account.fund(address(tokens[t]), amount);
        _books[t].balance += amount;
        _books[t].reserve += amount;
        ++successes["fund"];
    }

    function fundByAuthorization(uint256 t, uint256 amount) external told {
        t = bound(t, 0, TOKENS - 1);
        Authorization memory authorization;
        authorization.token = address(tokens[t]);
        authorization.payer = stranger.addr;
        authorization.value = bound(amount, 0, 100e6);
        authorization.validBefore = type(uint40).max;
        authorization.nonce = bytes32(++_nonces);
        authorization.signature = sign(stranger.key, _receiveDigest(t, authorization));
        vm.prank(_thief.addr);
        account.fundWithAuthorization(authorization);
        _books[t].balance += authorization.value;
        _books[t].reserve += authorization.value;
        ++successes["fundWithAuthorization"];
    }

    function _receiveDigest(uint256 t, Authorization memory authorization) private view returns (bytes32) {
        return
            tokens[t].receiveDigestOf({
                from: authorization.payer,
                to: address(account),
                value: authorization.value,
                validAfter: 0,
                validBefore: authorization.validBefore,
                nonce: authorization.nonce
            });
    }

    function donate(uint256 t, uint256 amount) external {
        t = bound(t, 0, TOKENS - 1);
        amount = bound(amount, 1, 20e6);
        vm.prank(stranger.addr);
        tokens[t].transfer(address(account), amount);
        _arrive(t, amount);
        ++successes["donate"];
    }

    function refill(uint256 t) external told {
        t = bound(t, 0, TOKENS - 1);
        Book storage book = _books[t];
        // Else there is mostly nothing to refill.
        for (uint256 i = 0; i < 16 && spendableBy(t) >= _rules[t].target; ++i) {
            _payByAgent(t, Math.min(spendableBy(t), _rules[t].agentMax), PLACES - 1);
        }
        uint256 full = uint256(_rules[t].perDay) * 1 days;
        book.credit += (block.timestamp - book.creditAt) * _rules[t].perDay;
        if (book.credit > full) book.credit = full;
        book.creditAt = block.timestamp;

        uint256 target = _rules[t].target;
        uint256 wanted = spendableBy(t) >= target ? 0 : _wantedOf(book, target);
        uint256 before = account.spendableOf(address(tokens[t])).reserve;
        (bool success, bytes memory reason) = address(account).call(
            abi.encodeCall(IReserves.refill, (address(tokens[t])))
        );
        if (!success) {
            bool isRight = wanted == 0 || book.credit / 1 days <= _slackOf(t);
            if (!isRight || bytes4(reason) != IReserves.NothingToRefill.selector) ++wrongRefusals;
            ++successes["nothing to refill"];
            return;
        }
        uint256 amount = abi.decode(reason, (uint256));
        if (amount > wanted || amount * 1 days > book.credit) ++wrongRefills;
        if (amount < wanted && amount + _slackOf(t) < book.credit / 1 days) ++wrongRefills;
        if (before - account.spendableOf(address(tokens[t])).reserve != amount) ++wrongRefills;
        book.credit = amount * 1 days > book.credit ? 0 : book.credit - amount * 1 days;
        book.reserve -= amount;
        _refillings.push(Refilling({token: t, amount: amount, time: block.timestamp}));
        ++successes["refill"];
    }

    /// @dev A part of a second is lost with each refill, and no more.
    function _slackOf(uint256 t) private view returns (uint256) {
        return (_refillings.length + 1) * (_rules[t].perDay / 1 days + 1);
    }

    /// @dev How far the reserve is from letting the target be spendable.
    function _wantedOf(Book memory book, uint256 target) private pure returns (uint256) {
        uint256 goal = book.balance > target ? book.balance - target : 0;
        return book.reserve > goal ? book.reserve - goal : 0;
    }

    /* MONEY COMES BACK */

    /// @notice The agent alone takes a payment back, or the part of it that it can.
    function takeBack(uint256 index, uint256 amount) external {
        (bool found, Paid memory paid) = _somethingPaid(index, WINDOW);
        if (!found) return;
        (Refund memory message, bytes memory blob) = _refundOf(paid, amount, address(account), AGENT);
        if (message.amount == 0) return;
        _windows[WINDOW].refundWithSignature(_refOf(paid), message, blob, PAYOUT_GAS);
        _arrive(paid.token, message.amount);
        ++successes["took back"];
    }

    /// @notice To anybody else it cannot.
    function sendElsewhere(uint256 index, uint256 amount, uint256 signers) external {
        (bool found, Paid memory paid) = _somethingPaid(index, WINDOW);
        if (!found) return;
        signers = bound(signers, 1, 5);
        (Refund memory message, bytes memory blob) = _refundOf(paid, amount, _thief.addr, signers);
        if (message.amount == 0) return;
        bytes memory call = abi.encodeCall(
            IRefundWindow.refundWithSignature,
            (_refOf(paid), message, blob, PAYOUT_GAS)
        );
        (bool success, bytes memory reason) = address(_windows[WINDOW]).call(call);
        if (success || bytes4(reason) != IVault.SignatureInvalid.selector) ++wrongRefusals;
        ++successes["sent elsewhere"];
    }

    /// @notice The shop that the thief is gives an escrow's payment back, or keeps it.
    function giveBack(uint256 index, uint256 way) external {
        (bool found, Paid memory paid) = _somethingPaid(index, ESCROW);
        if (!found) return;
        IEscrow.EscrowPayment memory payment = _escrow.paymentOf(_refOf(paid));
        if (payment.held == 0) return;
        vm.prank(agent.addr);
        if (way % 3 == 0) {
            _escrow.capture(_refOf(paid), payment.held, payment.held, payment.captured, PAYOUT_GAS);
            return;
        }
        _escrow.void(_refOf(paid), payment.held, PAYOUT_GAS);
        _arrive(paid.token, payment.held);
        ++successes["gave back"];
    }

    /// @notice The agent disputes a payment, the arbiter gives a part of it back, and anybody sends the account its credit.
    function dispute(uint256 index, uint256 share) external {
        (bool found, Paid memory paid) = _somethingPaid(index, JUDGED);
        if (!found) return;
        PaymentRef memory ref = _refOf(paid);
        IRefundWindow.Payment memory payment = _windows[JUDGED].paymentOf(ref);
        if (payment.status != IRefundWindow.Status.Open) return;
        Dispute memory message = Dispute({paymentId: payment.id, evidence: 0, deadline: type(uint40).max});
        bytes memory data = abi.encode(message);
        bytes memory blob = _messageBlob(
            MessageKind.Dispute,
            address(_windows[JUDGED]),
            "MessageApproval(uint256 epoch,address verifyingContract,Dispute message)Dispute(bytes32 paymentId,bytes32 evidence,uint256 deadline)",
            TypedDataLib.DISPUTE_TYPEHASH,
            data,
            AGENT
        );
        _windows[JUDGED].disputeWithSignature(ref, message, blob);
        share = bound(share, 0, payment.held);
        vm.prank(stranger.addr);
        _windows[JUDGED].resolve(ref, share, payment.held - share, 0);
        if (share == 0) return;
        vm.prank(_thief.addr);
        _windows[JUDGED].withdraw(ref.token, address(account), address(account));
        _arrive(paid.token, share);
        ++successes["disputed"];
    }

    function _refundOf(
        Paid memory paid,
        uint256 amount,
        address to,
        uint256 signers
    ) private view returns (Refund memory message, bytes memory blob) {
        IRefundWindow.Payment memory payment = _windows[WINDOW].paymentOf(_refOf(paid));
        if (payment.held == 0 || block.timestamp >= payment.closesAt) return (message, blob);
        message = Refund({
            paymentId: payment.id,
            by: address(account),
            amount: bound(amount, 1, payment.held),
            to: to,
            expectedHeld: payment.held,
            expectedRefunded: payment.refunded,
            deadline: type(uint40).max
        });
        blob = _messageBlob(
            MessageKind.Refund,
            address(_windows[WINDOW]),
            "MessageApproval(uint256 epoch,address verifyingContract,Refund message)"
            "Refund(bytes32 paymentId,address by,uint256 amount,address to,uint256 expectedHeld,uint256 expectedRefunded,uint256 deadline)",
            TypedDataLib.REFUND_TYPEHASH,
            abi.encode(message),
            signers
        );
    }

    function _messageBlob(
        MessageKind kind,
        address vault,
        string memory approvalType,
        bytes32 typeHash,
        bytes memory data,
        uint256 signers
    ) private view returns (bytes memory) {
        bytes32 structHash = keccak256(bytes.concat(typeHash, data));
        bytes memory signatures = signaturesOf(
            messageApprovalDigest(approvalType, vault, structHash),
            _accountsOf(signers)
        );
        return messageBlob(kind, DomainKind.RefundWindow, vault, data, signatures);
    }

    function _somethingPaid(uint256 index, uint256 place) private view returns (bool found, Paid memory paid) {
        for (uint256 i = 0; i < _paid.length; ++i) {
            paid = _paid[((index % _paid.length) + i) % _paid.length];
            if (paid.place == place) return (true, paid);
        }
    }

    function _refOf(Paid memory paid) private view returns (PaymentRef memory) {
        return
            PaymentRef({
                method: Method.Eip3009,
                token: address(tokens[paid.token]),
                payer: address(account),
                nonce: paid.nonce
            });
    }

    /* STANDING APPROVALS */

    /// @notice Signers, of whom a human may be one, agree to payments ahead.
    function approveAhead(uint256 t, uint256 maxValue, uint256 count, uint256 signers) external {
        if (_standings.length == KEPT) return;
        t = bound(t, 0, TOKENS - 1);
        StandingApproval memory approval = standingOf(bound(maxValue, 0, 8e6), bound(count, 0, 4));
        approval.token = address(tokens[t]);
        approval.salt = bytes32(++_nonces);
        signers = bound(signers, 1, 7);
        Standing storage standing = _standings.push();
        (standing.approval, standing.token, standing.signers) = (approval, t, signers);
        ++successes["approved ahead"];
        // While nothing else is wrong with it.
        for (uint256 way = 0; way <= GOOD; ++way) useStanding(_standings.length - 1, 0, 0, way);
    }

    /// @notice The agent releases one of them, or more than it may.
    function useStanding(uint256 which, uint256 index, uint256 value, uint256 way) public {
        if (_standings.length == 0) return;
        which = bound(which, 0, _standings.length - 1);
        Standing storage standing = _standings[which];
        StandingApproval memory approval = standing.approval;
        way = way % 8;
        index = way == 0 ? approval.count : bound(index, 0, approval.count == 0 ? 0 : approval.count - 1);
        value = way == 1 ? approval.maxValue + 1 : bound(value, 0, approval.maxValue);
        if (value > _books[standing.token].balance) return;
        PaymentApproval memory payment = paymentUnder(approval, index, value);
        payment.token = approval.token;
        if (way == 2) payment.payee = _thief.addr;
        if (way == 3) payment.validBefore = approval.validUntil + 1;
        Account[] memory releasing = way == 4 ? nobody() : _accountsOf(AGENT);
        bytes memory blob = _standingBlob(standing, uint16(index), payment, releasing);
        (bool success, bytes memory reason) = _present(payment, blob, PLACES, standing.token);
        if (!_isCovered(standing, which, index, payment, releasing.length)) {
            _expectStandingRefusal(success, reason, _isUsed[which][index]);
            if (success) _steal(standing.token, value);
            return;
        }
        _insist(success, reason);
        _isUsed[which][index] = true;
        ++standing.uses;
        _leave(standing.token, value);
        ++successes["standing used"];
    }

    function _standingBlob(
        Standing memory standing,
        uint16 index,
        PaymentApproval memory payment,
        Account[] memory releasing
    ) private view returns (bytes memory blob) {
        blob = standingBlob(standing.approval, index, payment, releasing, _accountsOf(standing.signers));
        blob[1] = bytes1(uint8(standing.token));
    }

    function _isCovered(
        Standing memory standing,
        uint256 which,
        uint256 index,
        PaymentApproval memory payment,
        uint256 releasing
    ) private view returns (bool) {
        StandingApproval memory approval = standing.approval;
        bool isLive = !standing.isRevoked && approval.epoch == changes && !_isUsed[which][index];
        bool isWithin =
            index < approval.count &&
                payment.value <= approval.maxValue &&
                payment.payee == approval.payee &&
                payment.validBefore <= approval.validUntil;
        bool isSigned =
            releasing != 0 &&
                standing.signers & HUMANS != 0 &&
                weightOf(standing.signers) >= weightFor(standing.token, approval.maxValue * approval.count);
        return isLive && isWithin && isSigned;
    }

    function _expectStandingRefusal(bool success, bytes memory reason, bool isUsed) private {
        if (success) ++wrongStandings;
        bytes4 expected =
            isUsed ? Token3009.AuthorizationUsedOrCanceled.selector : Token3009.AuthorizationSignatureInvalid.selector;
        if (!success && bytes4(reason) != expected) ++wrongStandings;
        ++successes["standing refused"];
    }

    function revoke(uint256 which, uint256 who) external told {
        if (_standings.length == 0) return;
        which = bound(which, 0, _standings.length - 1);
        Standing storage standing = _standings[which];
        bytes32 id = standingDigest(standing.approval);
        address[4] memory people = [agent.addr, _thief.addr, alice.addr, bob.addr];
        who = bound(who, 0, people.length - 1);
        vm.prank(people[who]);
        (bool success, bytes memory reason) = address(account).call(abi.encodeCall(IMultisig.revoke, (id)));
        if (who < 2) {
            if (success || bytes4(reason) != IMultisig.NotHuman.selector) ++wrongRefusals;
            ++successes["not revoked"];
            return;
        }
        _insist(success, reason);
        standing.isRevoked = true;
        for (uint256 i = 0; i < standing.approval.count; ++i) useStanding(which, i, 0, GOOD);
        ++successes["revoked"];
    }

    /* HUMANS RULE */

    function setReserve(uint256 t, uint256 amount) external told {
        t = bound(t, 0, TOKENS - 1);
        // Mostly near what it is: else nothing would be left to steal, or nothing to protect.
        amount = bound(amount, _books[t].reserve / 2, _books[t].reserve + 50e6);
        executeByHumans(address(account), abi.encodeCall(IReserves.setReserve, (address(tokens[t]), amount)));
        ++executions;
        _setReserve(t, amount);
        ++successes["setReserve"];
    }

    /// @notice Other reserves, now and then.
    function changeRules(uint256 t, uint256 reserve) external told {
        t = bound(t, 0, TOKENS - 1);
        bool isNew = reserve % 2 == 0;
        if (isNew) {
            uint256 old = _rules[t].reserve;
            reserve = bound(reserve, old / 2, old + 50e6);
            isNew = reserve != old;
            _rules[t].reserve = uint96(reserve);
        }
        bytes memory packed = implementation.encodeConfig(_config());
        executeByHumans(address(account), abi.encodeCall(ISignerSet.reconfigure, (packed)));
        ++executions;
        ++changes;
        if (isNew) _setReserve(t, reserve);
        ++successes["reconfigure"];
    }

    function _setReserve(uint256 t, uint256 amount) private {
        Book storage book = _books[t];
        if (amount < book.reserve) book.allowed += book.reserve - amount;
        book.reserve = amount;
    }

    /// @notice Somebody tries to rule who may not.
    function usurp(uint256 signers, uint256 way) external {
        signers = bound(signers, 1, 5);
        Call memory call = Call({
            to: address(tokens[0]),
            value: 0,
            data: abi.encodeCall(tokens[0].transfer, (_thief.addr, 1))
        });
        Execute memory message = executeOf(call);
        bytes4 expected = IMultisig.WeightTooLow.selector;
        way = bound(way, 0, 4);
        if (way == 1) (message.nonce, expected) = (message.nonce + 1, IMultisig.NonceMismatch.selector);
        if (way == 2) (message.epoch, expected) = (message.epoch + 1, IMultisig.EpochMismatch.selector);
        if (way == 3) (message.deadline, expected) = (block.timestamp, IMultisig.SignatureExpired.selector);
        if (way != 0) signers = 7;
        bytes memory signatures = signaturesOf(executeDigest(message), _accountsOf(signers));
        if (way == 4) (signatures[10], expected) = (~signatures[10], IMultisig.SignaturesInvalid.selector);
        vm.prank(_thief.addr);
        (bool success, bytes memory reason) = address(account).call(
            abi.encodeCall(IMultisig.execute, (message, signatures))
        );
        if (success || bytes4(reason) != expected) ++wrongRefusals;
        ++successes["usurped"];
    }

    /* SIGNED, AND KEPT */

    /// @notice Somebody signs a payment and does not present it.
    function keepApproval(uint256 t, uint256 value, uint256 signers) external {
        if (_kept.length == KEPT) return;
        t = bound(t, 0, TOKENS - 1);
        signers = bound(signers, 1, 7);
        PaymentApproval memory payment = _paymentOf(t, bound(value, 1, 2 * uint256(_rules[t].humanMax)), false);
        payment.validBefore = type(uint40).max;
        _kept.push(Kept({digest: tokenDigest(payment), blob: _blobOf(t, payment, signers), epoch: changes}));
        ++successes["kept"];
    }

    /// @notice Humans sign what the account does after the next that it does.
    function keepExecute() external {
        if (_keptExecutes.length == KEPT) return;
        Execute memory message = executeOf(Call({to: _thief.addr, value: 0, data: ""}));
        message.nonce += 1;
        message.deadline = type(uint40).max;
        bytes memory signatures = signaturesOf(executeDigest(message), _accountsOf(HUMANS));
        bytes memory call = abi.encodeCall(IMultisig.execute, (message, signatures));
        _keptExecutes.push(KeptExecute({call: call, nonce: message.nonce, epoch: changes}));
        ++successes["kept execute"];
    }

    function travel(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 30 hours));
    }

    /* HOW IT IS DONE */

    function _paymentOf(
        uint256 t,
        uint256 value,
        bool isReceive
    ) private view returns (PaymentApproval memory payment) {
        payment = paymentOf(value);
        payment.token = address(tokens[t]);
        payment.payee = _thief.addr;
        payment.nonce = keccak256(abi.encode(_nonces, _paid.length, t, value, block.timestamp));
        if (isReceive) payment.method = RECEIVE;
    }

    function _blobOf(
        uint256 t,
        PaymentApproval memory payment,
        uint256 signers
    ) private view returns (bytes memory blob) {
        blob = paymentBlob(payment, _accountsOf(signers));
        blob[1] = bytes1(uint8(t));
    }

    function _payeeAt(uint256 place) private view returns (address) {
        if (place == ESCROW) return address(_escrow);
        return place < ESCROW ? address(_windows[place]) : _thief.addr;
    }

    /// @dev To a vault by its `pay`, to the thief by its own call, else by anybody.
    function _present(
        PaymentApproval memory payment,
        bytes memory blob,
        uint256 place,
        uint256 t
    ) private returns (bool success, bytes memory reason) {
        if (place <= ESCROW) return payment.payee.call(abi.encodeCall(IVault.pay, (_authorizationOf(payment, blob))));
        string memory signature =
            place == RECEIVED
                ? "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"
                : "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)";
        bytes memory call = abi.encodeWithSignature(
            signature,
            address(account),
            payment.payee,
            payment.value,
            payment.validAfter,
            payment.validBefore,
            payment.nonce,
            blob
        );
        vm.prank(_thief.addr);
        return address(tokens[t]).call(call);
    }

    function _authorizationOf(
        PaymentApproval memory payment,
        bytes memory blob
    ) private view returns (Authorization memory) {
        return
            Authorization({
                token: payment.token,
                payer: address(account),
                value: payment.value,
                validAfter: payment.validAfter,
                validBefore: payment.validBefore,
                nonce: payment.nonce,
                signature: blob
            });
    }

    function _expectRefusal(bool success, bytes memory reason, uint256 place, bytes32 name) private {
        // A vault tells the token's reason inside its own.
        bytes4 expected =
            place <= ESCROW
                ? TokenLib.TokenRefusedAuthorization.selector
                : Token3009.AuthorizationSignatureInvalid.selector;
        if (success || bytes4(reason) != expected) ++wrongRefusals;
        ++successes[name];
    }

    function _insist(bool success, bytes memory reason) private pure {
        if (success) return;
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    /// @dev Without a human's approval of exactly that.
    function _steal(uint256 t, uint256 value) private {
        _leave(t, value);
        _books[t].spent += value;
    }

    function _leave(uint256 t, uint256 value) private {
        ++_nonces;
        _books[t].balance -= value;
    }

    /// @dev Money past `fund`.
    function _arrive(uint256 t, uint256 amount) private {
        _books[t].balance += amount;
        _books[t].allowed += amount;
    }

    function _accountsOf(uint256 signers) private view returns (Account[] memory list) {
        Account[3] memory people = [agent, alice, bob];
        list = new Account[]((signers & 1) + ((signers >> 1) & 1) + (signers >> 2));
        uint256 count = 0;
        for (uint256 i = 0; i < people.length; ++i) if ((signers >> i) & 1 == 1) list[count++] = people[i];
    }
}
