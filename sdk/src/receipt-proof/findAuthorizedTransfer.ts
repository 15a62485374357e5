import type { Address, Client, Hash } from "viem";
import { getLogs } from "viem/actions";
import { tokenEventsAbi } from "../generated/abis.js";
import { receiptOf } from "./receiptsOf.js";
import { type AuthorizationPlace, transferIndex } from "./transferIndex.js";

const [authorizationUsed] = tokenEventsAbi;

/**
 * The transaction in which a payer's authorization paid `vault`, whoever sent it; `undefined` when there is none between
 * the two blocks. A nonce is used once, so there is one at most, unless the token lies.
 */
export async function findAuthorizedTransfer(
  client: Client,
  parameters: findAuthorizedTransfer.Parameters,
): Promise<Hash | undefined> {
  const { blocksPerRequest = 10_000n, fromBlock, nonce, payer, toBlock, token, vault } = parameters;
  for (let first = fromBlock; first <= toBlock; first += blocksPerRequest) {
    const last = first + blocksPerRequest - 1n;
    const logs = await getLogs(client, {
      address: token,
      args: { authorizer: payer, nonce },
      event: authorizationUsed,
      fromBlock: first,
      strict: true,
      toBlock: last < toBlock ? last : toBlock,
    });
    for (const { transactionHash } of logs) {
      const receipt = await receiptOf(client, transactionHash);
      const isPaid = receipt && transferIndex(receipt.logs, { nonce, payer, to: vault, token }) !== undefined;
      if (isPaid) return transactionHash;
    }
  }
  return undefined;
}

export declare namespace findAuthorizedTransfer {
  type Parameters = AuthorizationPlace & {
    /** Who was paid. */
    vault: Address;
    /** The first block to look into. */
    fromBlock: bigint;
    /** The last one, inclusive. */
    toBlock: bigint;
    /** How many blocks to ask for at once; nodes have limits. Default: 10,000. */
    blocksPerRequest?: bigint;
  };
}
