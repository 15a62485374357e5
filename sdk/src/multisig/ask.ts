import { type Address, type Client, type Hex, size } from "viem";
import { call } from "viem/actions";

/** What a call costs before it begins. */
const TRANSACTION_GAS = 21_000n;
const BYTE_GAS = 40n;

/**
 * Asks a contract that nobody vouches for, as an account does: with so much gas, alone, so that it spoils no other read of a
 * batch, and on the chain only. A server that it names (EIP-3668) is not asked: the account does not ask it either.
 */
export async function ask(client: Client, { data, gas, to }: { data: Hex; gas: bigint; to: Address }): Promise<Hex> {
  const question = { data, gas: gas + TRANSACTION_GAS + BYTE_GAS * BigInt(size(data)), to };
  const { data: answer = "0x" } = await call({ ...client, ccipRead: false }, question);
  return answer;
}
