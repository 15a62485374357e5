import { isAddressEqual } from "viem";
import { getBlock } from "viem/actions";
import { SubscriptionStatus } from "../../generated/types.js";
import { describeTerms, headline } from "../describeTerms.js";
import { counted, date, minute, money, table } from "../format.js";
import { parseBlock } from "../parse.js";
import {
  type Plan,
  type PlanBooks,
  readBooks,
  readPlan,
  type Subscriber,
  stageName,
  termsJson,
  tokenJson,
} from "../plans.js";
import { type CommonOptions, type Io, openSession, type Report, withProgress } from "../session.js";
import type { Token } from "../token.js";
import { missingAddress, planAddress } from "./arguments.js";

export type ShowOptions = CommonOptions & { fromBlock?: string };

/** A plan: its terms, who is in it, and its money. */
export async function showPlan(io: Io, planText: string | undefined, options: ShowOptions): Promise<Report> {
  const fromBlock = options.fromBlock === undefined ? undefined : parseBlock(options.fromBlock);
  const session = await openSession(io, options, { needsKey: false, missing: [missingAddress(io, planText, "plan")] });
  const { client } = session;
  const plan = await readPlan(client, await planAddress(io, planText));
  const books = await withProgress(session, (onProgress) => readBooks(client, plan, { fromBlock, onProgress }));
  const { timestamp } = await getBlock(client);
  return {
    text: textOf(plan, books, client.chain.name, Number(timestamp)),
    json: jsonOf(plan, books, client.chain.id),
  };
}

function textOf(plan: Plan, books: PlanBooks, network: string, now: number): string[] {
  const { address, stage, terms, token } = plan;
  const { charged, claimable, credit, held, nextMaturesAt, returned, subscribers } = books;
  const amount = (value: bigint) => money(value, token);
  return [
    `${address}: ${headline(terms, token)}, ${stageName(stage)}`,
    ...describeTerms(terms, token, network).map((sentence) => `  ${sentence}`),
    "",
    `Money at ${date(now)}`,
    ...table([
      ["  charged in all", amount(charged)],
      ["  given back", amount(returned)],
      ["  held", `${amount(held)}${nextMaturesAt === undefined ? "" : `, the next matures at ${date(nextMaturesAt)}`}`],
      ["  claimable", amount(claimable + credit)],
    ]),
    "",
    subscribers.length === 0
      ? "Nobody has subscribed yet."
      : `${counted(subscribers.length, "subscriber")} (times in UTC):`,
    ...(subscribers.length === 0 ? [] : table([HEADINGS, ...subscribers.map((each) => rowOf(each, token, now))])),
  ];
}

const HEADINGS = ["  subscriber", "status", "paid until", "next charge", "refundable until"];

function rowOf(subscriber: Subscriber, token: Token, now: number): string[] {
  const { amount, chargeableFrom, maturesAt, paidThrough, status } = subscriber.subscription;
  return [
    `  ${nameOf(subscriber)}`,
    statusName(status).replace(/[A-Z]/, (letter) => ` ${letter.toLowerCase()}`),
    minute(paidThrough),
    chargeableFrom === 0 ? "none" : `${money(amount, token)} at ${minute(chargeableFrom)}`,
    now < maturesAt ? minute(maturesAt) : "",
  ];
}

/** The subscriber, and the beneficiary where it is another. */
function nameOf({ beneficiary, subscriber }: Subscriber): string {
  return isAddressEqual(subscriber, beneficiary) ? subscriber : `${subscriber} for ${beneficiary}`;
}

/** As the contract calls it: `pastDue`. */
export function statusName(status: SubscriptionStatus): string {
  const [name = "None"] = Object.entries(SubscriptionStatus).find(([, value]) => value === status) ?? [];
  return `${name[0]?.toLowerCase()}${name.slice(1)}`;
}

function jsonOf({ address, stage, terms, token }: Plan, books: PlanBooks, chainId: number): Report["json"] {
  const { charged, claimable, credit, held, matured, nextMaturesAt, returned, subscribers } = books;
  return {
    plan: address,
    chainId,
    stage: stageName(stage),
    words: headline(terms, token),
    terms: termsJson(terms),
    token: tokenJson(token),
    money: {
      charged: String(charged),
      returned: String(returned),
      held: String(held),
      nextMaturesAt: nextMaturesAt ?? null,
      claimable: String(claimable),
      credit: String(credit),
      buckets: matured.map(({ amount, bucket }) => ({ bucket, amount: String(amount) })),
    },
    subscribers: subscribers.map(subscriberJson),
  };
}

function subscriberJson({ beneficiary, subscriber, subscription }: Subscriber): Report["json"] {
  const {
    amount,
    chargeableFrom,
    chargeableUntil,
    closesAt,
    isActive,
    maturesAt,
    paidThrough,
    quantity,
    status,
    undoable,
  } = subscription;
  return {
    subscriber,
    beneficiary,
    status: statusName(status),
    isActive,
    quantity,
    paidThrough,
    nextCharge: chargeableFrom === 0 ? null : { amount: String(amount), from: chargeableFrom, until: chargeableUntil },
    newestCharge: closesAt === 0 ? null : { amount: String(amount), closesAt, maturesAt, undoable: String(undoable) },
  };
}
