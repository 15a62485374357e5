import { type Address, zeroAddress } from "viem";
import { claimCall } from "../../generated/actions/subscriptionPlan/claim.js";
import { withdrawCall } from "../../generated/actions/subscriptionPlan/withdraw.js";
import { BPS } from "../../generated/constants.js";
import { PAYOUT_GAS } from "../../vault/payoutGas.js";
import { date, money } from "../format.js";
import { parseBlock } from "../parse.js";
import { type MaturedBucket, type Plan, readBooks, readPlan } from "../plans.js";
import { type CommonOptions, type Io, missingConsent, openSession, type Report, withProgress } from "../session.js";
import { movementsOf, outcomeJson, outcomeText, perform, type Step } from "../transaction.js";
import { missingAddress, planAddress } from "./arguments.js";

export type ClaimOptions = CommonOptions & { fromBlock?: string };

/** So many hours' money is claimed by one transaction: a block has room for it on every chain. */
const BUCKETS_PER_CLAIM = 200;

/** Has everything that matured paid out to the receiver, and payouts that failed before. */
export async function claimRevenue(io: Io, planText: string | undefined, options: ClaimOptions): Promise<Report> {
  const fromBlock = options.fromBlock === undefined ? undefined : parseBlock(options.fromBlock);
  const session = await openSession(io, options, {
    needsKey: !options.dryRun,
    missing: [missingAddress(io, planText, "plan"), missingConsent(io, options)],
  });
  const { client } = session;
  const plan = await readPlan(client, await planAddress(io, planText));
  const { address, terms, token } = plan;
  const books = await withProgress(session, (onProgress) => readBooks(client, plan, { fromBlock, onProgress }));
  const { claimable, credit, held, matured, nextMaturesAt } = books;
  const sums = { plan: address, claimable: String(claimable), credit: String(credit), held: String(held) };

  const steps = [...claimSteps(plan, matured), ...withdrawSteps(plan, credit)];
  if (steps.length === 0) {
    const later =
      nextMaturesAt === undefined
        ? ""
        : ` ${money(held, token)} is held; the next of it matures at ${date(nextMaturesAt)}.`;
    return {
      text: [`There is nothing to claim.${later}`],
      json: { ...sums, dryRun: options.dryRun ?? false, transactions: [] },
    };
  }
  const outcome = await perform(session, {
    steps,
    otherwise: terms.receiver,
    question: `Have ${money(claimable + credit, token)} paid out?`,
    token,
  });
  return { text: outcomeText(outcome, session), json: { ...sums, ...outcomeJson(outcome) } };
}

function claimSteps({ address, terms, token }: Plan, matured: readonly MaturedBucket[]): Step[] {
  const groups = Array.from({ length: Math.ceil(matured.length / BUCKETS_PER_CLAIM) }, (_, i) =>
    matured.slice(i * BUCKETS_PER_CLAIM, (i + 1) * BUCKETS_PER_CLAIM),
  );
  return groups.map((group) => {
    const amount = group.reduce((sum, bucket) => sum + bucket.amount, 0n);
    const fee = (amount * BigInt(terms.feeBps)) / BigInt(BPS);
    const buckets = group.map(({ bucket }) => bucket);
    return {
      purpose: `claim ${money(amount, token)} that matured${fee === 0n ? "" : `, ${money(fee, token)} of it the fee`}`,
      call: claimCall({ address, buckets, payoutGas: PAYOUT_GAS, token: token.address }),
      movements: payouts(address, [terms.receiver, amount - fee], [terms.feeReceiver, fee]),
    };
  });
}

function withdrawSteps({ address, terms, token }: Plan, credit: bigint): Step[] {
  if (credit === 0n) return [];
  const { receiver } = terms;
  return [
    {
      purpose: `pay out ${money(credit, token)} that waited for the receiver`,
      call: withdrawCall({ address, owner: receiver, to: receiver, token: token.address }),
      movements: payouts(address, [receiver, credit]),
    },
  ];
}

function payouts(from: Address, ...parts: readonly [to: Address, amount: bigint][]) {
  return movementsOf(...parts.filter(([to]) => to !== zeroAddress).map(([to, amount]) => ({ from, to, amount })));
}
