import { type Address, erc20Abi, parseAbi } from "viem";
import { readContract } from "viem/actions";
import type { Permit } from "../generated/types.js";
import type { Wire } from "../vault/messages.js";
import { deadlineOf, type SigningClient, sign } from "../vault/signForRelay.js";

/** The EIP-712 types of an EIP-2612 permit. */
export const permitTypes = {
  Permit: [
    { name: "owner", type: "address" },
    { name: "spender", type: "address" },
    { name: "value", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
} as const;

export const permitAbi = parseAbi([
  "function nonces(address owner) view returns (uint256)",
  "function version() view returns (string)",
]);

/** What viem's `signTypedData` takes for an EIP-2612 permit. */
export function permitTypedData({ chainId, message, name, token, version }: permitTypedData.Parameters) {
  return {
    domain: { chainId, name, verifyingContract: token, version },
    message,
    primaryType: "Permit",
    types: permitTypes,
  } as const;
}

export declare namespace permitTypedData {
  type Parameters = {
    chainId: number;
    token: Address;
    /** Of the token's EIP-712 domain. */
    name: string;
    version: string;
    message: { owner: Address; spender: Address; value: bigint; nonce: bigint; deadline: bigint };
  };
}

/** Signs an EIP-2612 permit of a token: the plan may take so much, instead of what it may take now. */
export async function signPermit(
  client: SigningClient,
  { spender, token, value, ...options }: signPermit.Parameters,
): Promise<Wire<Permit>> {
  const owner = client.account.address;
  const [nonce, domain, deadline] = await Promise.all([
    readContract(client, { abi: permitAbi, address: token, args: [owner], functionName: "nonces" }),
    domainOf(client, token, options),
    deadlineOf(client, options),
  ]);
  const message = { owner, spender, value, nonce, deadline };
  const typedData = permitTypedData({ ...domain, chainId: client.chain.id, token, message });
  const signature = await sign(client, typedData);
  return { value: String(value), deadline: String(deadline), signature };
}

export declare namespace signPermit {
  type Parameters = {
    token: Address;
    /** Who may take it: the plan. */
    spender: Address;
    /** In the token's smallest unit. */
    value: bigint;
    /** Of the token's EIP-712 domain. Default: what the token calls itself. */
    name?: string | undefined;
    version?: string | undefined;
    /** Last Unix second at which the token takes it. Default: an hour after the latest block. */
    deadline?: bigint | undefined;
  };
}

async function domainOf(
  client: SigningClient,
  token: Address,
  { name, version }: { name?: string | undefined; version?: string | undefined },
): Promise<{ name: string; version: string }> {
  if (name !== undefined && version !== undefined) return { name, version };
  const [tokenName, tokenVersion] = await Promise.all([
    readContract(client, { abi: erc20Abi, address: token, functionName: "name" }),
    readContract(client, { abi: permitAbi, address: token, functionName: "version" }),
  ]);
  return { name: name ?? tokenName, version: version ?? tokenVersion };
}
