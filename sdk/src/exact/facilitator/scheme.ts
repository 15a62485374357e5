import type {
  FacilitatorContext,
  PaymentPayload,
  PaymentRequirements,
  SchemeNetworkFacilitator,
  SettleResponse,
  VerifyResponse,
} from "@x402/core/types";
import { findDefaultAsset, toFacilitatorEvmSigner } from "@x402/evm";
import {
  ExactEvmScheme as OfficialExactEvmScheme,
  type ExactEvmSchemeConfig as OfficialExactEvmSchemeConfig,
} from "@x402/evm/exact/facilitator";
import {
  type Address,
  concatHex,
  encodeFunctionData,
  encodePacked,
  getAddress,
  type Hex,
  isAddress,
  isAddressEqual,
  keccak256,
  publicActions,
  stringToHex,
  type TransactionReceipt,
  zeroHash,
} from "viem";
import { call, getCode } from "viem/actions";
import { payCall } from "../../generated/actions/refundWindow/pay.js";
import { refundWithSignatureCall } from "../../generated/actions/refundWindow/refundWithSignature.js";
import { withdrawWithSignatureCall } from "../../generated/actions/refundWindow/withdrawWithSignature.js";
import { deployAndPayCall } from "../../generated/actions/vaultFactory/deployAndPay.js";
import { addresses } from "../../generated/addresses.js";
import { paymentIdOf } from "../../refund-window/paymentIdOf.js";
import { PAYOUT_GAS } from "../../refund-window/payoutGas.js";
import type { PaymentReceipt } from "../../refund-window/receipt.js";
import type { RelayRequest } from "../../refund-window/relay.js";
import { encodeTerms, type VaultDeployment, vaultAddress } from "../../refund-window/vaultAddress.js";
import {
  ErrAlreadyPaid,
  ErrAssetNotAllowed,
  ErrBeingSettled,
  ErrEventMismatch,
  ErrFactoryNotAllowed,
  ErrNotSponsored,
  ErrOperationMalformed,
  ErrOperationMissing,
  ErrOperationNotAuthorized,
  ErrOperationUnsupported,
  ErrPayloadUnsupported,
  ErrReverted,
  ErrServerFieldInPayload,
  ErrSettlementPending,
  ErrTermsMalformed,
  ErrTermsMismatch,
  ErrVaultMismatch,
} from "../errors.js";
import { hasServerFields, parsePayOperation, parseRefundOperation, withoutServerFields } from "../operations.js";
import {
  acceptedSameTerms,
  deploymentOf,
  type ExactPayload,
  hasVaultExtra,
  parseExactPayload,
  parseVaultExtra,
  paysVault,
  refOf,
  type VaultExtra,
} from "../terms.js";
import {
  type ExpectedPayment,
  findPaidTransaction,
  isPaid,
  paidIn,
  readReceipt,
  refundedIn,
  withdrawnIn,
} from "./chain.js";
import { reasonOf, withDeadline } from "./reasons.js";
import { type Expense, type Sponsor, sponsorEverything } from "./sponsor.js";
import {
  type ContractCall,
  type FacilitatorClient,
  InMemorySubmissionStorage,
  type Outcome,
  type SubmissionStorage,
  Submitter,
} from "./submitter.js";

export type ExactEvmSchemeConfig = OfficialExactEvmSchemeConfig & {
  /** The deployments whose vaults are served. Default: the canonical one. */
  deployments?: readonly VaultDeployment[];
  /** The tokens that vaults are paid in: foreign code that gas is paid for. Default: those that the official package knows. */
  assets?: readonly Address[];
  /** Who is calling: the identity of the authenticated server of the current call. Default: nobody is authenticated. */
  caller?: () => string | undefined;
  /** Decides what gas is paid for. Default: everything but deployments that no authenticated server asks for. */
  sponsor?: Sponsor;
  /** Remembers what was signed. Default: the memory of this process. */
  submissions?: SubmissionStorage;
  /** Blocks that make a settlement final enough, its own included. Default: 1. */
  confirmations?: number;
  /** Milliseconds to wait for a receipt; below the 90 s that servers wait. Default: 60,000. */
  confirmationTimeoutMs?: number;
  /** Milliseconds that the chain may take to answer before anything is sent. Default: 9,000. */
  readTimeoutMs?: number;
  /** The most gas that one transaction may use. Default: 500,000. */
  maxGas?: bigint;
};

/** A payment that passed the checks which need no chain. */
type CheckedPayment = ExpectedPayment & { payload: ExactPayload; vaultExtra: VaultExtra };

/** A typed refusal on the way of a payment. */
class Refusal extends Error {
  override name = "Refusal";

  readonly reason: string;
  readonly detail: string | undefined;

  constructor(reason: string, detail?: string) {
    super(reason);
    this.reason = reason;
    this.detail = detail;
  }
}

/**
 * The official `exact` scheme for facilitators, and payments into vaults: verified against the terms that their address
 * is made of, settled by the vault itself, and reported with what the buyer may do until when. Requirements without
 * `extra.recourse` behave as with the official class.
 */
export class ExactEvmScheme implements SchemeNetworkFacilitator {
  readonly scheme = "exact";
  readonly caipFamily = "eip155:*";

  readonly #client: FacilitatorClient;
  readonly #official: OfficialExactEvmScheme;
  readonly #submitter: Submitter;
  readonly #deployments: readonly VaultDeployment[];
  readonly #assets: readonly Address[] | undefined;
  readonly #caller: () => string | undefined;
  readonly #sponsor: Sponsor;
  readonly #readTimeoutMs: number;
  readonly #confirmationTimeoutMs: number;
  readonly #maxGas: bigint;

  /** @param client Signs by itself (a local account), so that what was sent can be looked up whatever happens. */
  constructor(client: FacilitatorClient, config: ExactEvmSchemeConfig = {}) {
    const { confirmationTimeoutMs = 60_000, confirmations = 1, maxGas = 500_000n } = config;
    this.#client = client;
    this.#maxGas = maxGas;
    this.#confirmationTimeoutMs = confirmationTimeoutMs;
    this.#submitter = new Submitter(client, {
      storage: config.submissions ?? new InMemorySubmissionStorage(),
      confirmations,
      confirmationTimeoutMs,
      maxGas,
    });
    this.#official = new OfficialExactEvmScheme(officialSigner(client, this.#submitter, confirmationTimeoutMs), config);
    this.#deployments = config.deployments ?? [addresses["refund-window"]];
    this.#assets = config.assets;
    this.#caller = config.caller ?? (() => undefined);
    this.#sponsor = config.sponsor ?? sponsorEverything;
    this.#readTimeoutMs = config.readTimeoutMs ?? 9_000;
  }

  get #network(): `eip155:${number}` {
    return `eip155:${this.#client.chain.id}`;
  }

  /** Tells servers which vaults are served; a server whose terms are of another factory refuses this facilitator. */
  getExtra(_network: string): Record<string, unknown> {
    return { recourse: { factories: { "refund-window": this.#deployments.map(({ factory }) => factory) } } };
  }

  getSigners(network: string): string[] {
    return this.#official.getSigners(network);
  }

  /* VERIFY */

  async verify(
    payload: PaymentPayload,
    requirements: PaymentRequirements,
    context?: FacilitatorContext,
  ): Promise<VerifyResponse> {
    const payer = parseExactPayload(payload)?.authorization.from;
    try {
      if (!hasVaultExtra(requirements)) return await this.#verifyOfficially(payload, requirements, context);
      if (hasServerFields(payload.payload)) throw new Refusal(ErrServerFieldInPayload);
      return await withDeadline(
        this.#verifyOnChain(this.#check(payload, requirements), payload, requirements, context),
        this.#readTimeoutMs,
      );
    } catch (error) {
      const { message, reason } = refusalOf(error);
      return { isValid: false, invalidReason: reason, ...optional({ invalidMessage: message, payer }) };
    }
  }

  /** What needs no chain: the address is exactly these terms, under a factory that is served, for this network and asset. */
  #check(payload: PaymentPayload, requirements: PaymentRequirements): CheckedPayment {
    if (requirements.network !== this.#network) throw new Refusal("invalid_network");
    const vaultExtra = parseVaultExtra(requirements);
    if (!vaultExtra) throw new Refusal(ErrTermsMalformed);
    if (!acceptedSameTerms(payload, requirements)) throw new Refusal(ErrTermsMismatch);
    const vault = this.#vaultOf(vaultExtra, requirements);
    const exactPayload = parseExactPayload(payload);
    if (!exactPayload) throw new Refusal(ErrPayloadUnsupported);
    if (!this.#servesAsset(requirements.asset)) throw new Refusal(ErrAssetNotAllowed);
    const ref = refOf(exactPayload, requirements.asset);
    return {
      vault,
      vaultExtra,
      ref,
      id: paymentIdOf({ address: vault, chainId: this.#client.chain.id, ref }),
      amount: BigInt(requirements.amount),
      payload: exactPayload,
    };
  }

  #servesAsset(asset: string): boolean {
    if (!isAddress(asset, { strict: false })) return false;
    if (this.#assets) return this.#assets.some((served) => isAddressEqual(served, asset));
    return findDefaultAsset(asset, this.#network) !== undefined;
  }

  #vaultOf(vaultExtra: VaultExtra, requirements: PaymentRequirements): Address {
    const deployment = deploymentOf(vaultExtra, this.#deployments);
    if (!deployment) throw new Refusal(ErrFactoryNotAllowed);
    if (!paysVault(requirements, vaultExtra, deployment)) throw new Refusal(ErrVaultMismatch);
    return getAddress(requirements.payTo);
  }

  /** The official checks, and then the very call that settlement will make. */
  async #verifyOnChain(
    payment: CheckedPayment,
    payload: PaymentPayload,
    requirements: PaymentRequirements,
    context: FacilitatorContext | undefined,
  ): Promise<VerifyResponse> {
    const isDeployed = await this.#isDeployed(payment.vault);
    if (isDeployed && (await isPaid(this.#client, payment))) throw new Refusal(ErrAlreadyPaid);
    const verified = await this.#verifyOfficially(payload, requirements, context);
    if (verified.isValid) await this.#simulate(this.#paymentCall(payment, isDeployed));
    return verified;
  }

  /** Without the message of the official class: it can hold the address of the node. */
  async #verifyOfficially(
    payload: PaymentPayload,
    requirements: PaymentRequirements,
    context: FacilitatorContext | undefined,
  ): Promise<VerifyResponse> {
    const { invalidMessage: _, ...verified } = await withDeadline(
      this.#official.verify(payload, requirements, context),
      this.#readTimeoutMs,
    );
    return verified;
  }

  async #simulate(contractCall: ContractCall): Promise<void> {
    await call(this.#client, { ...contractCall, account: this.#client.account, gas: this.#maxGas });
  }

  async #isDeployed(vault: Address): Promise<boolean> {
    return (await getCode(this.#client, { address: vault })) !== undefined;
  }

  #paymentCall({ payload, ref, vault, vaultExtra }: CheckedPayment, isDeployed: boolean): ContractCall {
    const { nonce, validAfter, validBefore, value } = payload.authorization;
    const authorization = {
      token: ref.token,
      payer: ref.payer,
      value: BigInt(value),
      validAfter: BigInt(validAfter),
      validBefore: BigInt(validBefore),
      nonce,
      signature: payload.signature,
    };
    if (isDeployed) return encoded(payCall({ address: vault, authorization }));
    return encoded(
      deployAndPayCall({ address: vaultExtra.factory, authorization, terms: encodeTerms(vaultExtra.terms) }),
    );
  }

  /* SETTLE */

  async settle(
    payload: PaymentPayload,
    requirements: PaymentRequirements,
    context?: FacilitatorContext,
  ): Promise<SettleResponse> {
    const payer = parseExactPayload(payload)?.authorization.from;
    try {
      if (!hasVaultExtra(requirements)) return await this.#settleOfficially(payload, requirements, context);
      return await this.#settleOperation(payload, requirements, context);
    } catch (error) {
      const { message, reason } = refusalOf(error);
      return {
        success: false,
        errorReason: reason,
        transaction: "",
        network: requirements.network,
        ...optional({ errorMessage: message, payer }),
      };
    }
  }

  /** By the official class, under the same budget and limit of gas, and without its message. */
  async #settleOfficially(
    payload: PaymentPayload,
    requirements: PaymentRequirements,
    context: FacilitatorContext | undefined,
  ): Promise<SettleResponse> {
    if (!isAddress(requirements.asset, { strict: false })) throw new Refusal(ErrAssetNotAllowed);
    const token = getAddress(requirements.asset);
    // Refused here while the node is away; the official class would wait for it.
    await withDeadline(getCode(this.#client, { address: token }), this.#readTimeoutMs);
    await this.#spend({
      kind: "transfer",
      payment: { id: zeroHash, ref: { token } },
      value: BigInt(requirements.amount),
    });
    const timeoutMs = this.#readTimeoutMs + this.#confirmationTimeoutMs;
    const settling = this.#official.settle(payload, requirements, context);
    const { errorMessage: _, ...settled } = await withDeadline(settling, timeoutMs);
    return settled;
  }

  #settleOperation(
    payload: PaymentPayload,
    requirements: PaymentRequirements,
    context: FacilitatorContext | undefined,
  ): Promise<SettleResponse> {
    const payment = this.#check(payload, requirements);
    switch (payload.payload.type) {
      case "pay":
        return this.#pay(payment, payload, requirements, context);
      case "refund":
        return this.#refund(payment, payload);
      case undefined:
        throw new Refusal(ErrOperationMissing);
      default:
        throw new Refusal(ErrOperationUnsupported);
    }
  }

  /* PAY */

  async #pay(
    payment: CheckedPayment,
    payload: PaymentPayload,
    requirements: PaymentRequirements,
    context: FacilitatorContext | undefined,
  ): Promise<SettleResponse> {
    const operation = parsePayOperation(payload.payload);
    if (!operation) throw new Refusal(ErrOperationMalformed);
    const caller = this.#caller();
    // Bound to what was signed: payer and nonce alone are no proof that it is the same payment that is asked about.
    const owner = caller === undefined ? undefined : `${caller}:${operation.idempotencyKey}:${digestOf(payment)}`;
    const key = `pay:${payment.id}`;
    let isDeployed = true;
    const outcome = await this.#submitter.submitOnce(key, owner, {
      prepare: async () => {
        const clientPayload = { ...payload, payload: withoutServerFields(payload.payload) };
        const verified = await this.verify(clientPayload, requirements, context);
        if (!verified.isValid) throw new Refusal(verified.invalidReason ?? ErrReverted, verified.invalidMessage);
        isDeployed = await withDeadline(this.#isDeployed(payment.vault), this.#readTimeoutMs);
        return this.#paymentCall(payment, isDeployed);
      },
      approve: () => this.#spend({ kind: isDeployed ? "payment" : "deployment", payment, value: payment.amount }),
    });
    // Whoever is not the one that started it learns only that it is not theirs: a payload can be copied.
    const isOurs = outcome.isFirst || (owner !== undefined && outcome.submission.owner === owner);
    return this.#reportPayment(key, payment, outcome, isOurs);
  }

  async #reportPayment(
    key: string,
    payment: CheckedPayment,
    { receipt, submission }: Outcome,
    isOurs: boolean,
  ): Promise<SettleResponse> {
    if (!receipt && !isOurs) throw new Refusal(ErrBeingSettled);
    if (!receipt) return this.#pending(payment, submission.hash);
    if (receipt.status === "success") {
      if (!isOurs) throw new Refusal(ErrAlreadyPaid);
      if (!paidIn(receipt.logs, payment)) throw new Refusal(ErrEventMismatch);
      return this.#success(payment, submission.hash, { amount: payment.amount });
    }
    let overtaking: Hex | undefined;
    try {
      overtaking = await this.#overtakenBy(payment, receipt);
    } catch {
      // The node has gone away: what was sent may have been paid all the same.
      return this.#pending(payment, submission.hash);
    }
    if (overtaking && isOurs) return this.#success(payment, overtaking, { amount: payment.amount });
    await this.#submitter.forget(key, submission);
    throw new Refusal(overtaking ? ErrAlreadyPaid : ErrReverted);
  }

  /** The transaction of somebody who copied ours and was mined before it: the payment is the same, whoever sent it. */
  #overtakenBy(payment: CheckedPayment, { blockNumber }: TransactionReceipt): Promise<Hex | undefined> {
    return withDeadline(findPaidTransaction(this.#client, payment, blockNumber), this.#readTimeoutMs);
  }

  /* REFUND BY THE SERVER */

  async #refund(payment: CheckedPayment, payload: PaymentPayload): Promise<SettleResponse> {
    const operation = parseRefundOperation(payload.payload);
    if (!operation) throw new Refusal(ErrOperationMalformed);
    const { amount, deadline, expectedHeld, expectedRefunded, signature, signer } = operation.refund;
    const { operator, receiver } = payment.vaultExtra.terms;
    if (![operator, receiver].some((seller) => isAddressEqual(seller, signer)))
      throw new Refusal(ErrOperationNotAuthorized);

    const refund = refundWithSignatureCall({
      address: payment.vault,
      ref: payment.ref,
      message: {
        paymentId: payment.id,
        amount: BigInt(amount),
        to: payment.ref.payer,
        expectedHeld: BigInt(expectedHeld),
        expectedRefunded: BigInt(expectedRefunded),
        deadline: BigInt(deadline),
      },
      signer,
      signature,
      payoutGas: PAYOUT_GAS,
    });
    const total = BigInt(expectedRefunded) + BigInt(amount);
    const key = `refund:${payment.id}:${BigInt(expectedRefunded)}:${total}`;
    const expense = { kind: "operation", payment, value: BigInt(amount) } as const;
    return this.#sendRefund(key, encoded(refund), payment, total, expense);
  }

  async #sendRefund(
    key: string,
    transaction: ContractCall,
    payment: ExpectedPayment,
    total: bigint,
    expense: SponsoredExpense,
  ): Promise<SettleResponse> {
    const { receipt, submission } = await this.#submitSponsored(key, transaction, expense);
    if (!receipt) return this.#pending(payment, submission.hash);
    const amount = refundedIn(receipt.logs, { id: payment.id, total, vault: payment.vault });
    if (amount !== undefined) return this.#success(payment, submission.hash, { amount, operation: "refund" });
    await this.#submitter.forget(key, submission);
    throw new Refusal(ErrReverted);
  }

  /* RELAY */

  /**
   * Sends an action that its party signed: a refund by payer, receiver or operator, or the withdrawal of a credit. The
   * chain decides whether the signature is right; the answer is as of `settle`.
   */
  async relay(request: RelayRequest): Promise<SettleResponse> {
    const network = request.network as SettleResponse["network"];
    try {
      return await this.#relayAction(request);
    } catch (error) {
      const { message, reason } = refusalOf(error);
      return { success: false, errorReason: reason, transaction: "", network, ...optional({ errorMessage: message }) };
    }
  }

  async #relayAction(request: RelayRequest): Promise<SettleResponse> {
    if (request.network !== this.#network) throw new Refusal("invalid_network");
    const vault = this.#relayedVault(request.vault);
    const token = request.action === "refund" ? request.ref.token : request.message.token;
    if (!this.#servesAsset(token)) throw new Refusal(ErrAssetNotAllowed);
    return request.action === "refund" ? this.#relayRefund(vault, request) : this.#relayWithdraw(vault, request);
  }

  #relayedVault(vaultExtra: VaultExtra): Address {
    const deployment = deploymentOf(vaultExtra, this.#deployments);
    if (!deployment) throw new Refusal(ErrFactoryNotAllowed);
    return vaultAddress(vaultExtra.terms, deployment);
  }

  async #relayRefund(
    vault: Address,
    { message, ref, signature, signer }: RelayRequest & { action: "refund" },
  ): Promise<SettleResponse> {
    const id = paymentIdOf({ address: vault, chainId: this.#client.chain.id, ref });
    const amount = BigInt(message.amount);
    const payment = { vault, id, ref, amount };
    const refund = refundWithSignatureCall({
      address: vault,
      ref,
      message: {
        paymentId: message.paymentId,
        amount,
        to: message.to,
        expectedHeld: BigInt(message.expectedHeld),
        expectedRefunded: BigInt(message.expectedRefunded),
        deadline: BigInt(message.deadline),
      },
      signer,
      signature,
      payoutGas: PAYOUT_GAS,
    });
    const total = BigInt(message.expectedRefunded) + amount;
    const key = `refund:${id}:${BigInt(message.expectedRefunded)}:${total}:${getAddress(message.to)}:${getAddress(signer)}`;
    return this.#sendRefund(key, encoded(refund), payment, total, {
      // The other side's own refunds must not use up the payer's exit.
      kind: isAddressEqual(signer, ref.payer) ? "exit" : "operation",
      payment,
      value: amount,
    });
  }

  async #relayWithdraw(
    vault: Address,
    { message, signature }: RelayRequest & { action: "withdraw" },
  ): Promise<SettleResponse> {
    const { owner, token } = message;
    const amount = BigInt(message.expectedCredit);
    const withdrawal = withdrawWithSignatureCall({
      address: vault,
      message: {
        token,
        owner,
        to: message.to,
        expectedCredit: amount,
        expectedWithdrawn: BigInt(message.expectedWithdrawn),
        deadline: BigInt(message.deadline),
      },
      signature,
    });
    const key = `withdraw:${vault}:${getAddress(token)}:${getAddress(owner)}:${BigInt(message.expectedWithdrawn)}:${getAddress(message.to)}`;
    // A credit belongs to no payment: what is sponsored is counted by vault, token and owner.
    const id = keccak256(encodePacked(["address", "address", "address"], [vault, token, owner]));
    const payment = { id, ref: { token } };
    const { receipt, submission } = await this.#submitSponsored(key, encoded(withdrawal), {
      kind: "exit",
      payment,
      value: amount,
    });
    const network = this.#network;
    const transaction = submission.hash;
    if (!receipt) return { success: false, errorReason: ErrSettlementPending, transaction, network, payer: owner };
    const withdrawn = withdrawnIn(receipt.logs, { owner, vault });
    if (withdrawn !== undefined)
      return { success: true, transaction, network, payer: owner, amount: String(withdrawn) };
    await this.#submitter.forget(key, submission);
    throw new Refusal(ErrReverted);
  }

  /* ALL OPERATIONS */

  /** Asks the chain whether it would accept, and the sponsor whether it would pay, before anything is signed. */
  async #submitSponsored(key: string, transaction: ContractCall, expense: SponsoredExpense): Promise<Outcome> {
    return this.#submitter.submitOnce(key, this.#caller(), {
      prepare: async () => {
        await withDeadline(this.#simulate(transaction), this.#readTimeoutMs);
        return transaction;
      },
      approve: () => this.#spend(expense),
    });
  }

  async #spend({ kind, payment, value }: SponsoredExpense): Promise<void> {
    const { id: paymentId, ref } = payment;
    const isSponsored = await this.#sponsor({ kind, caller: this.#caller(), paymentId, token: ref.token, value });
    if (!isSponsored) throw new Refusal(ErrNotSponsored);
  }

  #pending(payment: ExpectedPayment, transaction: Hex): SettleResponse {
    const network = this.#network;
    return { success: false, errorReason: ErrSettlementPending, transaction, network, payer: payment.ref.payer };
  }

  async #success(
    payment: ExpectedPayment,
    transaction: Hex,
    { amount, operation }: { amount: bigint; operation?: "refund" },
  ): Promise<SettleResponse> {
    // The money has moved: a node that goes away now must not turn that into a failure.
    const receipt = await withDeadline(readReceipt(this.#client, payment), this.#readTimeoutMs).catch(() => undefined);
    return {
      success: true,
      transaction,
      network: this.#network,
      payer: payment.ref.payer,
      amount: String(amount),
      extra: { recourse: receipt ?? fallbackReceipt(payment, this.#client.chain.id), ...optional({ operation }) },
    };
  }
}

type SponsoredExpense = {
  kind: Expense["kind"];
  payment: { id: Hex; ref: { token: Address } };
  value: bigint;
};

/** What can be said of a payment when the chain has just gone away. */
function fallbackReceipt(
  { amount, id, ref, vault }: ExpectedPayment,
  chainId: number,
): Omit<PaymentReceipt, "closesAt" | "maturesAt" | "nextActions"> {
  const { nonce, payer, token } = ref;
  return {
    kind: "refund-window",
    network: `eip155:${chainId}`,
    vault,
    paymentId: id,
    token,
    payer,
    nonce,
    amount: String(amount),
  };
}

/** What the payer signed, and for how much of which token: two payloads of one payment are the same only with this. */
function digestOf({ amount, payload, ref }: CheckedPayment): Hex {
  return keccak256(stringToHex(JSON.stringify([payload, ref.token, String(amount)])));
}

/** The official classes' signer, whose transactions go the way of all others: in order, and under the limit of gas. */
function officialSigner(client: FacilitatorClient, submitter: Submitter, confirmationTimeoutMs: number) {
  const actions = client.extend(publicActions);
  type Write = { address: Address; dataSuffix?: Hex } & Parameters<typeof encodeFunctionData>[0];
  const signer = {
    ...actions,
    address: client.account.address,
    // The official class looks at the asset without waiting for the answer; a rejection that nobody awaits ends the process.
    getCode: (parameters: { address: Address }) => actions.getCode(parameters).catch(() => new Promise(() => {})),
    sendTransaction: (transaction: ContractCall) => submitter.send(transaction),
    writeContract: ({ address, dataSuffix = "0x", ...contractCall }: Write) =>
      submitter.send({ to: address, data: concatHex([encodeFunctionData(contractCall), dataSuffix]) }),
  };
  return toFacilitatorEvmSigner(signer as unknown as Parameters<typeof toFacilitatorEvmSigner>[0], {
    confirmationTimeoutMs,
  });
}

function encoded(contractCall: { address: Address } & Parameters<typeof encodeFunctionData>[0]): ContractCall {
  return { to: contractCall.address, data: encodeFunctionData(contractCall) };
}

function refusalOf(error: unknown): { reason: string; message?: string | undefined } {
  return error instanceof Refusal ? { reason: error.reason, message: error.detail } : reasonOf(error);
}

/** Leaves out what is undefined: on the wire a missing field is missing. */
function optional<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
