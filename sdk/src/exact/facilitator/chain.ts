import { type Address, erc20Abi, type Hash, type Hex, isAddressEqual, type Log, parseEventLogs } from "viem";
import { getBlockNumber, getContractEvents, getTransactionReceipt } from "viem/actions";
import { escrowAbi, refundWindowAbi, subscriptionPlanAbi } from "../../generated/abis.js";
import { paymentOf as escrowPaymentOf } from "../../generated/actions/escrow/paymentOf.js";
import { paymentOf as refundWindowPaymentOf } from "../../generated/actions/refundWindow/paymentOf.js";
import type { PaymentRef } from "../../generated/types.js";
import type { VaultPromise } from "../kinds.js";
import type { FacilitatorClient } from "./submitter.js";

/** A payment of a vault, and what is expected of it. */
export type ExpectedPayment = { kind: VaultPromise["kind"]; vault: Address; id: Hex; ref: PaymentRef; amount: bigint };

/** Whether the vault knows the payment, ended ones included; a plan does not tell. */
export async function isPaid(client: FacilitatorClient, { kind, ref, vault }: ExpectedPayment): Promise<boolean> {
  if (kind === "subscription-plan") return false;
  const paymentOf = kind === "escrow" ? escrowPaymentOf : refundWindowPaymentOf;
  return (await paymentOf(client, { address: vault, ref })).paid !== 0n;
}

/**
 * Whether these logs show that the vault booked the payment, and that its amount moved: now, or before and it was proven.
 */
export function paidIn(logs: Log[], payment: ExpectedPayment): boolean {
  const { amount, id, ref, vault } = payment;
  const paid = openedIn(logs, payment);
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

function openedIn(logs: Log[], { amount, id, kind, vault }: ExpectedPayment): boolean {
  const isIt = ({ address, args }: { address: Address; args: { id: Hex; amount: bigint } }) =>
    isAddressEqual(address, vault) && args.id === id && args.amount === amount;
  switch (kind) {
    case "refund-window":
      return parseEventLogs({ abi: refundWindowAbi, eventName: "Paid", logs }).some(isIt);
    case "escrow":
      return parseEventLogs({ abi: escrowAbi, eventName: "Authorized", logs }).some(isIt);
    case "subscription-plan":
      return parseEventLogs({ abi: subscriptionPlanAbi, eventName: "PeriodPaid", logs }).some(isIt);
  }
}

/** Whether these logs show that money was recorded which buys no period: it waits as a credit of its payer. */
export function creditedIn(logs: Log[], { amount, id, vault }: ExpectedPayment): boolean {
  return parseEventLogs({ abi: subscriptionPlanAbi, eventName: "PaymentCredited", logs }).some(
    ({ address, args }) => isAddressEqual(address, vault) && args.id === id && args.amount === amount,
  );
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
  const [event] = await openingsOf(client, payment, blocksSince(near));
  if (!event) return undefined;
  const { logs } = await getTransactionReceipt(client, { hash: event.transactionHash });
  return paidIn(logs, payment) ? event.transactionHash : undefined;
}

function openingsOf(
  client: FacilitatorClient,
  { id, kind, vault }: ExpectedPayment,
  range: ReturnType<typeof blocksSince>,
): Promise<{ transactionHash: Hash }[]> {
  const place = { address: vault, args: { id }, ...range };
  switch (kind) {
    case "refund-window":
      return getContractEvents(client, { abi: refundWindowAbi, eventName: "Paid", ...place });
    case "escrow":
      return getContractEvents(client, { abi: escrowAbi, eventName: "Authorized", ...place });
    case "subscription-plan":
      return getContractEvents(client, { abi: subscriptionPlanAbi, eventName: "PeriodPaid", ...place });
  }
}

/** Not farther back than any node answers for. */
export function blocksSince(near: bigint): { fromBlock: bigint; toBlock: "latest" } {
  const range = 256n;
  return { fromBlock: near > range ? near - range : 0n, toBlock: "latest" };
}

/** How these logs show a part of a payment into an escrow to have been captured, when it makes this total. */
export function capturedIn(logs: Log[], { captured, id, vault }: { vault: Address; id: Hex; captured: bigint }) {
  return parseEventLogs({ abi: escrowAbi, eventName: "Captured", logs }).find(
    ({ address, args }) => isAddressEqual(address, vault) && args.id === id && args.captured === captured,
  )?.args;
}

/** What these logs show an escrow to have returned to the payer. */
export function returnedIn(logs: Log[], { id, vault }: { vault: Address; id: Hex }): bigint | undefined {
  return parseEventLogs({ abi: escrowAbi, eventName: "Returned", logs }).find(
    ({ address, args }) => isAddressEqual(address, vault) && args.id === id,
  )?.args.amount;
}

/** What these logs show somebody to have given back of what an escrow captured. */
export function refundedOfCaptureIn(
  logs: Log[],
  { by, id, vault }: { vault: Address; id: Hex; by: Address },
): bigint | undefined {
  return parseEventLogs({ abi: escrowAbi, eventName: "Refunded", logs }).find(
    ({ address, args }) => isAddressEqual(address, vault) && args.id === id && isAddressEqual(args.by, by),
  )?.args.amount;
}

/** The newest transaction, of the last blocks, in which money of this payment left its escrow, or came back for it. */
export async function findEscrowTransaction(
  client: FacilitatorClient,
  { id, vault }: Pick<ExpectedPayment, "id" | "vault">,
  eventNames: readonly ("Captured" | "Returned" | "Refunded")[],
): Promise<Hash | undefined> {
  const place = { abi: escrowAbi, address: vault, args: { id }, ...blocksSince(await getBlockNumber(client)) };
  const found = await Promise.all(eventNames.map((eventName) => getContractEvents(client, { ...place, eventName })));
  return found
    .flat()
    .sort((left, right) => Number(left.blockNumber - right.blockNumber))
    .at(-1)?.transactionHash;
}
