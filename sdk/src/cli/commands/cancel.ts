import { erc20Abi } from "viem";
import { readContract } from "viem/actions";
import { cancelForCall } from "../../generated/actions/subscriptionPlan/cancelFor.js";
import { endForCall } from "../../generated/actions/subscriptionPlan/endFor.js";
import { owedOf } from "../../generated/actions/subscriptionPlan/owedOf.js";
import { subscriptionOf } from "../../generated/actions/subscriptionPlan/subscriptionOf.js";
import { type Pair, SubscriptionStatus, type SubscriptionView } from "../../generated/types.js";
import { PAYOUT_GAS } from "../../vault/payoutGas.js";
import { CommandError } from "../errors.js";
import { date, money } from "../format.js";
import { type Plan, readPlan } from "../plans.js";
import {
  type CommonOptions,
  type Io,
  missingConsent,
  openSession,
  type Report,
  type Session,
  senderOf,
} from "../session.js";
import { movementsOf, outcomeJson, outcomeText, perform, type Step } from "../transaction.js";
import { missingAddress, pairOf, planAddress } from "./arguments.js";
import { statusName } from "./show.js";

export type CancelOptions = CommonOptions & { now?: true };

/** Ends a subscription: at the end of what is paid, or now with the running period's money back. */
export async function cancelSubscription(
  io: Io,
  [planText, subscriberText, beneficiaryText]: readonly [plan?: string, subscriber?: string, beneficiary?: string],
  options: CancelOptions,
): Promise<Report> {
  const session = await openSession(io, options, {
    needsKey: !options.dryRun,
    missing: [
      missingAddress(io, planText, "plan"),
      missingAddress(io, subscriberText, "subscriber"),
      missingConsent(io, options),
    ],
  });
  const { client } = session;
  const plan = await readPlan(client, await planAddress(io, planText));
  const pair = await pairOf(io, subscriberText, beneficiaryText);
  const subscription = await subscriptionOf(client, { address: plan.address, pair });
  if (isOver(subscription, options)) return nothingToDo(plan, pair, subscription, options);
  return options.now ? endNow(session, plan, pair) : endLater(session, plan, pair, subscription);
}

/** Whether there is neither a right to charge nor, where it is to end now, paid time. */
function isOver({ isActive, status }: SubscriptionView, { now }: CancelOptions): boolean {
  if (now && isActive) return false;
  const { Canceled, Ended, None, Prepaid } = SubscriptionStatus;
  return ([None, Ended, Canceled, Prepaid] as SubscriptionStatus[]).includes(status);
}

function nothingToDo(
  { address }: Plan,
  pair: Pair,
  { isActive, paidThrough, status }: SubscriptionView,
  { dryRun }: CancelOptions,
): Report {
  const paid = isActive ? `, with access until ${date(paidThrough)}` : "";
  return {
    text: [
      status === SubscriptionStatus.None
        ? `${pair.subscriber} never subscribed to ${address}. Nothing was sent.`
        : `${pair.subscriber} is not charged any more: ${statusName(status)}${paid}. Nothing was sent.`,
    ],
    json: {
      plan: address,
      ...pair,
      status: statusName(status),
      owed: "0",
      held: "0",
      topUp: "0",
      dryRun: dryRun ?? false,
      transactions: [],
    },
  };
}

async function endLater(
  session: Session,
  { address, terms, token }: Plan,
  pair: Pair,
  { isActive, paidThrough }: SubscriptionView,
): Promise<Report> {
  const until = isActive ? `Access stays until ${date(paidThrough)}.` : "There is no access now.";
  const outcome = await perform(session, {
    steps: [
      {
        purpose: `cancel the subscription of ${pair.subscriber}`,
        call: cancelForCall({ address, pair }),
        movements: [],
      },
    ],
    otherwise: terms.receiver,
    question: `Cancel the subscription of ${pair.subscriber}? ${until}`,
    token,
  });
  return {
    text: [...outcomeText(outcome, session), until],
    json: { plan: address, ...pair, accessUntil: isActive ? paidThrough : null, ...outcomeJson(outcome) },
  };
}

async function endNow(session: Session, { address, terms, token }: Plan, pair: Pair): Promise<Report> {
  const { client } = session;
  const sender = senderOf(session, terms.receiver);
  const { held, owed } = await owedOf(client, { address, pair });
  const topUp = owed - held;
  const erc20 = { abi: erc20Abi, address: token.address } as const;
  const [balance, allowance] = await Promise.all([
    readContract(client, { ...erc20, args: [sender], functionName: "balanceOf" }),
    readContract(client, { ...erc20, args: [sender, address], functionName: "allowance" }),
  ]);
  if (balance < topUp) {
    throw new CommandError(`${sender} has too little to give the running period back.`, {
      facts: {
        Owed: money(owed, token),
        Held: money(held, token),
        "To add": money(topUp, token),
        Balance: money(balance, token),
      },
      next: "Send it the difference, or cancel at the end of the period, without `--now`.",
    });
  }

  const needsApproval = allowance < topUp;
  const approval: Step = {
    purpose: `let the plan take ${money(topUp, token)} from ${sender}`,
    call: { ...erc20, args: [address, topUp], functionName: "approve" },
    movements: [],
  };
  const ending: Step = {
    purpose: `end the subscription of ${pair.subscriber} now, and give ${money(owed, token)} back`,
    call: endForCall({ address, pair, topUp, payoutGas: PAYOUT_GAS }),
    movements: movementsOf(
      { from: sender, to: address, amount: topUp },
      { from: address, to: pair.subscriber, amount: owed },
    ),
    isDependent: needsApproval,
  };
  const sums = `${money(owed, token)} is owed: ${money(held, token)} of it is held by the plan, and ${money(topUp, token)} is to be added by ${sender}.`;
  const outcome = await perform(session, {
    steps: needsApproval ? [approval, ending] : [ending],
    otherwise: terms.receiver,
    question: `End the subscription of ${pair.subscriber} now? ${sums}`,
    token,
  });
  return {
    text: [sums, ...outcomeText(outcome, session)],
    json: {
      plan: address,
      ...pair,
      owed: String(owed),
      held: String(held),
      topUp: String(topUp),
      ...outcomeJson(outcome),
    },
  };
}
