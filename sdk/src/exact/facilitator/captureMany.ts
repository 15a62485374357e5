import type { PaymentPayload, PaymentRequirements, SettleResponse } from "@x402/core/types";
import { type Hex, hexToBigInt } from "viem";
import { captureManyWithSignatureCall } from "../../generated/actions/escrow/captureManyWithSignature.js";
import { wireCodeOf } from "../../generated/wireCodes.js";
import { paymentIdOf } from "../../vault/paymentIdOf.js";
import { ErrOperationMalformed, ErrReverted } from "../errors.js";
import { type CaptureManyOperation, parseCaptureManyOperation } from "../operations.js";
import { chainIdOf } from "../terms.js";
import { pending, Refusal } from "./answers.js";
import { capturedIn } from "./chain.js";
import { captureKey } from "./escrow.js";
import { encoded, type Facilitator, simulate, spend } from "./facilitator.js";
import type { CheckedPayment } from "./pay.js";
import type { Task, Work } from "./submitter.js";
import { relayedSignature } from "./wallet.js";

/*
 * Parts of many payments as one transaction. It is remembered under the name of each capture too: whoever asks for one of
 * them by itself afterwards learns what became of it here.
 */

/** One of the captures, as the chain will name it. */
type NamedCapture = { id: Hex; amount: bigint; captured: bigint; expectedHeld: bigint; expectedCaptured: bigint };

/** Captures what the operator signed. What cannot be captured is left out; the answer names what was. */
export async function captureManyByServer(
  facilitator: Facilitator,
  payment: CheckedPayment,
  payload: PaymentPayload,
  requirements: PaymentRequirements,
): Promise<SettleResponse> {
  const operation = parseCaptureManyOperation(payload.payload)?.captureMany;
  if (!operation) throw new Refusal(ErrOperationMalformed);
  const captures = namedCaptures(facilitator, payment, operation);
  const total = captures.reduce((sum, { amount }) => sum + amount, 0n);
  const keys = new Set(captures.map(keyOf));
  if (String(total) !== requirements.amount || keys.size !== captures.length) throw new Refusal(ErrOperationMalformed);

  const key = `captureMany:${[...keys].join()}`;
  const work = await workOf(facilitator, payment, operation, { captures, total });
  // Before anybody waits for it: forgeries of the same must not queue in front of the genuine one.
  if (!(await facilitator.submitter.isKnown(key))) await work.prepare();
  const { receipt, submission } = await facilitator.submitter.submitOnce(key, facilitator.caller(), work);
  if (!receipt) return pending(facilitator, payment, submission.hash);
  const { vault } = payment;
  const isDone = ({ amount, captured, id }: NamedCapture) =>
    capturedIn(receipt.logs, { captured, id, vault })?.amount === amount;
  const done = captures.filter(isDone);
  // Alone it can be tried again, or gets the reason that is its own.
  for (const left of captures) if (!isDone(left)) await facilitator.submitter.forget(keyOf(left), submission);
  if (done.length === 0) {
    await facilitator.submitter.forget(key, submission);
    throw new Refusal(ErrReverted);
  }
  return {
    success: true,
    transaction: submission.hash,
    network: facilitator.network,
    payer: payment.ref.payer,
    amount: String(done.reduce((sum, { amount }) => sum + amount, 0n)),
    extra: { operation: "captureMany", captured: done.map(({ id }) => id) },
  };
}

function namedCaptures(
  { network }: Facilitator,
  { ref, vault }: CheckedPayment,
  { items }: CaptureManyOperation["captureMany"],
): NamedCapture[] {
  return items.map(({ nonce, payer, ...item }) => {
    const id = paymentIdOf({ address: vault, chainId: chainIdOf(network), ref: { ...ref, nonce, payer } });
    const [amount, expectedHeld, expectedCaptured] = [item.amount, item.expectedHeld, item.expectedCaptured].map(
      BigInt,
    );
    if (!amount || expectedHeld === undefined || expectedCaptured === undefined)
      throw new Refusal(ErrOperationMalformed);
    return { id, amount, expectedHeld, expectedCaptured, captured: expectedCaptured + amount };
  });
}

function keyOf(capture: NamedCapture): string {
  return captureKey("capture", capture);
}

async function workOf(
  facilitator: Facilitator,
  payment: CheckedPayment,
  { deadline, items, signature }: CaptureManyOperation["captureMany"],
  { captures, total }: { captures: NamedCapture[]; total: bigint },
): Promise<Work> {
  const { ref, vault, vaultExtra } = payment;
  const contractCall = encoded(
    captureManyWithSignatureCall({
      address: vault,
      message: {
        token: ref.token,
        items: captures.map(({ amount, expectedCaptured, expectedHeld }, index) => {
          const { nonce, payer } = items[index] as (typeof items)[number];
          return { payer, nonce, amount, expectedHeld, expectedCaptured };
        }),
        deadline: BigInt(deadline),
      },
      signature: await relayedSignature(facilitator, vaultExtra.terms.operator, signature),
    }),
  );
  const owner = facilitator.caller();
  const known = await Promise.all(captures.map((capture) => facilitator.submitter.isKnown(keyOf(capture))));
  const alongside: Task[] = captures
    .filter((_, index) => !known[index])
    .map((capture) => ({ key: keyOf(capture), owner }));
  return {
    alongside,
    maxGas: BigInt(captures.length) * facilitator.maxGas,
    prepare: async () => {
      // What would capture nothing is not sent: all of it is done, or has changed.
      if (hexToBigInt(await simulate(facilitator, contractCall)) === 0n) throw new Refusal(wireCodeOf.HoldChanged);
      return contractCall;
    },
    approve: () => spend(facilitator, { kind: "operation", payment, value: total }),
  };
}
