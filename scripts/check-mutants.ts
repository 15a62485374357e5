/**
 * Breaks one promise at a time in a copy of the project and runs there the invariant that must notice it.
 *
 *     node --import tsx scripts/check-mutants.ts [part of a mutant's name, or an invariant's number]…
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { copyProject, removeCopy } from "./lib/project-copy.js";

type Mutant = { name: string; file: string; find: string; replace: string; caughtBy: string };

const vault = "contracts/base/Vault.sol";
const surplus = "contracts/base/Surplus.sol";
const refundWindow = "contracts/RefundWindow.sol";
const escrow = "contracts/Escrow.sol";
const maturing = "contracts/base/Maturing.sol";
const bursts = "contracts/base/Bursts.sol";
const plan = "contracts/SubscriptionPlan.sol";
const multisig = "contracts/Multisig.sol";
const signerSet = "contracts/base/SignerSet.sol";
const reserves = "contracts/base/Reserves.sol";
const periods = "contracts/libraries/PeriodLib.sol";
const hold = "contracts/types/Hold.sol";
const ledger = "contracts/libraries/MaturityLedger.sol";

const mutants: Mutant[] = [
  {
    name: "what leaves a bucket is still a liability",
    file: ledger,
    find: "totals.liabilities() - amount, running,",
    replace: "totals.liabilities(), running,",
    caughtBy: "RW1",
  },
  {
    name: "withdrawn credit is still a liability",
    file: vault,
    find: "        _ledgers[token].settle(amount);\n",
    replace: "",
    caughtBy: "RW2",
  },
  {
    name: "credit can be withdrawn twice",
    file: vault,
    find: "        credit.balance = 0;\n",
    replace: "",
    caughtBy: "RW2",
  },
  {
    name: "failed payout is not owed",
    file: vault,
    find: "        _ledgers[token].owe(amount);\n",
    replace: "",
    caughtBy: "RW2",
  },
  {
    name: "older bucket is forgotten when a newer one begins",
    file: ledger,
    find: "if (running != 0) ledger.earlier[totals.runningBucket()] = running;",
    replace: "",
    caughtBy: "RW2",
  },
  {
    name: "second refund forgets the first",
    file: refundWindow,
    find: "refunded += amount;",
    replace: "refunded = amount;",
    caughtBy: "RW3",
  },
  {
    name: "fee is paid on top",
    file: maturing,
    find: "amount: amount - fee, payoutGas",
    replace: "amount: amount, payoutGas",
    caughtBy: "RW4",
  },
  {
    name: "claimed bucket stays full",
    file: ledger,
    find: "if (amount != 0) remove(ledger, bucket, amount);",
    replace: "",
    caughtBy: "RW5",
  },
  {
    name: "paused token blocks the exit",
    file: vault,
    find: "if (!TokenLib.trySend(token, to, amount, payoutGas)) _credit(token, owner, amount);",
    replace: "TokenLib.send(token, to, amount); if (amount == 0) _credit(token, owner, amount);",
    caughtBy: "RW6",
  },
  {
    name: "window closes a second early",
    file: refundWindow,
    find: "if (by == payer && block.timestamp < closesAt &&",
    replace: "if (by == payer && block.timestamp + 1 < closesAt &&",
    caughtBy: "RW6",
  },
  {
    name: "non-refundable share of what is left, not of the original",
    file: refundWindow,
    find: "uint256 nonRefundable = (holding.paid() *",
    replace: "uint256 nonRefundable = (held *",
    caughtBy: "RW7",
  },
  {
    name: "event tells the part as the total",
    file: refundWindow,
    find: "amount: amount, refunded: refunded});",
    replace: "amount: amount, refunded: amount});",
    caughtBy: "RW8",
  },
  {
    name: "event tells the failed payout as the whole credit",
    file: vault,
    find: "emit Credited(token, owner, amount, balance);",
    replace: "emit Credited(token, owner, amount, amount);",
    caughtBy: "RW8",
  },
  {
    name: "bucket can be claimed a second early",
    file: maturing,
    find: "if (block.timestamp < maturesAt) revert ClaimBeforeMaturity",
    replace: "if (block.timestamp + 1 < maturesAt) revert ClaimBeforeMaturity",
    caughtBy: "RW9",
  },
  {
    name: "seller can refund to anybody",
    file: refundWindow,
    find: "if (request.to != payer) revert RefundNotToPayer(id, request.to, payer);",
    replace: "",
    caughtBy: "RW9",
  },
  {
    name: "used message is valid again",
    file: refundWindow,
    find: `        uint256 meanwhile = refunded - request.expectedRefunded;
        if (request.expectedHeld != held + meanwhile || request.amount <= meanwhile) {
            revert PaymentChanged(id, held, refunded);
        }
        uint256 amount = request.amount - meanwhile;
`,
    replace: "        uint256 amount = request.amount;\n",
    caughtBy: "RW9",
  },
  {
    name: "what a batch took is not held",
    file: bursts,
    find: "if (total != 0) _hold(token, total, deadline);",
    replace: "",
    caughtBy: "RW2",
  },
  {
    name: "disputed money matures all the same",
    file: refundWindow,
    find: "        _ledgers[ref.token].lock(MaturityLedger.bucketOf(closesAt), held);\n",
    replace: "",
    caughtBy: "RW10",
  },
  {
    name: "disputed payment can be refunded",
    file: refundWindow,
    find: "if (holding.stage() != Stage.Running) revert PaymentDisputed(id, holding.stage() == Stage.Settled);",
    replace: "",
    caughtBy: "RW9",
  },
  {
    name: "dispute can be settled twice",
    file: refundWindow,
    find: "holding.refunded() + toPayer, Stage.Settled, holding.deadline());",
    replace: "holding.refunded() + toPayer, Stage.Disputed, holding.deadline());",
    caughtBy: "RW11",
  },
  {
    name: "fee of a dispute comes on top",
    file: refundWindow,
    find: "_credit(ref.token, _receiver(), toReceiver - fee);",
    replace: "_credit(ref.token, _receiver(), toReceiver);",
    caughtBy: "RW11",
  },
  {
    name: "arbiter can give away the non-refundable share",
    file: refundWindow,
    find: "if (decision.toPayer > limit) revert ResolutionExceedsRefundable(id, decision.toPayer, limit);",
    replace: "",
    caughtBy: "RW12",
  },
  {
    name: "conceding gives all of it",
    file: refundWindow,
    find: "by: by, toPayer: _payerLimit(holding), evidence: 0});",
    replace: "by: by, toPayer: holding.held(), evidence: 0});",
    caughtBy: "RW12",
  },
  {
    name: "arbiter decides about its own payment",
    file: refundWindow,
    find: "if (arbiter == ref.payer) revert ArbiterIsPayer(id, arbiter);",
    replace: "",
    caughtBy: "RW9",
  },
  {
    name: "arbiter decides after its time",
    file: refundWindow,
    find: "if (block.timestamp >= holding.deadline()) revert DecisionAfterDeadline(id, holding.deadline());",
    replace: "",
    caughtBy: "RW9",
  },
  {
    name: "dispute must be a second earlier",
    file: refundWindow,
    find: "if (block.timestamp >= closesAt) revert DisputeAfterClose(id, closesAt);",
    replace: "if (block.timestamp + 1 >= closesAt) revert DisputeAfterClose(id, closesAt);",
    caughtBy: "RW13",
  },
  {
    name: "silence favors the other side",
    file: refundWindow,
    find: "_term(SILENCE_FAVORS_PAYER_INDEX) == 0 ? 0 : _payerLimit(holding);",
    replace: "_term(SILENCE_FAVORS_PAYER_INDEX) != 0 ? 0 : _payerLimit(holding);",
    caughtBy: "RW13",
  },
  {
    name: "event tells the end of the window as that of the dispute",
    file: refundWindow,
    find: "emit Disputed({id: id, held: held, defaultsAt: defaultsAt, evidence: evidence});",
    replace: "emit Disputed({id: id, held: held, defaultsAt: closesAt, evidence: evidence});",
    caughtBy: "RW8",
  },
  {
    name: "announcement ends a day early",
    file: surplus,
    find: "ANNOUNCEMENT_PERIOD = 7 days;",
    replace: "ANNOUNCEMENT_PERIOD = 6 days;",
    caughtBy: "RW14",
  },
  {
    name: "announced money can leave at once",
    file: surplus,
    find: "        if (block.timestamp < endsAt) revert AnnouncementRunning(token, number, endsAt);\n    }",
    replace: "    }",
    caughtBy: "RW14",
  },
  {
    name: "what is proven stays announced",
    file: surplus,
    find: "        newest.amount -= excess;\n",
    replace: "",
    caughtBy: "RW14",
  },
  {
    name: "more is announced than is free",
    file: surplus,
    find: "if (amount > free) revert AnnouncementExceedsSurplus(token, amount, free);",
    replace: "",
    caughtBy: "RW15",
  },
  {
    name: "what was given away stays set aside",
    file: surplus,
    find: "        announcement.amount -= amount;\n        _announcements[token].aside -= amount;\n",
    replace: "        announcement.amount -= amount;\n",
    caughtBy: "RW15",
  },
  {
    name: "an announcement goes before a proof",
    file: surplus,
    find: "        announcements.aside -= excess;\n",
    replace: "",
    caughtBy: "RW16",
  },
  {
    name: "an announcement closes off what came before it at once",
    file: surplus,
    find: "isRunning ? announcements.byNumber[number - 1].announcedAt : newest.announcedAt;",
    replace: "newest.announcedAt;",
    caughtBy: "RW16",
  },
  {
    name: "old proof counts after its announcement has ended",
    file: surplus,
    find: "if (transfer.timestamp <= closedAt) revert RecordAfterAnnouncement(id, transfer.timestamp, closedAt);",
    replace: "closedAt;",
    caughtBy: "RW9",
  },
  {
    name: "frozen money can be assigned",
    file: surplus,
    find: "amount = Math.saturatingSub(announcement.amount, announcement.claims);",
    replace: "amount = announcement.amount;",
    caughtBy: "RW17",
  },
  {
    name: "claims are served in turn",
    file: surplus,
    find: "Math.min(claim, Math.saturatingSub(announcement.amount, announcement.claims - claim));",
    replace: "Math.min(claim, announcement.amount);",
    caughtBy: "RW17",
  },
  {
    name: "transfer to another vault is recorded",
    file: surplus,
    find: "if (transfer.recipient != address(this)) revert TransferToOther(transfer.recipient);",
    replace: "",
    caughtBy: "RW9",
  },
  {
    name: "claim is told without its amount",
    file: surplus,
    find: "emit Frozen(id, payer, number, token, authorization.nonce, amount);",
    replace: "emit Frozen(id, payer, number, token, authorization.nonce, 0);",
    caughtBy: "RW8",
  },
  {
    name: "a final capture still owes what it returned",
    file: escrow,
    find: "_ledgers[ref.token].settle(order.amount + toPayer);",
    replace: "_ledgers[ref.token].settle(order.amount);",
    caughtBy: "ES1",
  },
  {
    name: "what was returned is still a liability",
    file: escrow,
    find: "        _ledgers[ref.token].settle(amount);\n",
    replace: "",
    caughtBy: "ES2",
  },
  {
    name: "a batch owes twice what it captured",
    file: escrow,
    find: "        _ledgers[token].settle(captured);\n",
    replace: "",
    caughtBy: "ES2",
  },
  {
    name: "second capture forgets the first",
    file: escrow,
    find: "uint256 captured = before + amount;",
    replace: "uint256 captured = amount;",
    caughtBy: "ES3",
  },
  {
    name: "a final capture leaves the payment open",
    file: escrow,
    find: "isFinal ? HoldState.Ended : HoldState.Held",
    replace: "isFinal ? HoldState.Held : HoldState.Held",
    caughtBy: "ES3",
  },
  {
    name: "an ended payment still holds what was not captured",
    file: hold,
    find: "return state(hold) == HoldState.Held ? paid(hold) - captured(hold) : 0;",
    replace: "return paid(hold) - captured(hold);",
    caughtBy: "ES3",
  },
  {
    name: "the receiver does not pay the fee",
    file: escrow,
    find: "uint256 toReceiver = order.amount - fee;",
    replace: "uint256 toReceiver = order.amount;",
    caughtBy: "ES4",
  },
  {
    name: "what is returned goes to the receiver",
    file: escrow,
    find: "owner: ref.payer, to: ref.payer, amount: amount, payoutGas: payoutGas});\n    }\n\n    /* REFUND */",
    replace: "owner: ref.payer, to: _receiver(), amount: amount, payoutGas: payoutGas});\n    }\n\n    /* REFUND */",
    caughtBy: "ES4",
  },
  {
    name: "capture has no end",
    file: escrow,
    find: "        if (block.timestamp >= hold.captureUntil()) revert CaptureAfterDeadline(id, hold.captureUntil());\n",
    replace: "",
    caughtBy: "ES5",
  },
  {
    name: "an item of a batch has no end",
    file: escrow,
    find: "item.expectedCaptured == hold.captured() &&\n            block.timestamp < hold.captureUntil();",
    replace: "item.expectedCaptured == hold.captured();",
    caughtBy: "ES5",
  },
  {
    name: "anybody captures",
    file: escrow,
    find: "        _checkOperator();\n        if (amount == 0) revert AmountZero();",
    replace: "        if (amount == 0) revert AmountZero();",
    caughtBy: "ES6",
  },
  {
    name: "anybody captures in batches",
    file: escrow,
    find: "        _checkOperator();\n\n        captured = _captureMany(token, items);",
    replace: "        captured = _captureMany(token, items);",
    caughtBy: "ES6",
  },
  {
    name: "anybody returns",
    file: escrow,
    find: "        if (!_isSeller(by)) revert NotSeller(id, by);\n",
    replace: "",
    caughtBy: "ES6",
  },
  {
    name: "reclaim needs no patience",
    file: escrow,
    find: "        if (block.timestamp < hold.captureUntil()) revert ReclaimBeforeDeadline(id, hold.captureUntil());\n",
    replace: "",
    caughtBy: "ES6",
  },
  {
    name: "reclaim is a second late",
    file: escrow,
    find: "if (block.timestamp < hold.captureUntil()) revert ReclaimBeforeDeadline",
    replace: "if (block.timestamp <= hold.captureUntil()) revert ReclaimBeforeDeadline",
    caughtBy: "ES7",
  },
  {
    name: "paused token blocks the reclaim",
    file: vault,
    find: "if (!TokenLib.trySend(token, to, amount, payoutGas)) _credit(token, owner, amount);",
    replace: "TokenLib.send(token, to, amount); if (amount == 0) _credit(token, owner, amount);",
    caughtBy: "ES7",
  },
  {
    name: "capture ends a second early",
    file: escrow,
    find: "if (block.timestamp >= hold.captureUntil()) revert CaptureAfterDeadline",
    replace: "if (block.timestamp + 1 >= hold.captureUntil()) revert CaptureAfterDeadline",
    caughtBy: "ES8",
  },
  {
    name: "an item of a batch ends a second early",
    file: escrow,
    find: "item.expectedCaptured == hold.captured() &&\n            block.timestamp < hold.captureUntil();",
    replace: "item.expectedCaptured == hold.captured() &&\n            block.timestamp + 1 < hold.captureUntil();",
    caughtBy: "ES8",
  },
  {
    name: "fee of all that was captured, each time",
    file: escrow,
    find: "fee = (captured * feeBps) / BPS - (before * feeBps) / BPS;",
    replace: "fee = (captured * feeBps) / BPS;",
    caughtBy: "ES9",
  },
  {
    name: "a batch keeps the fees",
    file: escrow,
    find: "        _credit(token, _feeReceiver(), fees);\n",
    replace: "",
    caughtBy: "ES9",
  },
  {
    name: "more is refunded than was captured",
    file: escrow,
    find: "        if (amount > refundable) revert RefundExceedsCaptured(id, amount, refundable);\n",
    replace: "",
    caughtBy: "ES10",
  },
  {
    name: "a refund is forgotten",
    file: escrow,
    find: "        _refunded[id] = refunded;\n",
    replace: "",
    caughtBy: "ES10",
  },
  {
    name: "a refund is paid by the vault",
    file: escrow,
    find: "        TokenLib.receiveAsRecipient(authorization);\n",
    replace: "",
    caughtBy: "ES10",
  },
  {
    name: "a refund's transfer can be recorded",
    file: escrow,
    find: "        _holds[transferId] = packHold(0, 0, HoldState.Refund, 0);\n",
    replace: "",
    caughtBy: "ES11",
  },
  {
    name: "an order fits again",
    file: escrow,
    find: "        if (order.expectedHeld != held || order.expectedCaptured != captured) revert HoldChanged(id, held, captured);\n",
    replace: "",
    caughtBy: "ES12",
  },
  {
    name: "an item of a batch fits again",
    file: escrow,
    find: "            item.expectedHeld == held &&\n            item.expectedCaptured == hold.captured() &&\n",
    replace: "",
    caughtBy: "ES12",
  },
  {
    name: "event tells the part as all that was captured",
    file: escrow,
    find: "emit Captured(id, amount, fee, captured);",
    replace: "emit Captured(id, amount, fee, amount);",
    caughtBy: "ES13",
  },
  {
    name: "event tells what was captured as returned",
    file: escrow,
    find: "emit Returned(id, _operator(), toPayer);",
    replace: "emit Returned(id, _operator(), order.amount);",
    caughtBy: "ES13",
  },
  {
    name: "event tells the refund as all refunds",
    file: escrow,
    find: "emit Refunded(id, by, amount, refunded);",
    replace: "emit Refunded(id, by, amount, amount);",
    caughtBy: "ES13",
  },
  {
    name: "a return expects nothing",
    file: escrow,
    find: "        if (order.expectedHeld != hold.held()) revert HoldChanged(id, hold.held(), hold.captured());\n",
    replace: "",
    caughtBy: "ES14",
  },
  {
    name: "refund in another token",
    file: escrow,
    find: "        if (authorization.token != token) revert RefundInOtherToken(id, authorization.token, token);\n",
    replace: "",
    caughtBy: "ES14",
  },
  {
    name: "refund with any nonce",
    file: escrow,
    find: "        if (authorization.nonce != nonce) revert RefundNonceWrong(id, authorization.nonce, nonce);\n",
    replace: "",
    caughtBy: "ES14",
  },
  {
    name: "an order is carried out for another payment",
    file: escrow,
    find: "        _checkMessage(_idOf(ref), message.paymentId);\n        _checkSignature(_operator(), ",
    replace: "        _checkSignature(_operator(), ",
    caughtBy: "ES14",
  },
  {
    name: "more is held than was charged",
    file: plan,
    find: "else _ledgers[token].add(MaturityLedger.bucketOf(closesAt), amount);",
    replace: "else _ledgers[token].add(MaturityLedger.bucketOf(closesAt), amount + 1);",
    caughtBy: "SP1",
  },
  {
    name: "a first charge is booked and not taken",
    file: plan,
    find: "        if (amount == 0) return;\n        // Else the caller's mistake",
    replace: "        if (amount != 0) return;\n        // Else the caller's mistake",
    caughtBy: "SP1",
  },
  {
    name: "an undone charge still matures",
    file: plan,
    find: "        _ledgers[token].remove(MaturityLedger.bucketOf(closesAt), amount);\n",
    replace: "",
    caughtBy: "SP2",
  },
  {
    name: "what the end of paid time gives back still matures",
    file: plan,
    find: "            _ledgers[token].remove(MaturityLedger.bucketOf(subscription.closesAt), held);\n",
    replace: "",
    caughtBy: "SP2",
  },
  {
    name: "a unit is charged where many were signed",
    file: plan,
    find: "amount = chargeTerms.price * word.quantity();",
    replace: "amount = chargeTerms.price;",
    caughtBy: "SP3",
  },
  {
    name: "a plan's fee is paid on top",
    file: maturing,
    find: "amount: amount - fee, payoutGas",
    replace: "amount: amount, payoutGas",
    caughtBy: "SP4",
  },
  {
    name: "a missed period is charged later",
    file: plan,
    find: "if (block.timestamp < from + grace) return (index, from);",
    replace: "return (index, from);",
    caughtBy: "SP5",
  },
  {
    name: "a period is charged a second early",
    file: plan,
    find: "if (from == 0 || block.timestamp < from) return",
    replace: "if (from == 0 || block.timestamp + 1 < from) return",
    caughtBy: "SP6",
  },
  {
    name: "the grace is a second too long",
    file: plan,
    find: "if (block.timestamp < from + grace) return (index, from);",
    replace: "if (block.timestamp <= from + grace) return (index, from);",
    caughtBy: "SP6",
  },
  {
    name: "what was canceled is charged on",
    file: plan,
    find: "        subscription.endIndex = 0;\n        subscription.isCanceled = true;\n",
    replace: "        subscription.isCanceled = true;\n",
    caughtBy: "SP6",
  },
  {
    name: "a plan that has ended charges",
    file: plan,
    find: "        if (_stage == PlanStage.Ended) revert PlanEnded();\n",
    replace: "",
    caughtBy: "SP6",
  },
  {
    name: "after two missed periods the next is charged",
    file: plan,
    find: "return block.timestamp < from + grace ? (index, from) : (0, 0);",
    replace: "return (index, from);",
    caughtBy: "SP6",
  },
  {
    name: "one period more than was signed",
    file: plan,
    find: "subscription.endIndex = message.maxPeriods.toUint16();",
    replace: "subscription.endIndex = (message.maxPeriods + 1).toUint16();",
    caughtBy: "SP7",
  },
  {
    name: "periods count from the charge",
    file: plan,
    find: "chargeTerms.length, word.anchor(), index);\n        _subscriptions",
    replace: "chargeTerms.length, block.timestamp, 1);\n        _subscriptions",
    caughtBy: "SP8",
  },
  {
    name: "a month is thirty days",
    file: periods,
    find: "DateTimeLib.addMonths(anchor, distance)",
    replace: "anchor + distance * 30 days",
    caughtBy: "SP8",
  },
  {
    name: "a cancel at once leaves the access",
    file: plan,
    find: "        if (immediately) _endAccessAt(subscription, block.timestamp.toUint40());\n",
    replace: "",
    caughtBy: "SP8",
  },
  {
    name: "an undo leaves the access",
    file: plan,
    find: "        _endAccessAt(subscription, _startOf(subscription.anchor, subscription.nextIndex));\n",
    replace: "",
    caughtBy: "SP8",
  },
  {
    name: "the window of a charge closes a second early",
    file: plan,
    find: "if (block.timestamp >= closesAt) revert UndoAfterClose",
    replace: "if (block.timestamp + 1 >= closesAt) revert UndoAfterClose",
    caughtBy: "SP9",
  },
  {
    name: "an undo returns the non-refundable share, too",
    file: plan,
    find: "return amount - (amount * _term(NON_REFUNDABLE_BPS_INDEX)) / BPS;",
    replace: "return amount;",
    caughtBy: "SP9",
  },
  {
    name: "a subscriber undoes as often as it wants",
    file: plan,
    find: "        used.undo = true;\n",
    replace: "",
    caughtBy: "SP10",
  },
  {
    name: "a trial for each beneficiary",
    file: plan,
    find: "        if (isTrial) used.trial = true;\n",
    replace: "",
    caughtBy: "SP10",
  },
  {
    name: "a charge cannot be refunded after it closed",
    file: plan,
    find: "if (block.timestamp >= maturesAt) revert ChargeMatured",
    replace: "if (block.timestamp >= subscription.closesAt) revert ChargeMatured",
    caughtBy: "SP11",
  },
  {
    name: "a refund is forgotten when another period is bought",
    file: plan,
    find: "subscription.refunded <<= 1;",
    replace: "subscription.refunded = 0;",
    caughtBy: "SP12",
  },
  {
    name: "the running period is not owed",
    file: plan,
    find: "while (first != 0 && block.timestamp <",
    replace: "while (first > 1 && block.timestamp <",
    caughtBy: "SP12",
  },
  {
    name: "a Subscribe is good again",
    file: plan,
    find: "        if (message.serial != subscription.serial) revert SerialMismatch(pair, subscription.serial, message.serial);\n",
    replace: "",
    caughtBy: "SP13",
  },
  {
    name: "a Cancel is good again",
    file: plan,
    find: "SERIALS_OF_CANCEL = 2;",
    replace: "SERIALS_OF_CANCEL = 1;",
    caughtBy: "SP13",
  },
  {
    name: "event tells the serial before the cancel",
    file: plan,
    find: "by, subscription.paidThrough, subscription.serial);",
    replace: "by, subscription.paidThrough, subscription.serial - SERIALS_OF_CANCEL);",
    caughtBy: "SP14",
  },
  {
    name: "event does not tell who was charged",
    file: plan,
    find: "charged[count++] = pair;",
    replace: "++count;",
    caughtBy: "SP14",
  },
  {
    name: "anybody is the merchant",
    file: plan,
    find: "        if (!_isSeller(msg.sender)) revert NotMerchant(msg.sender);\n",
    replace: "",
    caughtBy: "SP15",
  },
  {
    name: "time of one unit is used by many",
    file: plan,
    find: "if (hasTime && quantity != subscription.quantity) {",
    replace: "if (hasTime && quantity == 0) {",
    caughtBy: "SP15",
  },
  {
    name: "agents spend the reserve",
    file: reserves,
    find: "return isKnown && balance >= value && balance - value >= _reserveOf(config_, offset, token);",
    replace: "return isKnown && balance >= value;",
    caughtBy: "MS1",
  },
  {
    name: "no human is needed to touch the reserve",
    file: multisig,
    find: "(hasHuman || _isAboveReserve(config_, rulesOffset, payment.token, payment.value));",
    replace: "(weight != 0 || _isAboveReserve(config_, rulesOffset, payment.token, payment.value));",
    caughtBy: "MS1",
  },
  {
    name: "what comes by fund does not raise the reserve",
    file: reserves,
    find: "uint256 reserve = _reserveOf(config_, offset, token) + amount;",
    replace: "uint256 reserve = _reserveOf(config_, offset, token) + amount / 2;",
    caughtBy: "MS2",
  },
  {
    name: "a fund of before decides about the reserve of new rules",
    file: reserves,
    find: "            _reserves[token].isSet = false;\n",
    replace: "",
    caughtBy: "MS2",
  },
  {
    name: "a change of rules forgets what was funded",
    file: reserves,
    find: "            if (isFound && oldConfig.reserveOf(oldOffset) == newConfig.reserveOf(offset)) continue;\n",
    replace: "            if (isFound && oldOffset == 0) continue;\n",
    caughtBy: "MS2",
  },
  {
    name: "a refill does not use up the time",
    file: reserves,
    find: "        _reserves[token].refilledAt = refilledAt.toUint40();\n",
    replace: "",
    caughtBy: "MS3",
  },
  {
    name: "days without a refill add up",
    file: reserves,
    find: "_reserves[token].refilledAt, 1 days);",
    replace: "_reserves[token].refilledAt, 30 days);",
    caughtBy: "MS3",
  },
  {
    name: "a refill has no target",
    file: reserves,
    find: "Math.saturatingSub(TokenLib.balanceOf(token), target)",
    replace: "Math.saturatingSub(TokenLib.balanceOf(token), target * 2)",
    caughtBy: "MS3",
  },
  {
    name: "a standing approval pays once more",
    file: multisig,
    find: "index < approval.count &&",
    replace: "index <= approval.count &&",
    caughtBy: "MS4",
  },
  {
    name: "a standing approval pays any amount",
    file: multisig,
    find: "            payment.value <= approval.maxValue &&\n",
    replace: "",
    caughtBy: "MS4",
  },
  {
    name: "a revoked approval still pays",
    file: multisig,
    find: "            !_revoked[id] &&\n",
    replace: "",
    caughtBy: "MS4",
  },
  {
    name: "a standing approval outlives its end",
    file: multisig,
    find: " &&\n            payment.validBefore <= approval.validUntil;",
    replace: ";",
    caughtBy: "MS4",
  },
  {
    name: "nobody has to release a payment",
    file: multisig,
    find: "        if (released == 0) return false;\n",
    replace: "",
    caughtBy: "MS4",
  },
  {
    name: "agents approve of payments ahead",
    file: multisig,
    find: "            hasHuman &&\n            weight >= config_.weightFor(rulesOffset, approval.maxValue",
    replace: "            weight >= config_.weightFor(rulesOffset, approval.maxValue",
    caughtBy: "MS4",
  },
  {
    name: "one payment's tier is enough for all of an approval",
    file: multisig,
    find: "weightFor(rulesOffset, approval.maxValue * approval.count)",
    replace: "weightFor(rulesOffset, approval.maxValue)",
    caughtBy: "MS4",
  },
  {
    name: "execute does not use its nonce",
    file: signerSet,
    find: "        _state.nonce += 1;\n",
    replace: "        _state.nonce += 0;\n",
    caughtBy: "MS5",
  },
  {
    name: "an epoch is passed over",
    file: signerSet,
    find: "_state.epoch + 1;",
    replace: "_state.epoch + 2;",
    caughtBy: "MS5",
  },
  {
    name: "a payment needs no tier",
    file: multisig,
    find: "weight >= config_.weightFor(rulesOffset, payment.value) &&",
    replace: "weight != 0 &&",
    caughtBy: "MS6",
  },
  {
    name: "a signer counts twice",
    file: signerSet,
    find: "weight += signer.weight;",
    replace: "weight += 2 * signer.weight;",
    caughtBy: "MS6",
  },
  {
    name: "the last unit above the reserve cannot be paid",
    file: reserves,
    find: "balance - value >= _reserveOf",
    replace: "balance - value > _reserveOf",
    caughtBy: "MS7",
  },
  {
    name: "a view tells what is spendable after a refill",
    file: reserves,
    find: "spendable.amount = Math.saturatingSub(balance, spendable.reserve);",
    replace: "spendable.amount = Math.saturatingSub(balance, spendable.reserve - refillable);",
    caughtBy: "MS7",
  },
  {
    name: "new rules leave the epoch",
    file: signerSet,
    find: "        _state.epoch = epoch_;\n",
    replace: "",
    caughtBy: "MS8",
  },
  {
    name: "a call of before new rules is carried out",
    file: multisig,
    find: "        if (message.epoch != epoch_) revert EpochMismatch(epoch_, message.epoch);\n",
    replace: "        epoch_;\n",
    caughtBy: "MS8",
  },
  {
    name: "a refund goes anywhere",
    file: multisig,
    find: "return _isSelf(blob, 1) && _isSelf(blob, 3);",
    replace: "return _isSelf(blob, 1);",
    caughtBy: "MS9",
  },
  {
    name: "anybody revokes",
    file: multisig,
    find: "        if (!_config().isHuman(msg.sender)) revert NotHuman(msg.sender);\n",
    replace: "",
    caughtBy: "MS9",
  },
  {
    name: "a call is carried out after its end",
    file: multisig,
    find: "        if (block.timestamp >= message.deadline) revert SignatureExpired(message.deadline, block.timestamp);\n",
    replace: "",
    caughtBy: "MS9",
  },
  {
    name: "less than full weight rules",
    file: multisig,
    find: "        if (weight < full) revert WeightTooLow(weight, full);\n",
    replace: "        full;\n",
    caughtBy: "MS9",
  },
  {
    name: "a signature of anybody counts",
    file: signerSet,
    find: "err == ECDSA.RecoverError.NoError && recovered == key,",
    replace: "err == ECDSA.RecoverError.NoError && recovered != address(0) && key != address(0),",
    caughtBy: "MS9",
  },
  {
    name: "a fund tells what it added as the reserve",
    file: reserves,
    find: "emit Funded(token, from, amount, reserve);",
    replace: "emit Funded(token, from, amount, amount);",
    caughtBy: "MS10",
  },
  {
    name: "a refill tells when it was made, not until when it uses the time",
    file: reserves,
    find: "emit Refilled(token, amount, reserve, refilledAt);",
    replace: "emit Refilled(token, amount, reserve, block.timestamp);",
    caughtBy: "MS10",
  },
  {
    name: "a reserve is set and not told",
    file: reserves,
    find: "        emit ReserveSet(token, amount);\n",
    replace: "",
    caughtBy: "MS10",
  },
  {
    name: "new rules tell the epoch of before",
    file: signerSet,
    find: "emit Reconfigured(epoch_, packed);",
    replace: "emit Reconfigured(epoch_ - 1, packed);",
    caughtBy: "MS10",
  },
  {
    name: "a revocation tells who, and not what",
    file: multisig,
    find: "emit ApprovalRevoked(approval, msg.sender);",
    replace: "emit ApprovalRevoked(bytes32(uint256(uint160(msg.sender))), msg.sender);",
    caughtBy: "MS10",
  },
  {
    name: "an execute tells the number of the next",
    file: multisig,
    find: "emit Executed(nonce_, message.calls.length);",
    replace: "emit Executed(nonce_ + 1, message.calls.length);",
    caughtBy: "MS10",
  },
];

const root = fileURLToPath(new URL("..", import.meta.url));
const copy = copyProject(root, ["contracts", "test/invariant", "test/mocks", "test/utils"]);
const timeLimit = 900_000;

/** The invariants' numbers begin with their contract. */
const kinds: Record<string, string> = { RW: "RefundWindow", ES: "Escrow", SP: "SubscriptionPlan", MS: "Multisig" };
const kindOf = (invariant: string) => invariant.slice(0, 2);

/** Whether the invariant tests whose names begin with `name` pass. */
function pass(name: string): boolean {
  const hardhat = join(root, "node_modules/.bin/hardhat");
  const contract = join("test/invariant", kinds[kindOf(name)] ?? "");
  const tests = [`${contract}.t.sol`, `${contract}Handler.sol`];
  const run = spawnSync(hardhat, ["test", "solidity", ...tests, "--grep", `invariant_${name}`], {
    cwd: copy,
    encoding: "utf8",
    timeout: timeLimit,
  });
  if (run.status === 0 && /[1-9]\d* passing/.test(run.stdout)) return true;
  if (new RegExp(`\\d+\\) invariant_${name}`).test(run.stdout)) return false;
  throw new Error(`The tests did not run:\n${run.stdout}${run.stderr}`);
}

function survives(mutant: Mutant): boolean {
  const path = join(copy, mutant.file);
  const source = readFileSync(path, "utf8");
  if (source.split(mutant.find).length !== 2) throw new Error(`"${mutant.name}" does not fit ${mutant.file} once.`);

  writeFileSync(
    path,
    source.replace(mutant.find, () => mutant.replace),
  );
  const survived = pass(`${mutant.caughtBy}_`);
  writeFileSync(path, source);

  console.log(`| ${mutant.name} | ${mutant.caughtBy} | ${survived ? "SURVIVED" : "killed"} |`);
  return survived;
}

try {
  // Compiling is most of the work, and no invariant is about gas.
  const config = join(copy, "hardhat.config.ts");
  const settings = readFileSync(config, "utf8");
  writeFileSync(config, settings.replace("optimizer: { enabled: true", "optimizer: { enabled: false"));

  const parts = process.argv.slice(2);
  const chosen = mutants.filter(
    ({ name, caughtBy }) =>
      parts.length === 0 || parts.some((part) => name.includes(part) || caughtBy.startsWith(part)),
  );
  for (const kind of new Set(chosen.map(({ caughtBy }) => kindOf(caughtBy)))) {
    if (!pass(kind)) throw new Error("An invariant fails without a mutant.");
  }

  console.log("| mutant | must be caught by | outcome |\n|---|---|---|");
  const survivors = chosen.filter(survives);
  console.log(`\n${chosen.length - survivors.length} of ${chosen.length} killed.`);
  process.exitCode = survivors.length === 0 ? 0 : 1;
} finally {
  removeCopy(copy);
}
