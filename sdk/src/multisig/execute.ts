import { type Abi, type Address, type EncodeFunctionDataParameters, encodeFunctionData, type Hex } from "viem";
import { getBlock } from "viem/actions";
import { nonce as readNonce } from "../generated/actions/multisig/nonce.js";
import { executeTypedData } from "../generated/typedData.js";
import type { Call, Execute } from "../generated/types.js";
import { readAccount } from "./account.js";
import { type ApprovalSources, gatherApprovals } from "./approvals.js";
import { encodeSignatures } from "./blob.js";
import { requirementOf } from "./requirements.js";
import type { ApprovalTypedData } from "./typedData.js";

const DEFAULT_PATIENCE = 86_400n;

/** What `execute` takes. Anyone may send it. */
export type SignedExecute = { address: Address; message: Execute; signatures: Hex };

/**
 * Collects full weight for calls that an account makes, all or none. Each uses the account's next nonce: two that are signed at
 * the same time exclude each other.
 *
 * @param calls What to call, such as `callOf(approveCall)`.
 * @param deadline First Unix second at which it is no longer valid. Default: in a day, by the chain's clock.
 * @throws {ApprovalsMissingError} when too few signed.
 */
export async function signExecute({
  account: address,
  calls,
  deadline,
  ...sources
}: ApprovalSources & { account: Address; calls: readonly Call[]; deadline?: bigint }): Promise<SignedExecute> {
  const { client } = sources;
  const [account, nonce, until] = await Promise.all([
    readAccount(client, { address }),
    readNonce(client, { address }),
    deadline ?? getBlock(client).then(({ timestamp }) => timestamp + DEFAULT_PATIENCE),
  ]);
  const message: Execute = { calls, deadline: until, epoch: account.epoch, nonce };
  const typedData = executeTypedData({ address, chainId: account.chainId, message }) as ApprovalTypedData;
  const requirement = await requirementOf(client, account, typedData);
  const signatures = await gatherApprovals(account, typedData, { ...requirement, expiresAt: Number(until) }, sources);
  return { address, message, signatures: encodeSignatures(account.config.signers, signatures) };
}

/** A contract's call, as `xCall` functions and viem make it, as one that an account makes. */
export function callOf({
  address,
  ...call
}: {
  address: Address;
  abi: Abi | readonly unknown[];
  functionName: string;
  args?: readonly unknown[];
}): Call {
  return { to: address, value: 0n, data: encodeFunctionData(call as EncodeFunctionDataParameters) };
}
