import { getAddress, type Hex, isAddress, isHex } from "viem";
import * as z from "zod/mini";

/* The pieces of JSON on the wire. What does not fit is refused before anything else looks at it. */

export const address = z.pipe(
  z.string().check(z.refine((value) => isAddress(value, { strict: false }))),
  z.transform((value) => getAddress(value)),
);

export const bytes32 = z.custom<Hex>((value) => isHex(value) && value.length === 66);

/** Bytes of which at most so many are paid for. */
const bytesUpTo = (limit: number) =>
  z.custom<Hex>((value) => isHex(value) && value.length % 2 === 0 && value.length <= 2 + 2 * limit);

/** A signature: at most 4 KiB, since whoever relays it pays for each byte. */
export const bytes = bytesUpTo(4_096);

/** A decimal string of so many bits, in the one form that a number has. */
export const amount = (bits: number) =>
  z.pipe(
    z.string().check(z.refine((value) => /^\d{1,78}$/.test(value) && BigInt(value) < 2n ** BigInt(bits))),
    z.transform((value) => String(BigInt(value))),
  );

/** A decimal string below 2^256. */
export const uint256 = amount(256);

/** A number of at most 53 bits. */
export const uint = (bits: number) => z.int().check(z.gte(0), z.lt(2 ** bits));

/** A receipt proof: as deep as the contract reads it, and with one receipt of at most 48 KiB. */
export const receiptProof = z.strictObject({
  header: bytesUpTo(4_096),
  transactionIndex: uint256,
  nodes: z.array(bytesUpTo(49_152)).check(z.maxLength(9)),
  logIndex: uint256,
});
