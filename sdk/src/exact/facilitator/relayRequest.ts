import * as z from "zod/mini";
import { Method } from "../../generated/types.js";
import { type Messages, messageFields } from "../../vault/messages.js";
import type { RelayRequest } from "../../vault/relay.js";
import { address, bytes, bytes32, receiptProof, uint256 } from "../schemas.js";
import { escrowExtra, planExtra, refundWindowExtra, vaultExtra } from "../terms.js";

const network = z.string().check(z.regex(/^eip155:\d{1,15}$/));

const place = { network, vault: vaultExtra };
const ref = z.strictObject({ method: z.literal(Method.Eip3009), token: address, payer: address, nonce: bytes32 });
const pieces = { address, bool: z.boolean(), bytes32, uint256 };

/** The fields that the contract signs, and no others. */
function message<Action extends keyof Messages>(action: Action) {
  const fields = messageFields[action].map(({ name, type }) => [name, pieces[type]] as const);
  return z.strictObject(Object.fromEntries(fields));
}

function paymentRequest<Action extends keyof Messages>(action: Action) {
  return z.strictObject({
    network,
    vault: refundWindowExtra,
    action: z.literal(action),
    ref,
    message: message(action),
    signature: bytes,
  });
}

function subscriptionRequest<Action extends keyof Messages>(action: Action) {
  return z.strictObject({
    network,
    vault: planExtra,
    action: z.literal(action),
    message: message(action),
    signature: bytes,
  });
}

const withdrawRequest = z.strictObject({
  ...place,
  action: z.literal("withdraw"),
  message: message("withdraw"),
  signature: bytes,
});

const recordRequest = z.strictObject({
  ...place,
  action: z.literal("record"),
  token: address,
  proof: receiptProof,
});

const reclaimRequest = z.strictObject({ network, vault: escrowExtra, action: z.literal("reclaim"), ref });

const relayRequest = z.discriminatedUnion("action", [
  paymentRequest("refund"),
  paymentRequest("dispute"),
  paymentRequest("withdrawDispute"),
  paymentRequest("concede"),
  paymentRequest("resolve"),
  subscriptionRequest("cancel"),
  subscriptionRequest("undo"),
  reclaimRequest,
  withdrawRequest,
  recordRequest,
]);

/** The body of a request to a relay, or `undefined` when it is not one. */
export function parseRelayRequest(body: unknown): RelayRequest | undefined {
  const parsed = relayRequest.safeParse(body);
  // The messages' fields come from the contracts, by name: their types are told apart by `action`.
  return parsed.success ? (parsed.data as unknown as RelayRequest) : undefined;
}
