import { authorizationTypes } from "@x402/evm";
import {
  type Address,
  decodeFunctionResult,
  encodeFunctionData,
  getAddress,
  type Hex,
  hashTypedData,
  isAddressEqual,
  multicall3Abi,
  padHex,
  parseAbi,
  parseErc6492Signature,
  sliceHex,
  toFunctionSelector,
} from "viem";
import {
  ErrSignatureInvalid,
  ErrWalletDeploymentFailed,
  ErrWalletDeploymentUnsupported,
  ErrWalletFactoryNotAllowed,
  ErrWalletNotDeployed,
  ErrWalletSignatureMalformed,
} from "../errors.js";
import type { ExactPayload } from "../terms.js";
import { Refusal } from "./answers.js";
import { type Facilitator, isDeployed, simulate } from "./facilitator.js";
import { inOneTransaction, MULTICALL3 } from "./multicall.js";
import type { ContractCall } from "./submitter.js";

/*
 * Accounts that are contracts, and may not exist yet (ERC-6492). Only factories on a list are called, and by Multicall3:
 * it owns nothing and is nobody, so whatever a factory is told is never said in the facilitator's name.
 */

const erc1271Abi = parseAbi([
  "function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4 magicValue)",
]);

/** Who makes a wallet, and what it is told. */
export type WalletDeployment = { factory: Address; data: Hex };

/** A signature as a contract takes it, and the deployment of its signer when it was wrapped with one. */
export type ParsedSignature = { signature: Hex; deployment: WalletDeployment | undefined };

/* SIGNATURES */

/** Takes a signature out of its ERC-6492 wrapper, if it has one. */
export function parseSignature(wrapped: Hex): ParsedSignature {
  try {
    const { address, data, signature } = parseErc6492Signature(wrapped);
    return { signature, deployment: address && data ? { factory: getAddress(address), data } : undefined };
  } catch {
    throw new Refusal(ErrWalletSignatureMalformed);
  }
}

/** Whether a signature comes with the deployment of its signer. */
export function isWrapped(signature: unknown): signature is Hex {
  return typeof signature === "string" && signature.endsWith("6492".repeat(16));
}

/** A relayed signature as the chain takes it. Nothing is deployed for a relay: whoever was paid, or has paid, exists. */
export async function relayedSignature(facilitator: Facilitator, signer: Address, wrapped: Hex): Promise<Hex> {
  const { deployment, signature } = parseSignature(wrapped);
  if (deployment && !(await isDeployed(facilitator, signer))) throw new Refusal(ErrWalletNotDeployed);
  return signature;
}

/* DEPLOYMENT */

/** The deployment that a payer still needs: none when it exists already, whatever its signature is wrapped in. */
export async function pendingDeployment(
  facilitator: Facilitator,
  payer: Address,
  deployment: WalletDeployment | undefined,
): Promise<WalletDeployment | undefined> {
  if (!deployment || (await isDeployed(facilitator, payer))) return undefined;
  if (!facilitator.walletFactories.some((factory) => isAddressEqual(factory, deployment.factory)))
    throw new Refusal(ErrWalletFactoryNotAllowed);
  if (!(await isDeployed(facilitator, MULTICALL3))) throw new Refusal(ErrWalletDeploymentUnsupported);
  return deployment;
}

/**
 * Insists that the deployment makes the payer's wallet, and that this wallet accepts the payment. A factory that was told
 * to make something else, for a payer that signs by a key, is not called.
 */
export async function checkDeployment(
  facilitator: Facilitator,
  deployment: WalletDeployment,
  { authorization, signature }: ExactPayload,
  domain: { name: string; version: string; verifyingContract: Address },
): Promise<void> {
  const { from, nonce, to, validAfter, validBefore, value } = authorization;
  const digest = hashTypedData({
    domain: { ...domain, chainId: facilitator.client.chain.id },
    types: authorizationTypes,
    primaryType: "TransferWithAuthorization",
    message: {
      from,
      to,
      value: BigInt(value),
      validAfter: BigInt(validAfter),
      validBefore: BigInt(validBefore),
      nonce,
    },
  });
  const question = encodeFunctionData({ abi: erc1271Abi, args: [digest, signature], functionName: "isValidSignature" });
  const { returnData, success } = await simulateAfter(facilitator, deployment, { to: from, data: question });
  // An address without code accepts every call, and answers nothing.
  if (success && returnData === "0x") throw new Refusal(ErrWalletDeploymentFailed);
  if (!success || !isAccepted(returnData)) throw new Refusal(ErrSignatureInvalid);
}

const ACCEPTED = padHex(toFunctionSelector(erc1271Abi[0]), { dir: "right" });

/** As USDC sees it: a whole word, and nothing but the magic value in it. */
function isAccepted(answer: Hex): boolean {
  return answer.length >= ACCEPTED.length && sliceHex(answer, 0, 32) === ACCEPTED;
}

/** What a call would answer once the wallet is deployed. */
export async function simulateAfter(
  facilitator: Facilitator,
  deployment: WalletDeployment,
  contractCall: ContractCall,
): Promise<{ success: boolean; returnData: Hex }> {
  const batch = inOneTransaction(deploymentCall(deployment), { ...contractCall, allowFailure: true });
  const data = await simulate(facilitator, batch);
  const [, result] = decodeFunctionResult({ abi: multicall3Abi, data, functionName: "aggregate3" });
  if (!result) throw new Refusal(ErrWalletDeploymentUnsupported);
  return result;
}

/** The wallet's deployment and the call that needs it, or neither. Where the wallet exists by then, the factory may fail. */
export function deployingWallet(deployment: WalletDeployment, contractCall: ContractCall): ContractCall {
  return inOneTransaction(deploymentCall(deployment), { ...contractCall, allowFailure: false });
}

/** The wallet's deployment alone. */
export function deployWallet({ data, to }: ContractCall): ContractCall {
  return inOneTransaction({ to, data, allowFailure: false });
}

function deploymentCall({ data, factory }: WalletDeployment) {
  return { to: factory, data, allowFailure: true };
}
