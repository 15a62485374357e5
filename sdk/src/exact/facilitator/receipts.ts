import { type Abi, type Hex, toFunctionSelector, zeroAddress } from "viem";
import type { PaymentReceipt as EscrowReceipt } from "../../escrow/receipt.js";
import { escrowAbi, refundWindowAbi } from "../../generated/abis.js";
import { nextActions as escrowNextActions } from "../../generated/actions/escrow/nextActions.js";
import { paymentOf as escrowPaymentOf } from "../../generated/actions/escrow/paymentOf.js";
import { nextActions as refundWindowNextActions } from "../../generated/actions/refundWindow/nextActions.js";
import { paymentOf as refundWindowPaymentOf } from "../../generated/actions/refundWindow/paymentOf.js";
import type { NextAction } from "../../generated/types.js";
import type { PaymentReceipt as RefundWindowReceipt } from "../../refund-window/receipt.js";
import {
  bareSubscriptionReceipt,
  type PeriodReceipt,
  type SubscriptionReceipt,
  statusOf,
} from "../../subscription/receipt.js";
import type { ReceiptAction } from "../../vault/receipt.js";
import type { ExpectedPayment } from "./chain.js";
import type { FacilitatorClient } from "./submitter.js";

/* What the buyer is told of its payment: the times, and who may do what until when. */

/** What the buyer gets, whatever the kind of vault. */
export type VaultReceipt = RefundWindowReceipt | EscrowReceipt | PeriodReceipt | SubscriptionReceipt;

/** What can be said of a payment without asking the chain. */
export function bareReceipt({ amount, id, kind, ref, vault }: ExpectedPayment, network: string): VaultReceipt {
  const { nonce, payer, token } = ref;
  const receipt = { network, vault, paymentId: id, token, payer, nonce, amount: String(amount) };
  if (kind !== "subscription-plan") return { kind, ...receipt };
  return { ...receipt, ...bareSubscriptionReceipt({ ...receipt, subscriber: payer, beneficiary: payer }) };
}

/** What the chain says of it now. */
export function readReceipt(client: FacilitatorClient, payment: ExpectedPayment): Promise<VaultReceipt> {
  switch (payment.kind) {
    case "refund-window":
      return refundWindowReceipt(client, payment);
    case "escrow":
      return escrowReceipt(client, payment);
    case "subscription-plan":
      return periodReceipt(client, payment);
  }
}

async function periodReceipt(client: FacilitatorClient, expected: ExpectedPayment): Promise<PeriodReceipt> {
  const { ref, vault: address } = expected;
  const bare = bareReceipt(expected, networkOf(client)) as PeriodReceipt;
  return { ...bare, ...(await statusOf(client, { address, subscriber: ref.payer })) };
}

async function refundWindowReceipt(client: FacilitatorClient, expected: ExpectedPayment): Promise<RefundWindowReceipt> {
  const place = { address: expected.vault, ref: expected.ref };
  const [payment, actions] = await Promise.all([
    refundWindowPaymentOf(client, place),
    refundWindowNextActions(client, place),
  ]);
  return {
    ...(bareReceipt(expected, networkOf(client)) as RefundWindowReceipt),
    amount: String(payment.paid),
    ...(payment.defaultsAt === 0
      ? { closesAt: payment.closesAt, maturesAt: payment.maturesAt }
      : { defaultsAt: payment.defaultsAt }),
    nextActions: actions.flatMap((action) => receiptAction(action, REFUND_WINDOW_ACTIONS)),
  };
}

async function escrowReceipt(client: FacilitatorClient, expected: ExpectedPayment): Promise<EscrowReceipt> {
  const place = { address: expected.vault, ref: expected.ref };
  const [payment, actions] = await Promise.all([escrowPaymentOf(client, place), escrowNextActions(client, place)]);
  return {
    ...(bareReceipt(expected, networkOf(client)) as EscrowReceipt),
    amount: String(payment.paid),
    captured: String(payment.captured),
    returned: String(payment.returned),
    refunded: String(payment.refunded),
    captureUntil: payment.captureUntil,
    nextActions: actions.flatMap((action) => receiptAction(action, ESCROW_ACTIONS)),
  };
}

function networkOf({ chain }: FacilitatorClient): string {
  return `eip155:${chain.id}`;
}

/* ACTIONS */

type How = ReceiptAction["how"];
type KnownActions<Action extends string> = Map<Hex, { action: Action; how: How }>;

/** The functions that can come next, by selector, and how each can be used. */
const REFUND_WINDOW_ACTIONS = actionsBySelector(refundWindowAbi, {
  refund: ["call", "signature"],
  dispute: ["call", "signature"],
  withdrawDispute: ["call", "signature"],
  concede: ["call", "signature"],
  resolve: ["call", "signature"],
  resolveByDefault: ["call"],
  claim: ["call"],
});

const ESCROW_ACTIONS = actionsBySelector(escrowAbi, {
  capture: ["call", "signature"],
  close: ["call", "signature"],
  void: ["call", "signature"],
  reclaim: ["call", "relay"],
  refund: ["call"],
});

function actionsBySelector<Action extends string>(abi: Abi, actions: Record<Action, How>): KnownActions<Action> {
  return new Map(
    abi.flatMap((item) => {
      if (item.type !== "function" || !(item.name in actions)) return [];
      const action = item.name as Action;
      return [[toFunctionSelector(item), { action, how: actions[action] }] as const];
    }),
  );
}

const MAX_UINT40 = 2 ** 40 - 1;

function receiptAction<Action extends string>(
  { actor, from, selector, until }: NextAction,
  known: KnownActions<Action>,
): ReceiptAction<Action>[] {
  const action = known.get(selector);
  if (!action) return [];
  return [{ ...action, actor: actor === zeroAddress ? null : actor, from, until: until === MAX_UINT40 ? null : until }];
}
