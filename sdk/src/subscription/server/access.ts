import type { FacilitatorClient } from "@x402/core/server";
import type { PaymentRequirements } from "@x402/core/types";
import {
  type Account,
  type Address,
  type Chain,
  type Client,
  getAddress,
  type Hex,
  isAddress,
  type Transport,
} from "viem";
import { getBlock, getCode, verifyMessage, waitForTransactionReceipt } from "viem/actions";
import { charge as chargeByWallet } from "../../generated/actions/subscriptionPlan/charge.js";
import { planStage } from "../../generated/actions/subscriptionPlan/planStage.js";
import { subscriptionOf } from "../../generated/actions/subscriptionPlan/subscriptionOf.js";
import type { Pair, SubscriptionView } from "../../generated/types.js";
import { RouteTermsError } from "../../routeErrors.js";
import { PAYOUT_GAS } from "../../vault/payoutGas.js";
import { withDeadline } from "../../withDeadline.js";
import type { ChargeOperation } from "../operations.js";
import { bareSubscriptionReceipt, type StatusName, type SubscriptionReceipt, stateOf } from "../receipt.js";
import { firstChargeOf, fromWireTerms } from "../terms.js";
import { InMemoryNonceStorage, type NonceStorage } from "./nonces.js";
import { Subscribers } from "./subscribers.js";
import type { SinglePeriodOption, SubscriptionOption } from "./subscription.js";

/** What a route sells: its plan, by its option for subscribers or for single periods. */
type PlanOption = SubscriptionOption | SinglePeriodOption;

export type SubscriptionAccessOptions = {
  /** Reads the plans' chain. */
  client: Client<Transport, Chain>;
  /** What lets whom in where: the options of each route, by its path. A path that ends with `/*` stands for all below it. */
  plans: Readonly<Record<string, PlanOption | readonly PlanOption[]>>;
  /**
   * The first block in which somebody can have subscribed for somebody else: that in which the oldest plan was deployed. Default:
   * nobody is looked for, and only who pays for itself gets in.
   */
  fromBlock?: bigint;
  /** How many blocks to ask for at once; nodes have limits. Default: 10,000. */
  blocksPerRequest?: bigint;
  /** Charges what is due before somebody is let in. Default: the keeper's matter alone. */
  facilitator?: FacilitatorClient;
  /** Charges instead of a facilitator, and pays the gas. */
  wallet?: Client<Transport, Chain, Account>;
  /** Seconds that somebody who was let in is let in again without asking the chain, at most 60. Default: 30. */
  cacheSeconds?: number;
  /** Shared by all processes behind one origin. Default: the memory of this process. */
  nonces?: NonceStorage;
  /** Milliseconds that the chain may take to answer, and a charge to be mined. Default: 15,000. */
  timeoutMs?: number;
};

/** What somebody who was not let in can do about it. */
export type AccessRemedy =
  /** The subscriber needs so much of the token, and has to let the plan take it; then signing in again charges it. */
  | { action: "top-up"; subscriber: Address; token: Address; amount: string; spender: Address; until: number }
  /** The period was skipped. The next one begins then. */
  | { action: "wait"; until: number }
  /** Nothing is left to charge: subscribe anew, or buy a period. */
  | { action: "subscribe" };

/** How the subscription of whoever signed in stands, and what to do about it. */
export type AccessStanding = SubscriptionReceipt & { status: StatusName; remedy: AccessRemedy };

/** What the official sign-in-with-x extension asks, as its `SIWxStorage`, answered by the chain. */
export type SubscriptionAccess = {
  hasPaid(path: string, address: string): Promise<boolean>;
  recordPayment(path: string, address: string): Promise<void>;
  hasUsedNonce(nonce: string): Promise<boolean>;
  recordNonce(nonce: string): Promise<void>;
  /** For `verifyOptions` of the extension: accounts that are contracts sign in too. */
  evmVerifier(message: { address: Hex; message: string; signature: Hex }): Promise<boolean>;
  /** How the subscription of somebody stands who has just signed in, and was not let in. */
  standingOf(plan: Address, who: Address): AccessStanding | undefined;
};

/** As long as the official extension takes a sign-in, and some more for clocks that differ. */
const NONCE_SECONDS = 600;
const MAX_CACHE_SECONDS = 60;
/** So many of whom nothing but the newest answer is known; the oldest are forgotten. */
const MAX_REMEMBERED = 10_000;
const POLL_MS = 250;

/**
 * Lets in whoever has a paid or trial period now, by a signature alone: the storage for the official sign-in-with-x extension.
 * It keeps nothing that the chain does not say: a cancel or undo is seen after `cacheSeconds` at most. Where a period is due it is
 * charged first.
 *
 * @throws {RouteTermsError} when the client is on another chain than a plan, or `cacheSeconds` is above 60.
 */
export function subscriptionAccess(options: SubscriptionAccessOptions): SubscriptionAccess {
  const { client, cacheSeconds = 30, nonces = new InMemoryNonceStorage() } = options;
  if (!(cacheSeconds >= 0 && cacheSeconds <= MAX_CACHE_SECONDS))
    throw new RouteTermsError(`\`cacheSeconds\` is at most ${MAX_CACHE_SECONDS}: so late is a cancel seen.`);
  const doors = new Doors(options, cacheSeconds);
  return {
    hasPaid: (path, address) => doors.admits(path, address),
    // The chain says who has paid.
    recordPayment: async () => {},
    // Taken when it is looked at: two requests with one sign-in do not both find it free.
    hasUsedNonce: async (nonce) => !(await nonces.claim(nonce, NONCE_SECONDS)),
    recordNonce: async () => {},
    evmVerifier: (message) => verifyMessage(client, message),
    standingOf: (plan, who) => doors.standingOf(plan, who),
  };
}

/** What one route sells, as the chain is asked about it. */
type Plan = { option: PlanOption; address: Address; quantity: number; subscribers: Subscribers | undefined };

/** A pair that lets somebody in, until the chain is asked again: milliseconds since 1970. */
type Admission = { until: number };

class Doors {
  readonly #options: SubscriptionAccessOptions;
  readonly #cacheMs: number;
  readonly #timeoutMs: number;
  readonly #plans: Map<string, readonly Plan[]>;
  readonly #admitted = new Map<string, Admission>();
  readonly #standings = new Map<string, AccessStanding>();
  /** The charges that run, so that one pair is charged by one transaction. */
  readonly #charging = new Map<string, Promise<void>>();

  constructor(options: SubscriptionAccessOptions, cacheSeconds: number) {
    this.#options = options;
    this.#cacheMs = cacheSeconds * 1_000;
    this.#timeoutMs = options.timeoutMs ?? 15_000;
    const known = new Map<Address, Subscribers | undefined>();
    this.#plans = new Map(
      Object.entries(options.plans).map(([path, sold]) => [
        path,
        [sold].flat().map((option) => this.#planOf(option as PlanOption, known)),
      ]),
    );
  }

  #planOf(option: PlanOption, known: Map<Address, Subscribers | undefined>): Plan {
    const { blocksPerRequest = 10_000n, client, fromBlock } = this.#options;
    if (option.network !== `eip155:${client.chain.id}`)
      throw new RouteTermsError(`The plan is on ${option.network}, and the client on eip155:${client.chain.id}.`);
    const address = option.payTo;
    if (!known.has(address)) {
      const range = fromBlock === undefined ? undefined : { fromBlock, blocksPerRequest };
      known.set(address, range && new Subscribers(client, address, range));
    }
    const quantity = option.extra.recourse.quantity ?? 1;
    return { option, address, quantity, subscribers: known.get(address) };
  }

  async admits(path: string, address: string): Promise<boolean> {
    if (!isAddress(address, { strict: false })) return false;
    const who = getAddress(address);
    const plans = this.#plansAt(path);
    if (plans.some((plan) => this.#isAdmitted(plan, who))) return true;
    // Whatever cannot be found out lets nobody in.
    return withDeadline(this.#admitsBy(plans, who), this.#timeoutMs);
  }

  standingOf(plan: Address, who: Address): AccessStanding | undefined {
    return this.#standings.get(`${plan}:${who}`);
  }

  #plansAt(path: string): readonly Plan[] {
    const exact = this.#plans.get(path);
    if (exact) return exact;
    const below = [...this.#plans].filter(([key]) => key.endsWith("/*") && path.startsWith(key.slice(0, -1)));
    return below.sort(([left], [right]) => right.length - left.length)[0]?.[1] ?? [];
  }

  #isAdmitted({ address, quantity }: Plan, who: Address): boolean {
    return (this.#admitted.get(`${address}:${quantity}:${who}`)?.until ?? 0) > Date.now();
  }

  async #admitsBy(plans: readonly Plan[], who: Address): Promise<boolean> {
    for (const plan of plans) if (await this.#admitsByPlan(plan, who)) return true;
    return false;
  }

  async #admitsByPlan(plan: Plan, who: Address): Promise<boolean> {
    const { client } = this.#options;
    const { address, quantity } = plan;
    if ((await getCode(client, { address })) === undefined) return false;
    const subscribers = [who, ...((await plan.subscribers?.of(who)) ?? [])];
    const [{ timestamp }, ...found] = await Promise.all([
      getBlock(client),
      ...subscribers.map((subscriber) => this.#viewOf(plan, { subscriber, beneficiary: who })),
    ]);
    const now = Number(timestamp);
    const fitting = found.filter(({ view }) => view.quantity >= quantity);
    const active = fitting.find(({ view }) => view.isActive);
    if (active) return this.#admit(plan, who, active.view.paidThrough - now);

    const due = fitting.filter(({ view }) => view.chargeableFrom !== 0 && view.chargeableFrom <= now);
    for (const { pair } of due) {
      await this.#chargeOnce(plan, pair);
      const { view } = await this.#viewOf(plan, pair);
      if (view.isActive) return this.#admit(plan, who, view.paidThrough - now);
    }
    await this.#remember(plan, who, due[0] ?? fitting.find(({ view }) => view.anchor !== 0), now);
    return false;
  }

  async #viewOf({ address }: Plan, pair: Pair): Promise<{ pair: Pair; view: SubscriptionView }> {
    return { pair, view: await subscriptionOf(this.#options.client, { address, pair }) };
  }

  /** For no longer than is paid, by the chain's clock. */
  #admit({ address, quantity }: Plan, who: Address, secondsLeft: number): true {
    const until = Date.now() + Math.min(this.#cacheMs, secondsLeft * 1_000);
    put(this.#admitted, `${address}:${quantity}:${who}`, { until });
    this.#standings.delete(`${address}:${who}`);
    return true;
  }

  async #remember(
    plan: Plan,
    who: Address,
    found: { pair: Pair; view: SubscriptionView } | undefined,
    now: number,
  ): Promise<void> {
    const { client } = this.#options;
    const { address, option } = plan;
    const key = `${address}:${who}`;
    if (!found) return void this.#standings.delete(key);
    const { pair, view } = found;
    const terms = fromWireTerms(option.extra.recourse.terms);
    const stage = await planStage(client, { address });
    put(this.#standings, key, {
      ...bareSubscriptionReceipt({ network: option.network, vault: address, token: terms.token, ...pair }),
      ...stateOf(view, { pair, stage, terms }),
      remedy: remedyOf(view, { now, plan: address, subscriber: pair.subscriber, token: terms.token }),
    });
  }

  /* CHARGE */

  /** What keeps a period from being charged is no reason to let nobody know: how it stands is read again afterwards. */
  async #chargeOnce(plan: Plan, pair: Pair): Promise<void> {
    const key = `${plan.address}:${pair.subscriber}:${pair.beneficiary}`;
    const running = this.#charging.get(key) ?? this.#charge(plan, pair).finally(() => this.#charging.delete(key));
    this.#charging.set(key, running);
    await running.catch(() => undefined);
  }

  async #charge(plan: Plan, pair: Pair): Promise<void> {
    const { facilitator, wallet } = this.#options;
    if (wallet) return this.#chargeBy(wallet, plan, pair);
    if (!facilitator) return undefined;
    const requirements = requirementsOf(plan.option);
    const operation: ChargeOperation = { type: "charge", ...pair };
    const payload = { x402Version: 2, accepted: requirements, payload: operation };
    const { success } = await facilitator.settle(payload, requirements);
    if (success) await this.#untilSeen(plan, pair);
  }

  async #chargeBy(wallet: Client<Transport, Chain, Account>, { address }: Plan, pair: Pair): Promise<void> {
    const { client } = this.#options;
    const hash = await chargeByWallet(wallet, { address, pairs: [pair], tokenGas: PAYOUT_GAS });
    await waitForTransactionReceipt(client, { hash, timeout: this.#timeoutMs });
  }

  /** Our node may be behind the facilitator's. */
  async #untilSeen(plan: Plan, pair: Pair): Promise<void> {
    const end = Date.now() + this.#timeoutMs;
    while (Date.now() < end && !(await this.#viewOf(plan, pair)).view.isActive) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

function remedyOf(
  { amount, chargeableFrom, chargeableUntil: until }: SubscriptionView,
  { now, plan, subscriber, token }: { now: number; plan: Address; subscriber: Address; token: Address },
): AccessRemedy {
  if (chargeableFrom === 0) return { action: "subscribe" };
  if (chargeableFrom > now) return { action: "wait", until: chargeableFrom };
  return { action: "top-up", subscriber, token, amount: String(amount), spender: plan, until };
}

/** What a facilitator is asked to charge by: the plan as it is offered to subscribers. */
function requirementsOf({ extra, network, payTo }: PlanOption): PaymentRequirements {
  const { quantity = 1, terms: wireTerms } = extra.recourse;
  const terms = fromWireTerms(wireTerms);
  const amount = String(firstChargeOf(terms, { quantity }));
  return { scheme: "subscription", network, asset: terms.token, amount, payTo, maxTimeoutSeconds: 60, extra };
}

/** The newest so many; the oldest is forgotten. */
function put<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MAX_REMEMBERED) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
