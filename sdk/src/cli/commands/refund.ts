import { refundCall } from "../../generated/actions/subscriptionPlan/refund.js";
import { subscriptionOf } from "../../generated/actions/subscriptionPlan/subscriptionOf.js";
import { PAYOUT_GAS } from "../../vault/payoutGas.js";
import { CommandError } from "../errors.js";
import { money } from "../format.js";
import { parseSeconds } from "../parse.js";
import { readPlan } from "../plans.js";
import { type CommonOptions, type Io, missingConsent, openSession, type Report } from "../session.js";
import { movementsOf, outcomeJson, outcomeText, perform } from "../transaction.js";
import { missingAddress, pairOf, planAddress } from "./arguments.js";

export type RefundOptions = CommonOptions & { closesAt?: string };

/** Gives the newest charge of a subscription back, as long as the plan holds it. The subscription goes on. */
export async function refundCharge(
  io: Io,
  [planText, subscriberText, beneficiaryText]: readonly [plan?: string, subscriber?: string, beneficiary?: string],
  options: RefundOptions,
): Promise<Report> {
  const expected = options.closesAt === undefined ? undefined : parseSeconds(options.closesAt);
  const session = await openSession(io, options, {
    needsKey: !options.dryRun,
    missing: [
      missingAddress(io, planText, "plan"),
      missingAddress(io, subscriberText, "subscriber"),
      missingConsent(io, options),
    ],
  });
  const { client } = session;
  const { address, terms, token } = await readPlan(client, await planAddress(io, planText));
  const pair = await pairOf(io, subscriberText, beneficiaryText);
  const { amount, closesAt } = await subscriptionOf(client, { address, pair });
  const { subscriber } = pair;
  if (closesAt === 0) {
    throw new CommandError(`The plan holds no charge of ${subscriber}.`, {
      next: "It was given back already, or there was none: look at `recourse plan show`.",
    });
  }

  const outcome = await perform(session, {
    steps: [
      {
        purpose: `give ${money(amount, token)} back to ${subscriber}`,
        // Which charge is meant is part of the call: repeated later, it does not refund the next one.
        call: refundCall({ address, pair, closesAt: expected ?? BigInt(closesAt), payoutGas: PAYOUT_GAS }),
        movements: movementsOf({ from: address, to: subscriber, amount }),
      },
    ],
    otherwise: terms.receiver,
    question: `Give ${money(amount, token)} back to ${subscriber}? The subscription goes on.`,
    token,
  });
  return {
    text: outcomeText(outcome, session),
    json: { plan: address, ...pair, amount: String(amount), closesAt, ...outcomeJson(outcome) },
  };
}
