import pLimit from "p-limit";
import { type Address, type Chain, type Client, type Hash, type Hex, isAddressEqual, type Transport } from "viem";
import { getCode, getLogs } from "viem/actions";
import { escrowAbi, refundWindowAbi, tokenEventsAbi } from "../generated/abis.js";
import { paymentOf } from "../generated/actions/escrow/paymentOf.js";
import { EscrowStatus, Method } from "../generated/types.js";
import { paymentIdOf } from "../vault/paymentIdOf.js";

const [authorizationUsed, transferred] = tokenEventsAbi;
const paid = refundWindowAbi.find((item) => item.type === "event" && item.name === "Paid") as PaidEvent;
type PaidEvent = Extract<(typeof refundWindowAbi)[number], { type: "event"; name: "Paid" }>;
const authorized = escrowAbi.find((item) => item.type === "event" && item.name === "Authorized") as AuthorizedEvent;
type AuthorizedEvent = Extract<(typeof escrowAbi)[number], { type: "event"; name: "Authorized" }>;

/** A payment that its payer authorized, that came past `pay`, and that its vault does not know. */
export type UnrecordedPayment = {
  paymentId: Hex;
  /** Deployed or not. */
  vault: Address;
  token: Address;
  payer: Address;
  nonce: Hex;
  /** In the token's smallest unit. */
  value: bigint;
  /** The transaction that brought it. */
  hash: Hash;
  blockNumber: bigint;
};

/** So many topics, or addresses, in one request are what nodes put up with. */
const TOPICS = 100;
/** So many requests at once are what public nodes put up with. */
const CONCURRENCY = 8;

/** The payments to these vaults, between two blocks, that somebody has still to record. */
export async function findUnrecorded(
  client: Client<Transport, Chain>,
  parameters: findUnrecorded.Parameters,
): Promise<UnrecordedPayment[]> {
  const { blocksPerRequest = 10_000n, fromBlock, toBlock, token, vaults } = parameters;
  const limit = pLimit(CONCURRENCY);
  const found: UnrecordedPayment[] = [];
  for (let first = fromBlock; first <= toBlock; first += blocksPerRequest) {
    const last = first + blocksPerRequest - 1n;
    const range = { fromBlock: first, toBlock: last < toBlock ? last : toBlock };
    for (const some of inGroups(vaults)) {
      const past = await findPastPay(client, { range, token, vaults: some });
      const known = await limit.map(past, (payment) => isRecorded(client, payment));
      found.push(...past.filter((_, i) => !known[i]));
    }
  }
  return found;
}

export declare namespace findUnrecorded {
  type Parameters = {
    /** Deployed or not. */
    vaults: readonly Address[];
    /** The ERC-20 token with EIP-3009. */
    token: Address;
    /** The first block to look into. */
    fromBlock: bigint;
    /** The last one, inclusive. */
    toBlock: bigint;
    /** How many blocks to ask for at once; nodes have limits. Default: 10,000. */
    blocksPerRequest?: bigint;
  };
}

/** Whether the vault exists and knows the payment, ended ones included. */
export async function isRecorded(
  client: Client<Transport, Chain>,
  { nonce, payer, token, vault }: Pick<UnrecordedPayment, "nonce" | "payer" | "token" | "vault">,
): Promise<boolean> {
  if ((await getCode(client, { address: vault })) === undefined) return false;
  const ref = { method: Method.Eip3009, token, payer, nonce };
  // The answers of all kinds of vaults begin alike, with id and status; an escrow's is the shortest.
  return (await paymentOf(client, { address: vault, ref })).status !== EscrowStatus.None;
}

type Place = { range: { fromBlock: bigint; toBlock: bigint }; token: Address; vaults: readonly Address[] };

/** Authorized transfers to the vaults, without those that came by `pay` or were recorded in the same blocks. */
async function findPastPay(
  client: Client<Transport, Chain>,
  { range, token, vaults }: Place,
): Promise<UnrecordedPayment[]> {
  const transfers = await getLogs(client, {
    address: token,
    args: { to: [...vaults] },
    event: transferred,
    strict: true,
    ...range,
  });
  if (transfers.length === 0) return [];
  const [nonces, booked] = await Promise.all([
    noncesIn(client, { payers: [...new Set(transfers.map(({ args }) => args.from))], range, token }),
    getLogs(client, { address: [...vaults], events: [paid, authorized], strict: true, ...range }),
  ]);
  const bookedIds = new Set(booked.map(({ args }) => args.id));

  return transfers.flatMap(({ args, blockNumber, logIndex, transactionHash: hash }) => {
    const { from: payer, to: vault, value } = args;
    // The rule of the verifier: the authorization's log stands right in front.
    const authorization = nonces.get(placeOf(hash, logIndex - 1));
    if (!authorization || !isAddressEqual(authorization.authorizer, payer) || value === 0n) return [];
    const { nonce } = authorization;
    const ref = { method: Method.Eip3009, token, payer, nonce };
    const paymentId = paymentIdOf({ address: vault, chainId: client.chain.id, ref });
    if (bookedIds.has(paymentId)) return [];
    return [{ paymentId, vault, token, payer, nonce, value, hash, blockNumber }];
  });
}

/** The authorizations that these payers used, by where their logs stand. */
async function noncesIn(
  client: Client<Transport, Chain>,
  { payers, range, token }: Pick<Place, "range" | "token"> & { payers: readonly Address[] },
): Promise<Map<string, { authorizer: Address; nonce: Hex }>> {
  const used = new Map<string, { authorizer: Address; nonce: Hex }>();
  for (const some of inGroups(payers)) {
    const args = { authorizer: [...some] };
    const logs = await getLogs(client, { address: token, args, event: authorizationUsed, strict: true, ...range });
    for (const log of logs) used.set(placeOf(log.transactionHash, log.logIndex), log.args);
  }
  return used;
}

/** A log's index counts through its block: that of the log before it is one less. */
function placeOf(hash: Hash, logIndex: number): string {
  return `${hash}:${logIndex}`;
}

function inGroups<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / TOPICS) }, (_, i) => items.slice(i * TOPICS, (i + 1) * TOPICS));
}
