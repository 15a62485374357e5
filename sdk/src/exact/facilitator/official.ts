import type {
  FacilitatorContext,
  PaymentPayload,
  PaymentRequirements,
  SettleResponse,
  VerifyResponse,
} from "@x402/core/types";
import { toFacilitatorEvmSigner } from "@x402/evm";
import {
  ExactEvmScheme as OfficialExactEvmScheme,
  type ExactEvmSchemeConfig as OfficialExactEvmSchemeConfig,
} from "@x402/evm/exact/facilitator";
import {
  type Address,
  concatHex,
  encodeFunctionData,
  getAddress,
  type Hex,
  isAddress,
  publicActions,
  zeroHash,
} from "viem";
import { getCode } from "viem/actions";
import { ErrAssetNotAllowed, ErrPayloadUnsupported } from "../errors.js";
import { Refusal } from "./answers.js";
import { type Facilitator, spend } from "./facilitator.js";
import { withDeadline } from "./reasons.js";
import type { ContractCall } from "./submitter.js";

/**
 * The official class, within our bounds: its transactions go the way of all others, what it waits for ends, and its
 * messages, which can hold the address of the node, stay inside.
 */
export class GuardedOfficialScheme {
  readonly #facilitator: Facilitator;
  readonly #official: OfficialExactEvmScheme;

  constructor(facilitator: Facilitator, config: OfficialExactEvmSchemeConfig) {
    this.#facilitator = facilitator;
    this.#official = new OfficialExactEvmScheme(officialSigner(facilitator), config);
  }

  getSigners(network: string): string[] {
    return this.#official.getSigners(network);
  }

  async verify(
    payload: PaymentPayload,
    requirements: PaymentRequirements,
    context: FacilitatorContext | undefined,
  ): Promise<VerifyResponse> {
    checkShape(payload);
    const verifying = this.#official.verify(payload, requirements, context);
    const { invalidMessage: _, ...verified } = await withDeadline(verifying, this.#facilitator.readTimeoutMs);
    return verified;
  }

  async settle(
    payload: PaymentPayload,
    requirements: PaymentRequirements,
    context: FacilitatorContext | undefined,
  ): Promise<SettleResponse> {
    const { client, confirmationTimeoutMs, readTimeoutMs } = this.#facilitator;
    checkShape(payload);
    if (!isAddress(requirements.asset, { strict: false })) throw new Refusal(ErrAssetNotAllowed);
    // Refused here while the node is away; the official class would wait for it.
    await withDeadline(getCode(client, { address: getAddress(requirements.asset) }), readTimeoutMs);
    const settling = this.#official.settle(payload, requirements, context);
    const { errorMessage: _, ...settled } = await withDeadline(settling, readTimeoutMs + confirmationTimeoutMs);
    return settled;
  }
}

/** The official class throws at a payload that is neither of the two it knows. */
function checkShape({ payload }: PaymentPayload): void {
  if (!isObject(payload.authorization) && !isObject(payload.permit2Authorization))
    throw new Refusal(ErrPayloadUnsupported);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

/** The official classes' signer, whose transactions go in order, under the limit of gas, and out of the same budget. */
function officialSigner(facilitator: Facilitator) {
  const { client, confirmationTimeoutMs, submitter } = facilitator;
  // Asked when the official class has verified: what it refuses must not use up anybody's budget.
  const send = (call: ContractCall) =>
    submitter.send(call, () =>
      spend(facilitator, { kind: "transfer", payment: { id: zeroHash, ref: { token: call.to } }, value: 0n }),
    );
  const actions = client.extend(publicActions);
  type Write = { address: Address; dataSuffix?: Hex } & Parameters<typeof encodeFunctionData>[0];
  const signer = {
    ...actions,
    address: client.account.address,
    // The official class looks at the asset without waiting for the answer; a rejection that nobody awaits ends the process.
    getCode: (parameters: { address: Address }) => actions.getCode(parameters).catch(() => new Promise(() => {})),
    sendTransaction: send,
    writeContract: ({ address, dataSuffix = "0x", ...contractCall }: Write) =>
      send({ to: address, data: concatHex([encodeFunctionData(contractCall), dataSuffix]) }),
  };
  return toFacilitatorEvmSigner(signer as unknown as Parameters<typeof toFacilitatorEvmSigner>[0], {
    confirmationTimeoutMs,
  });
}
