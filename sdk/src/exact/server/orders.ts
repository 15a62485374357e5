import type { PaymentPayload, PaymentRequirements } from "@x402/core/types";
import { type AuthorizerSigner, authorizationTypes } from "@x402/evm";
import { type Address, getAddress, type Hex } from "viem";
import { captureManyTypedData, captureTypedData, refundTypedData, voidTypedData } from "../../generated/typedData.js";
import type { PaymentRef } from "../../generated/types.js";
import { toWire } from "../../vault/messages.js";
import { paymentIdOf } from "../../vault/paymentIdOf.js";
import { refundNonce } from "../../vault/refundNonce.js";
import type {
  CaptureManyOperation,
  CaptureOperation,
  EscrowRefundOperation,
  RefundOperation,
  VoidOperation,
} from "../operations.js";
import { chainIdOf, type EscrowExtra, parseExactPayload, type RefundWindowExtra, refOf } from "../terms.js";

/*
 * What a server orders of the facilitator by its operator's signature. It signs for nothing that the facilitator said: only
 * for this payment, as its own record has it.
 */

/** A payment that the server can name without asking anybody. */
export type NamedPayment = {
  id: Hex;
  ref: PaymentRef;
  vault: Address;
  chainId: number;
  /** What the payer signed, in the token's smallest unit. */
  amount: bigint;
};

/** The payment that was signed for these requirements, or `undefined` when it is no EIP-3009 authorization. */
export function namePayment(
  paymentPayload: PaymentPayload,
  { asset, network, payTo }: Pick<PaymentRequirements, "asset" | "network" | "payTo">,
): NamedPayment | undefined {
  const payload = parseExactPayload(paymentPayload);
  if (!payload) return undefined;
  const ref = refOf(payload, asset);
  const place = { vault: getAddress(payTo), chainId: chainIdOf(network) };
  const id = paymentIdOf({ address: place.vault, chainId: place.chainId, ref });
  return { ...place, id, ref, amount: BigInt(payload.authorization.value) };
}

/** Gives all of a payment into a refund window back to its payer. */
export async function orderRefund(
  operator: AuthorizerSigner,
  { amount, chainId, id, ref, vault }: NamedPayment,
  { terms }: RefundWindowExtra,
): Promise<RefundOperation> {
  const by = getAddress(operator.address);
  const deadline = deadlineAfter(terms.window);
  const message = {
    paymentId: id,
    by,
    amount,
    to: ref.payer,
    expectedHeld: amount,
    expectedRefunded: 0n,
    deadline,
  };
  const signature = await sign(operator, refundTypedData({ address: vault, chainId, message }));
  const held = String(amount);
  return {
    type: "refund",
    refund: { by, amount: held, expectedHeld: held, expectedRefunded: "0", deadline: String(deadline), signature },
  };
}

/** Captures a part of what is held of a payment into an escrow; `close` returns the rest. */
export async function orderCapture(
  operator: AuthorizerSigner,
  { chainId, id, vault }: NamedPayment,
  { amount, captured, held, type }: { type: "capture" | "close"; amount: bigint; held: bigint; captured: bigint },
): Promise<CaptureOperation> {
  const deadline = soon();
  const message = {
    paymentId: id,
    amount,
    isFinal: type === "close",
    expectedHeld: held,
    expectedCaptured: captured,
    deadline,
  };
  const signature = await sign(operator, captureTypedData({ address: vault, chainId, message }));
  return {
    type,
    capture: {
      amount: String(amount),
      expectedHeld: String(held),
      expectedCaptured: String(captured),
      deadline: String(deadline),
      signature,
    },
  };
}

/** One of many captures. */
export type NamedCapture = { payment: NamedPayment; amount: bigint; held: bigint; captured: bigint };

/** Captures parts of many payments into one escrow, of one token. */
export async function orderCaptureMany(
  operator: AuthorizerSigner,
  captures: readonly [NamedCapture, ...NamedCapture[]],
): Promise<CaptureManyOperation> {
  const { chainId, ref, vault } = captures[0].payment;
  const deadline = soon();
  const items = captures.map(({ amount, captured, held, payment }) => ({
    payer: payment.ref.payer,
    nonce: payment.ref.nonce,
    amount,
    expectedHeld: held,
    expectedCaptured: captured,
  }));
  const message = { token: ref.token, items, deadline };
  const signature = await sign(operator, captureManyTypedData({ address: vault, chainId, message }));
  return { type: "captureMany", captureMany: { items: items.map(toWire), deadline: String(deadline), signature } };
}

/** Returns all that is held of a payment into an escrow to its payer. */
export async function orderVoid(
  operator: AuthorizerSigner,
  { chainId, id, vault }: NamedPayment,
  { terms }: EscrowExtra,
  held: bigint,
): Promise<VoidOperation> {
  const by = getAddress(operator.address);
  const deadline = deadlineAfter(terms.captureWindow);
  const message = { paymentId: id, by, expectedHeld: held, deadline };
  const signature = await sign(operator, voidTypedData({ address: vault, chainId, message }));
  return { type: "void", void: { by, expectedHeld: String(held), deadline: String(deadline), signature } };
}

/** A day, after which a refund that nobody carried out is signed anew. */
const REFUND_SECONDS = 86_400;

/** Pays for a refund of what was captured: by an authorization that is good for this refund of this payment only. */
export async function orderEscrowRefund(
  signer: AuthorizerSigner,
  { chainId, id, ref, vault }: NamedPayment,
  { amount, domain, refunded }: { amount: bigint; refunded: bigint; domain: { name?: unknown; version?: unknown } },
): Promise<EscrowRefundOperation["refund"]> {
  const payer = getAddress(signer.address);
  const message = {
    from: payer,
    to: vault,
    value: amount,
    validAfter: 0n,
    validBefore: deadlineAfter(REFUND_SECONDS),
    nonce: refundNonce(id, refunded),
  };
  const { name, version } = domain;
  const signature = await sign(signer, {
    domain: { name, version, chainId, verifyingContract: ref.token },
    types: { ReceiveWithAuthorization: authorizationTypes.TransferWithAuthorization },
    primaryType: "ReceiveWithAuthorization",
    message,
  });
  const { from: _, to: __, ...authorization } = message;
  return { payer, ...toWire(authorization), signature };
}

/** The vault itself ends the time for it; the chain's clock may be behind ours. */
const MARGIN = 7_200;

function deadlineAfter(seconds: number): bigint {
  return BigInt(Math.floor(Date.now() / 1_000) + seconds + MARGIN);
}

/** A capture whose answer was lost is signed anew; one that lands much later would charge a buyer who was not served. */
const CAPTURE_SECONDS = 600;

function soon(): bigint {
  return BigInt(Math.floor(Date.now() / 1_000) + CAPTURE_SECONDS);
}

function sign(operator: AuthorizerSigner, typedData: object): Promise<Hex> {
  return operator.signTypedData(typedData as never);
}
