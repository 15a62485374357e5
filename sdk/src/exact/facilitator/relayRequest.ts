import * as z from "zod/mini";
import { Method } from "../../generated/types.js";
import type { RelayRequest } from "../../refund-window/relay.js";
import { address, bytes, bytes32, uint256 } from "../schemas.js";
import { vaultExtra } from "../terms.js";

const network = z.string().check(z.regex(/^eip155:\d{1,15}$/));

const refundRequest = z.strictObject({
  action: z.literal("refund"),
  network,
  vault: vaultExtra,
  ref: z.strictObject({ method: z.literal(Method.Eip3009), token: address, payer: address, nonce: bytes32 }),
  message: z.strictObject({
    paymentId: bytes32,
    amount: uint256,
    to: address,
    expectedHeld: uint256,
    expectedRefunded: uint256,
    deadline: uint256,
  }),
  signer: address,
  signature: bytes,
});

const withdrawRequest = z.strictObject({
  action: z.literal("withdraw"),
  network,
  vault: vaultExtra,
  message: z.strictObject({
    token: address,
    owner: address,
    to: address,
    expectedCredit: uint256,
    expectedWithdrawn: uint256,
    deadline: uint256,
  }),
  signature: bytes,
});

const relayRequest = z.discriminatedUnion("action", [refundRequest, withdrawRequest]);

/** The body of a request to a relay, or `undefined` when it is not one. */
export function parseRelayRequest(body: unknown): RelayRequest | undefined {
  const parsed = relayRequest.safeParse(body);
  return parsed.success ? parsed.data : undefined;
}
