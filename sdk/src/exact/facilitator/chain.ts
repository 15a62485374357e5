import {
  type Address,
  erc20Abi,
  type Hash,
  type Hex,
  isAddressEqual,
  type Log,
  parseEventLogs,
  toFunctionSelector,
  zeroAddress,
} from "viem";
import { getContractEvents, getTransactionReceipt } from "viem/actions";
import { refundWindowAbi } from "../../generated/abis.js";
import { nextActions } from "../../generated/actions/refundWindow/nextActions.js";
import { paymentOf } from "../../generated/actions/refundWindow/paymentOf.js";
import type { NextAction, PaymentRef } from "../../generated/types.js";
import type { PaymentReceipt, ReceiptAction } from "../../refund-window/receipt.js";
import type { FacilitatorClient } from "./submitter.js";

/** A payment of a vault, and what is expected of it. */
export type ExpectedPayment = { vault: Address; id: Hex; ref: PaymentRef; amount: bigint };

/** Whether the vault knows the payment, ended ones included. */
export async function isPaid(
  client: FacilitatorClient,
  { ref, vault }: Pick<ExpectedPayment, "ref" | "vault">,
): Promise<boolean> {
  return (await paymentOf(client, { address: vault, ref })).paid !== 0n;
}

/**
 * Whether these logs show that the vault booked the payment, and that its amount moved: now, or before and it was proven.
 */
export function paidIn(logs: Log[], { amount, id, ref, vault }: ExpectedPayment): boolean {
  const paid = parseEventLogs({ abi: refundWindowAbi, eventName: "Paid", logs }).some(
    ({ address, args }) => isAddressEqual(address, vault) && args.id === id && args.amount === amount,
  );
  const moved = parseEventLogs({ abi: erc20Abi, eventName: "Transfer", logs }).some(
    ({ address, args }) =>
      isAddressEqual(address, ref.token) &&
      isAddressEqual(args.from, ref.payer) &&
      isAddressEqual(args.to, vault) &&
      args.value === amount,
  );
  const recorded = parseEventLogs({ abi: refundWindowAbi, eventName: "Recorded", logs }).some(
    ({ address, args }) => isAddressEqual(address, vault) && args.id === id,
  );
  return paid && (moved || recorded);
}

/**
 * What these logs show to have gone back of the payment, when it is in all what was asked for. It can be less than the
 * signed amount: what the other side gave back meanwhile counts towards it.
 */
export function refundedIn(
  logs: Log[],
  { id, total, vault }: { vault: Address; id: Hex; total: bigint },
): bigint | undefined {
  return parseEventLogs({ abi: refundWindowAbi, eventName: "Refunded", logs }).find(
    ({ address, args }) => isAddressEqual(address, vault) && args.id === id && args.refunded === total,
  )?.args.amount;
}

/** How these logs show a dispute to have begun. */
export function disputedIn(logs: Log[], { id, vault }: { vault: Address; id: Hex }) {
  return parseEventLogs({ abi: refundWindowAbi, eventName: "Disputed", logs }).find(
    ({ address, args }) => isAddressEqual(address, vault) && args.id === id,
  )?.args;
}

/** How these logs show a dispute to have ended, and by whom. */
export function settlementIn(logs: Log[], { id, vault }: { vault: Address; id: Hex }) {
  return parseEventLogs({ abi: refundWindowAbi, eventName: "DisputeSettled", logs }).find(
    ({ address, args }) => isAddressEqual(address, vault) && args.id === id,
  )?.args;
}

/** What these logs show the vault to have sent of the owner's credit. */
export function withdrawnIn(logs: Log[], { owner, vault }: { vault: Address; owner: Address }): bigint | undefined {
  return parseEventLogs({ abi: refundWindowAbi, eventName: "Withdrawn", logs }).find(
    ({ address, args }) => isAddressEqual(address, vault) && isAddressEqual(args.owner, owner),
  )?.args.amount;
}

/** The transaction, not long before `near`, in which somebody else's call booked the payment as expected. */
export async function findPaidTransaction(
  client: FacilitatorClient,
  payment: ExpectedPayment,
  near: bigint,
): Promise<Hash | undefined> {
  const range = 256n;
  const [event] = await getContractEvents(client, {
    abi: refundWindowAbi,
    address: payment.vault,
    args: { id: payment.id },
    eventName: "Paid",
    fromBlock: near > range ? near - range : 0n,
    toBlock: "latest",
  });
  if (!event) return undefined;
  const { logs } = await getTransactionReceipt(client, { hash: event.transactionHash });
  return paidIn(logs, payment) ? event.transactionHash : undefined;
}

/** What the buyer is told: the times, and who may do what until when. */
export async function readReceipt(
  client: FacilitatorClient,
  { id, ref, vault }: ExpectedPayment,
): Promise<PaymentReceipt> {
  const [payment, actions] = await Promise.all([
    paymentOf(client, { address: vault, ref }),
    nextActions(client, { address: vault, ref }),
  ]);
  return {
    kind: "refund-window",
    network: `eip155:${client.chain.id}`,
    vault,
    paymentId: id,
    token: ref.token,
    payer: ref.payer,
    nonce: ref.nonce,
    amount: String(payment.paid),
    ...(payment.defaultsAt === 0
      ? { closesAt: payment.closesAt, maturesAt: payment.maturesAt }
      : { defaultsAt: payment.defaultsAt }),
    nextActions: actions.flatMap(receiptAction),
  };
}

const MAX_UINT40 = 2 ** 40 - 1;

/** The functions that can come next, and how each can be used. */
const ACTIONS: Record<ReceiptAction["action"], ReceiptAction["how"]> = {
  refund: ["call", "signature"],
  dispute: ["call", "signature"],
  withdrawDispute: ["call", "signature"],
  concede: ["call", "signature"],
  resolve: ["call", "signature"],
  resolveByDefault: ["call"],
  claim: ["call"],
};
const ACTION_OF_SELECTOR = new Map(
  (Object.keys(ACTIONS) as ReceiptAction["action"][]).map((action) => [
    toFunctionSelector(refundWindowAbi.find((item) => item.type === "function" && item.name === action) as never),
    action,
  ]),
);

function receiptAction({ actor, from, selector, until }: NextAction): ReceiptAction[] {
  const action = ACTION_OF_SELECTOR.get(selector);
  if (!action) return [];
  return [
    {
      action,
      actor: actor === zeroAddress ? null : actor,
      from,
      until: until === MAX_UINT40 ? null : until,
      how: ACTIONS[action],
    },
  ];
}
