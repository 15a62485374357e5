import { type Address, type Chain, type Client, isAddressEqual, type Transport } from "viem";
import { planStage } from "../generated/actions/subscriptionPlan/planStage.js";
import { subscriptionOf } from "../generated/actions/subscriptionPlan/subscriptionOf.js";
import { terms as readTerms } from "../generated/actions/subscriptionPlan/terms.js";
import {
  type Pair,
  type PairId,
  PlanStage,
  type SubscriptionPlanTerms,
  type SubscriptionStatus,
  type SubscriptionView,
} from "../generated/types.js";
import { type ReceiptAction, type ReceiptOf, receiptOfKind } from "../vault/receipt.js";
import { pairIdOf } from "./pairIdOf.js";

/** Where a subscription stands, in words. */
export type StatusName = (typeof STATUS_NAMES)[number];

/** In the order of the contract's `SubscriptionStatus`. */
const STATUS_NAMES = ["none", "trialing", "active", "past-due", "skipped", "prepaid", "canceled", "ended"] as const;

export type SubscriptionAction = "subscribe" | "pay" | "charge" | "cancel" | "undo" | "refund";

/** A pair of one plan on one chain. */
type PairReceipt = Pair & {
  kind: "subscription-plan";
  /** CAIP-2. */
  network: string;
  /** The plan. */
  vault: Address;
  token: Address;
  pair: PairId;
};

/** How a subscription stands. Amounts are decimal strings in the token's smallest unit, times Unix seconds. */
export type SubscriptionState = {
  status: StatusName;
  /** Whether the beneficiary has access. */
  isActive: boolean;
  /** First second without access, as far as it is paid or on trial. */
  paidThrough: number;
  quantity: number;
  /** What one charge takes. */
  charge: string;
  /** When the next charge can be taken; missing when there is none. */
  chargeableFrom?: number;
  /** First second at which that charge has been skipped. */
  chargeableUntil?: number;
  /** First second at which the newest charge can no longer be undone; missing when there is none. */
  closesAt?: number;
  /** What the subscriber could take back now; missing when it is nothing. */
  undoable?: string;
  /** Who may do what from now on. */
  nextActions: ReceiptAction<SubscriptionAction>[];
};

/**
 * What a subscriber gets with the response (`extra.recourse` of PAYMENT-RESPONSE). With it and the chain it needs nobody. How
 * the subscription stands is missing when the node went away right after it; `statusOf` tells it later.
 */
export type SubscriptionReceipt = PairReceipt & Partial<SubscriptionState>;

/** What a buyer of one period gets with the response. */
export type PeriodReceipt = ReceiptOf<"subscription-plan", SubscriptionAction> & SubscriptionReceipt;

/** What the server's response says of the subscription, or `undefined` when it is about none. */
export function subscriptionReceipt(response: Response): SubscriptionReceipt | undefined {
  return receiptOfKind<SubscriptionReceipt>(response, "subscription-plan");
}

/** What can be said of a pair without asking the chain. */
export function bareSubscriptionReceipt(
  place: { network: string; vault: Address; token: Address } & Pair,
): PairReceipt {
  const { beneficiary, network, subscriber, token, vault } = place;
  return { kind: "subscription-plan", network, vault, token, pair: pairIdOf(place), subscriber, beneficiary };
}

/** How a subscription stands now, and who may do what. */
export async function statusOf(
  client: Client<Transport, Chain>,
  { address, beneficiary, subscriber }: statusOf.Parameters,
): Promise<Required<Pick<SubscriptionReceipt, keyof PairReceipt>> & SubscriptionState> {
  const pair = { subscriber, beneficiary: beneficiary ?? subscriber };
  const [view, terms, stage] = await Promise.all([
    subscriptionOf(client, { address, pair }),
    readTerms(client, { address }),
    planStage(client, { address }),
  ]);
  const place = { network: `eip155:${client.chain.id}`, vault: address, token: terms.token, ...pair };
  return { ...bareSubscriptionReceipt(place), ...stateOf(view, { pair, stage, terms }) };
}

export declare namespace statusOf {
  type Parameters = {
    /** The plan, which exists. */
    address: Address;
    /** Who pays. */
    subscriber: Address;
    /** Who may use it. Default: the subscriber. */
    beneficiary?: Address | undefined;
  };
}

type Circumstances = { pair: Pair; stage: PlanStage; terms: SubscriptionPlanTerms };

/** A subscription as the plan shows it, in the words of the wire. */
export function stateOf(view: SubscriptionView, circumstances: Circumstances): SubscriptionState {
  const { amount, chargeableFrom, chargeableUntil, closesAt, isActive, paidThrough, quantity, status, undoable } = view;
  return {
    status: statusNameOf(status),
    isActive,
    paidThrough,
    quantity,
    charge: String(amount),
    ...(chargeableFrom === 0 ? {} : { chargeableFrom, chargeableUntil }),
    ...(closesAt === 0 ? {} : { closesAt }),
    ...(undoable === 0n ? {} : { undoable: String(undoable) }),
    nextActions: actionsOf(view, circumstances),
  };
}

/** The name of a status on the wire. */
export function statusNameOf(status: SubscriptionStatus): StatusName {
  return STATUS_NAMES[status];
}

/** Whether a subscription can still be charged: then it is neither begun anew nor paid by the period. */
export function isLiveStatus(status: StatusName): boolean {
  return ["trialing", "active", "past-due", "skipped"].includes(status);
}

function actionsOf(view: SubscriptionView, { pair, stage, terms }: Circumstances): ReceiptAction<SubscriptionAction>[] {
  const { beneficiary, subscriber } = pair;
  const { chargeableFrom, chargeableUntil, closesAt, maturesAt, undoable } = view;
  const isLive = isLiveStatus(statusNameOf(view.status));
  const isForSale = stage === PlanStage.Open && !isLive;
  const isForItself = isAddressEqual(subscriber, beneficiary);
  const always = { actor: subscriber, from: 0, until: null };
  const actions: (ReceiptAction<SubscriptionAction> | false)[] = [
    isForSale && { action: "subscribe", ...always, how: ["call", "signature"] },
    isForSale && isForItself && terms.setupFee === 0n && { action: "pay", ...always, how: ["signature"] },
    chargeableFrom !== 0 && {
      action: "charge",
      actor: null,
      from: chargeableFrom,
      until: chargeableUntil,
      how: ["call"],
    },
    isLive && { action: "cancel", ...always, how: ["call", "signature"] },
    undoable !== 0n && { action: "undo", ...always, until: closesAt, how: ["call", "signature"] },
    closesAt !== 0 && { action: "refund", actor: terms.receiver, from: 0, until: maturesAt, how: ["call"] },
  ];
  return actions.filter((action) => action !== false);
}
