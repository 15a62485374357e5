import type { Money } from "@x402/core/types";
import { convertToTokenAmount, parseMoney } from "@x402/core/utils";
import { findDefaultAsset } from "@x402/evm";
import type { Address } from "viem";
import { RecourseError } from "../RecourseError.js";

/** An amount in dollars is of a token that nobody knows the decimals of. */
export class TokenUnknownError extends RecourseError {
  override name = "TokenUnknownError";

  constructor(token: Address, network: string) {
    super(`Nobody knows what a dollar is in ${token} on ${network}.`, {
      next: "Give the amount as a bigint, in the token's smallest unit.",
    });
  }
}

/** Of the token's EIP-712 domain. */
export type TokenDomain = { name: string; version: string };

/** In the token's smallest unit: a bigint is that already, and dollars are of a token that the official package knows. */
export function unitsOf(money: Money | bigint, { network, token }: { network: string; token: Address }): bigint {
  if (typeof money === "bigint") return money;
  const asset = findDefaultAsset(token, network as `${string}:${string}`);
  if (!asset) throw new TokenUnknownError(token, network);
  return BigInt(convertToTokenAmount(parseMoney(money).amount, asset.decimals));
}

/** The domain of a token that the official package knows. */
export function knownDomain(token: Address, network: string): TokenDomain | undefined {
  const asset = findDefaultAsset(token, network as `${string}:${string}`);
  return asset && { name: asset.name, version: asset.version };
}
