import { safeBase64Decode } from "@x402/core/utils";
import { type Address, getAddress, isAddress } from "viem";

const HEADER = "SIGN-IN-WITH-X";
/** Larger headers are refused before they come here. */
const MAX_LENGTH = 16_384;

/** Who says to have signed in with this request. Nothing shows that it did: what is told about it must be known to all. */
export function signerIn(transportContext: unknown): Address | undefined {
  const header = headerOf(transportContext);
  if (header === undefined || header.length > MAX_LENGTH) return undefined;
  try {
    const { address } = JSON.parse(safeBase64Decode(header));
    return isAddress(address, { strict: false }) ? getAddress(address) : undefined;
  } catch {
    return undefined;
  }
}

type HttpContext = { request?: { adapter?: { getHeader(name: string): string | undefined } } };

function headerOf(transportContext: unknown): string | undefined {
  const adapter = (transportContext as HttpContext | undefined)?.request?.adapter;
  return adapter?.getHeader(HEADER) ?? adapter?.getHeader(HEADER.toLowerCase());
}
