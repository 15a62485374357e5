import type { x402Client } from "@x402/core/client";
import { type Address, type Hex, keccak256, stringToHex, zeroHash } from "viem";

/** What stands in an approval for a resource: the hash of its URL, and zero for nothing told. */
export function hashOfResource(resource: string | undefined): Hex {
  return resource ? keccak256(stringToHex(resource)) : zeroHash;
}

/**
 * Watches an official client, so that humans see for which resource they are asked: give what it returns as `resourceOf`. Two
 * payments of the same amount to the same payee for different resources, made at the same time, are told as nothing.
 */
export function resourcesOf(
  client: Pick<x402Client, "onAfterPaymentCreation" | "onBeforePaymentCreation" | "onPaymentCreationFailure">,
): (payment: { payee: Address; token: Address; value: bigint }) => string | undefined {
  const pending = new Map<string, string[]>();
  const keyOf = (...parts: string[]) => parts.join().toLowerCase();
  type Selected = { selectedRequirements: { amount: string; asset: string; payTo: string } };
  const keyOfSelected = ({ selectedRequirements: { amount, asset, payTo } }: Selected) => keyOf(payTo, asset, amount);
  const forget = async (context: Selected & { paymentRequired: { resource?: { url: string } | undefined } }) => {
    const key = keyOfSelected(context);
    const urls = pending.get(key) ?? [];
    const index = urls.indexOf(context.paymentRequired.resource?.url ?? "");
    const left = urls.filter((_, each) => each !== index);
    if (left.length > 0) pending.set(key, left);
    else pending.delete(key);
  };
  client.onBeforePaymentCreation(async (context) => {
    const key = keyOfSelected(context);
    pending.set(key, [...(pending.get(key) ?? []), context.paymentRequired.resource?.url ?? ""]);
  });
  client.onAfterPaymentCreation(forget);
  client.onPaymentCreationFailure(forget);
  return ({ payee, token, value }) => {
    const urls = new Set(pending.get(keyOf(payee, token, String(value))));
    const [url] = urls;
    return urls.size === 1 ? url : undefined;
  };
}
