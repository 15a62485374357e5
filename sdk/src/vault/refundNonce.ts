import { encodeAbiParameters, type Hex, keccak256 } from "viem";

/** The nonce that pays for an escrow's next refund of a payment: what its `refundNonceOf` answers, without asking a chain. */
export function refundNonce(paymentId: Hex, refunded: bigint): Hex {
  return keccak256(encodeAbiParameters([{ type: "bytes32" }, { type: "uint256" }], [paymentId, refunded]));
}
