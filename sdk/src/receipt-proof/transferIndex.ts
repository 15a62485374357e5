import { type Address, encodeEventTopics, type Hex, isAddressEqual, size } from "viem";
import { tokenEventsAbi } from "../generated/abis.js";
import type { LogSource } from "./encodeReceipt.js";

/** An authorization, of which there is one at most for each nonce of a payer. */
export type AuthorizationPlace = {
  /** The ERC-20 token with EIP-3009. */
  token: Address;
  /** Who signed. */
  payer: Address;
  /** The nonce of the authorization. */
  nonce: Hex;
};

/**
 * The place, in the logs of one receipt, of the authorization's log with its transfer right behind it; the rule is that of
 * `ReceiptVerifier`.
 *
 * @param to Who was paid. Default: anybody.
 */
export function transferIndex(
  logs: readonly LogSource[],
  { nonce, payer, to, token }: AuthorizationPlace & { to?: Address },
): number | undefined {
  const authorization = encodeEventTopics({
    abi: tokenEventsAbi,
    args: { authorizer: payer, nonce },
    eventName: "AuthorizationUsed",
  });
  const transfer = encodeEventTopics({
    abi: tokenEventsAbi,
    args: { from: payer, ...(to && { to }) },
    eventName: "Transfer",
  });
  const index = logs.findIndex((log, i) => {
    const next = logs[i + 1];
    return isLog(log, token, authorization, 0) && next !== undefined && isLog(next, token, transfer, 32);
  });
  return index === -1 ? undefined : index;
}

/** A topic that is not given may be anything. */
function isLog(log: LogSource, token: Address, topics: readonly unknown[], dataSize: number): boolean {
  return (
    isAddressEqual(log.address, token) &&
    log.topics.length === 3 &&
    log.topics.every((topic, i) => !topics[i] || topic.toLowerCase() === String(topics[i]).toLowerCase()) &&
    size(log.data) === dataSize
  );
}
