import { randomBytes } from "node:crypto";
import type { PaymentPayload } from "@x402/core/types";
import { authorizationTypes, eip3009ABI } from "@x402/evm";
import { type Address, encodeFunctionData, type Hash, type Hex, type LocalAccount } from "viem";
import { type LocalClient, USDC } from "../../scripts/lib/local-chain.js";

/** What a payload lets anybody do with it. */
export type Signed = {
  token: Address;
  payer: Address;
  vault: Address;
  nonce: Hex;
  value: bigint;
  signature: Hex;
  /** The call of the token. */
  data: Hex;
};

/** EIP-3009's other message: only its recipient can present it. */
export const RECEIVE = "ReceiveWithAuthorization";

export function signedIn({ payload }: PaymentPayload): Signed {
  const { authorization, signature } = payload as {
    authorization: Record<keyof Authorization, string>;
    signature: Hex;
  };
  const { from, nonce, to, validAfter, validBefore, value } = authorization as unknown as Authorization;
  return signedOf(
    { from, nonce, to, validAfter: BigInt(validAfter), validBefore: BigInt(validBefore), value: BigInt(value) },
    signature,
  );
}

type Choices = { nonce?: Hex; primaryType?: "TransferWithAuthorization" | typeof RECEIVE };

/** Signs a payment to a vault, without any shop. */
export async function authorize(
  payer: LocalAccount,
  vault: Address,
  value: bigint,
  { nonce = `0x${randomBytes(32).toString("hex")}`, primaryType = "TransferWithAuthorization" }: Choices = {},
): Promise<Signed> {
  const message = { from: payer.address, to: vault, value, validAfter: 0n, validBefore: 2n ** 48n, nonce };
  const domain = { name: "USDC", version: "2", chainId: 84532, verifyingContract: USDC };
  const types = { [primaryType]: authorizationTypes.TransferWithAuthorization };
  const typedData = { domain, message, primaryType, types } as const;
  return signedOf(message, await payer.signTypedData(typedData));
}

type Authorization = {
  from: Address;
  to: Address;
  value: bigint;
  validAfter: bigint;
  validBefore: bigint;
  nonce: Hex;
};

function signedOf({ from, nonce, to, validAfter, validBefore, value }: Authorization, signature: Hex): Signed {
  const data = encodeFunctionData({
    abi: eip3009ABI,
    args: [from, to, value, validAfter, validBefore, nonce, signature],
    functionName: "transferWithAuthorization",
  });
  return { token: USDC, payer: from, vault: to, nonce, value, signature, data };
}

/** What was signed by `authorize`, as vaults take it. */
export function authorizationOf({ nonce, payer, signature, token, value }: Signed) {
  return { token, payer, value, validAfter: 0n, validBefore: 2n ** 48n, nonce, signature };
}

/** Brings a payment to the token, past the vault's `pay`, and mines a block on top. */
export async function payPastVault(client: LocalClient, signed: Signed): Promise<Signed & { hash: Hash }> {
  const hash = await client.sendTransaction({
    chain: client.chain,
    data: signed.data,
    gas: 200_000n,
    to: signed.token,
  });
  const { status } = await client.waitForTransactionReceipt({ hash });
  if (status !== "success") throw new Error(`Transaction ${hash} paid nothing.`);
  await client.mine({ blocks: 1 });
  return { ...signed, hash };
}
