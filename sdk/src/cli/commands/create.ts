import { type Address, IntegerOutOfRangeError, zeroAddress, zeroHash } from "viem";
import { getBlock, getCode } from "viem/actions";
import { addressOf } from "../../generated/actions/vaultFactory/addressOf.js";
import { deployCall } from "../../generated/actions/vaultFactory/deploy.js";
import type { SubscriptionPlanTerms } from "../../generated/types.js";
import { encodeTerms, shortestPeriod } from "../../subscription/vaultAddress.js";
import { type Charge, describeTerms, firstCharges } from "../describeTerms.js";
import { CommandError, OptionsMissingError } from "../errors.js";
import { date, money, type TokenFormat } from "../format.js";
import { parseAddress, parseAmount, parseDuration, parsePeriod, parseSalt, parseShare } from "../parse.js";
import { planFactory, termsJson, tokenJson } from "../plans.js";
import { askForPlan } from "../prompts.js";
import { type CommonOptions, type Io, missingConsent, openSession, type Report, type Session } from "../session.js";
import { snippetOf } from "../snippet.js";
import { defaultTokenOf, readToken, type Token } from "../token.js";
import { type Outcome, outcomeJson, outcomeText, perform } from "../transaction.js";

export type CreateOptions = CommonOptions & {
  price?: string;
  every?: string;
  receiver?: string;
  operator?: string;
  token?: string;
  trial?: string;
  setupFee?: string;
  grace?: string;
  refundWindow?: string;
  nonRefundable?: string;
  fee?: string;
  feeReceiver?: string;
  salt?: string;
};

const PERIODS_SHOWN = 5;

/** Deploys a plan unless it exists, and says what it promises and how it is sold. */
export async function createPlan(io: Io, options: CreateOptions): Promise<Report> {
  const { dryRun, every, price, receiver } = options;
  const session = await openSession(io, options, {
    needsKey: !dryRun,
    missing: [
      !io.isInteractive && price === undefined && "--price <amount>, like 9.99",
      !io.isInteractive && every === undefined && '--every <period>, like "1 month"',
      missingConsent(io, options),
    ],
  });
  const { account, client } = session;
  const earner = receiver === undefined ? account?.address : parseAddress(receiver);
  if (!earner) throw new OptionsMissingError(["--receiver <address>, since there is no key whose address it could be"]);
  const factory = await planFactory(client);
  const tokenAddress = options.token === undefined ? defaultTokenOf(client.chain.id) : parseAddress(options.token);
  const token = await readToken(client, tokenAddress);
  const isComplete = price !== undefined && every !== undefined;
  const answers = isComplete ? options : await askForPlan(io, options, token);
  const terms = planTerms({ ...options, ...answers }, earner, token);

  const encoded = encode(terms);
  // The chain's own word, whatever this package thinks of the terms.
  const plan = await addressOf(client, { address: factory, terms: encoded });
  const { timestamp } = await getBlock(client);
  const description = describePlan(session, { now: Number(timestamp), plan, terms, token });
  if ((await getCode(client, { address: plan })) !== undefined) return reportOf(description, "exists", session);

  if (!options.json && !options.yes && !dryRun) io.messages.write(`${description.text.join("\n")}\n\n`);
  const outcome = await perform(session, {
    steps: [
      { purpose: `deploy the plan ${plan}`, call: deployCall({ address: factory, terms: encoded }), movements: [] },
    ],
    otherwise: earner,
    question: "Deploy this plan? Its terms can never be changed.",
    token,
  });
  return reportOf(description, outcome, session);
}

const DEFAULT_GRACE = 3 * 86_400;
const DEFAULT_WINDOW = 7 * 86_400;

/** The terms that these options mean. What was not chosen is as usual, or as much of it as the period allows. */
export function planTerms(options: CreateOptions, receiver: Address, token: Token): SubscriptionPlanTerms {
  const { every = "", fee, feeReceiver, nonRefundable, operator, price = "", salt, setupFee, trial } = options;
  const { length, unit } = parsePeriod(every);
  const terms = {
    receiver,
    operator: operator === undefined ? receiver : parseAddress(operator),
    feeReceiver: feeReceiver === undefined ? zeroAddress : parseAddress(feeReceiver),
    feeBps: fee === undefined ? 0 : parseShare(fee),
    salt: salt === undefined ? zeroHash : parseSalt(salt),
    token: token.address,
    price: parseAmount(price, token),
    periodUnit: unit,
    periodLength: length,
    grace: 0,
    trial: trial === undefined ? 0 : parseDuration(trial),
    setupFee: setupFee === undefined ? 0n : parseAmount(setupFee, token),
    refundWindow: 0,
    nonRefundableBps: nonRefundable === undefined ? 0 : parseShare(nonRefundable),
  };
  const shortest = shortestPeriod(terms);
  const grace =
    options.grace === undefined ? Math.min(DEFAULT_GRACE, Math.floor(shortest / 2)) : parseDuration(options.grace);
  const longestWindow = Math.max(0, shortest - grace);
  const refundWindow =
    options.refundWindow === undefined ? Math.min(DEFAULT_WINDOW, longestWindow) : parseDuration(options.refundWindow);
  return { ...terms, grace, refundWindow };
}

function encode(terms: SubscriptionPlanTerms) {
  try {
    return encodeTerms(terms);
  } catch (cause) {
    if (!(cause instanceof IntegerOutOfRangeError)) throw cause;
    throw new CommandError("An amount or a duration is larger than a plan can hold.", { cause, next: "Choose less." });
  }
}

type Description = { plan: Address; text: string[]; json: Report["json"] };

type Planned = { now: number; plan: Address; terms: SubscriptionPlanTerms; token: Token };

function describePlan({ client }: Session, { now, plan, terms, token }: Planned): Description {
  const { id, name } = client.chain;
  const sentences = describeTerms(terms, token, name);
  const charges = firstCharges(terms, now, PERIODS_SHOWN);
  const snippet = snippetOf(terms, id);
  return {
    plan,
    text: [
      ...sentences.map((sentence) => `  ${sentence}`),
      "",
      "Who subscribes now is charged:",
      ...charges.map((charge) => `  ${date(charge.at)}  ${money(charge.amount, token)}${setupNote(charge, token)}`),
    ],
    json: {
      plan,
      chainId: id,
      terms: termsJson(terms),
      token: tokenJson(token),
      words: sentences,
      charges: charges.map(({ amount, at }) => ({ at, amount: String(amount) })),
      snippet,
    },
  };
}

function setupNote({ amount, setupFee }: Charge, token: TokenFormat): string {
  if (setupFee === 0n) return "";
  return amount === setupFee ? " for the setup" : `, ${money(setupFee, token)} of it for the setup`;
}

function reportOf({ json, plan, text }: Description, outcome: Outcome | "exists", session: Session): Report {
  const isCreated = outcome !== "exists" && !outcome.isDryRun;
  const heading =
    outcome === "exists"
      ? `The plan exists already: ${plan}. Nothing was sent.`
      : `${isCreated ? "Created the plan" : "Dry run, nothing was sent. The plan would be"} ${plan}.`;
  return {
    text: [
      heading,
      ...text,
      "",
      ...(outcome === "exists" ? [] : [...outcomeText(outcome, session), ""]),
      "Paste into your server:",
      "",
      String(json.snippet),
    ],
    json: {
      ...json,
      created: isCreated,
      exists: outcome === "exists" || isCreated,
      ...(outcome === "exists" ? { dryRun: session.options.dryRun ?? false, transactions: [] } : outcomeJson(outcome)),
    },
  };
}
