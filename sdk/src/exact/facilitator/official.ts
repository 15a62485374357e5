import { InMemoryPendingSettlementStore } from "@x402/core/facilitator";
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
  type Hash,
  type Hex,
  isAddress,
  publicActions,
  zeroHash,
} from "viem";
import { getCode } from "viem/actions";
import { withDeadline } from "../../withDeadline.js";
import { ErrAssetNotAllowed, ErrNotSponsored, ErrPayloadUnsupported } from "../errors.js";
import { Refusal } from "./answers.js";
import { type Facilitator, servesAsset, spend } from "./facilitator.js";
import { type ContractCall, GasTooHighError } from "./submitter.js";
import { deployWallet, isWrapped, parseSignature } from "./wallet.js";

/**
 * The official class, within our bounds: its transactions go the way of all others, what it waits for ends, and its
 * messages, which can hold the address of the node, stay inside.
 */
export class GuardedOfficialScheme {
  readonly #facilitator: Facilitator;
  readonly #config: OfficialExactEvmSchemeConfig;
  /** Verifies; what settles is made for each payment. */
  readonly #official: OfficialExactEvmScheme;

  constructor(facilitator: Facilitator, config: OfficialExactEvmSchemeConfig) {
    const { pendingSettlementStore = new InMemoryPendingSettlementStore() } = config;
    this.#facilitator = facilitator;
    this.#config = { ...config, pendingSettlementStore };
    this.#official = new OfficialExactEvmScheme(officialSigner(facilitator, refuseToSend), this.#config);
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
    let refusal: unknown;
    const send: Send = async (kind, contractCall) => {
      try {
        // Asked when the official class has verified: what it refuses must not use up anybody's budget.
        return await this.#facilitator.submitter.send(contractCall, () => this.#spend(kind, requirements));
      } catch (error) {
        refusal = error;
        throw error;
      }
    };
    // Nobody's wallet is deployed before it is known that it pays.
    const simulateInSettle = this.#config.simulateInSettle || isWrapped(payload.payload.signature);
    const signer = officialSigner(this.#facilitator, send);
    const settling = new OfficialExactEvmScheme(signer, { ...this.#config, simulateInSettle }).settle(
      payload,
      requirements,
      context,
    );
    const { errorMessage: _, ...settled } = await withDeadline(settling, readTimeoutMs + confirmationTimeoutMs);
    // The official class has one code for all that is not sent.
    if (!settled.success && (refusal instanceof Refusal || refusal instanceof GasTooHighError)) throw refusal;
    return settled;
  }

  #spend(kind: "transfer" | "wallet", { amount, asset }: PaymentRequirements): Promise<void> {
    const value = servesAsset(this.#facilitator, asset) ? BigInt(amount) : 0n;
    return spend(this.#facilitator, { kind, payment: { id: zeroHash, ref: { token: getAddress(asset) } }, value });
  }
}

/** The official class throws at a payload that is neither of the two it knows, and at a signature that it cannot unwrap. */
function checkShape({ payload }: PaymentPayload): void {
  if (!isObject(payload.authorization) && !isObject(payload.permit2Authorization))
    throw new Refusal(ErrPayloadUnsupported);
  if (isWrapped(payload.signature)) parseSignature(payload.signature);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

/** Sends what the official class wants to send, if the sponsor pays for it. */
type Send = (kind: "transfer" | "wallet", contractCall: ContractCall) => Promise<Hash>;

async function refuseToSend(): Promise<Hash> {
  throw new Refusal(ErrNotSponsored);
}

/** The official classes' signer, whose transactions go in order, under the limit of gas, and out of the same budget. */
function officialSigner({ client, confirmationTimeoutMs }: Facilitator, send: Send) {
  const actions = client.extend(publicActions);
  type Write = { address: Address; dataSuffix?: Hex } & Parameters<typeof encodeFunctionData>[0];
  const signer = {
    ...actions,
    address: client.account.address,
    // The official class looks at the asset without waiting for the answer; a rejection that nobody awaits ends the process.
    getCode: (parameters: { address: Address }) => actions.getCode(parameters).catch(() => new Promise(() => {})),
    // It sends only one transaction by itself: what a wallet's factory is told.
    sendTransaction: (contractCall: ContractCall) => send("wallet", deployWallet(contractCall)),
    writeContract: ({ address, dataSuffix = "0x", ...contractCall }: Write) =>
      send("transfer", { to: address, data: concatHex([encodeFunctionData(contractCall), dataSuffix]) }),
  };
  return toFacilitatorEvmSigner(signer as unknown as Parameters<typeof toFacilitatorEvmSigner>[0], {
    confirmationTimeoutMs,
  });
}
