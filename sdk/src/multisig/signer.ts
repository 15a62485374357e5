import type { Address, Client, Hex, LocalAccount } from "viem";
import { toAccount } from "viem/accounts";
import { readContract } from "viem/actions";
import type { PaymentApproval } from "../generated/types.js";
import { type MultisigAccount, readAccount, rulesFor } from "./account.js";
import { type ApprovalSources, gatherApprovals } from "./approvals.js";
import { encodeMessageBlob, encodePaymentBlob, encodeSignatures } from "./blob.js";
import type { Collect } from "./collect.js";
import { ChainMismatchError, TypedDataDeniedError } from "./errors.js";
import { type MessageIntent, messageApprovalTypedData, messageIntentOf } from "./messages.js";
import { type PaymentIntent, paymentApprovalOf, paymentIntentOf } from "./payments.js";
import { endOf, requirementOf } from "./requirements.js";
import { hashOfResource } from "./resources.js";
import type { ApprovalTypedData, TypedData } from "./typedData.js";

export type MultisigSignerOptions = {
  /** The account, deployed. */
  account: Address;
  /** Reads the account's rules and what it can spend. */
  client: Client;
  /** The keys that are here: the agent's. */
  signers: readonly LocalAccount[];
  /** Gets the approvals of those who are not here. Default: nobody else is asked. */
  collect?: Collect;
  /** Tells what a payment buys, as `resourcesOf` does. Its hash is part of what is approved. Default: nothing is told. */
  resourceOf?: (payment: Pick<PaymentIntent, "payee" | "token" | "value">) => string | undefined;
  /** Ends the waiting for approvals. */
  signal?: AbortSignal;
};

/** An account for viem's clients, and with `readContract` a signer for the official clients of x402. */
export type MultisigSigner = LocalAccount & {
  readContract(parameters: {
    address: Address;
    abi: readonly unknown[];
    functionName: string;
    args?: readonly unknown[];
  }): Promise<unknown>;
};

/** Messages that have no deadline of their own are asked for this long. */
const DEFAULT_PATIENCE = 3_600;

/**
 * An account of agents and humans as a signer: for the official clients, which take it for any other payer, and for this
 * package's own `signX` actions. Within its tier and
 * above the reserve the agent's key is enough; else the others' approvals are collected, or the error says who is missing.
 *
 * Its `signTypedData` throws
 * - {@link TypedDataDeniedError} for what the account never signs: permits, orders, logins, messages, numbers beyond its bounds.
 * - {@link ChainMismatchError} for what is asked for another chain than the account's.
 * - {@link TokenWithoutRulesError} and {@link PayeeNotListedError} when the rules do not allow the payment.
 * - {@link UnreadablePlanError} when what it would subscribe to is no plan.
 * - {@link ApprovalsMissingError} when too few approved in time.
 */
export function createMultisigSigner(options: MultisigSignerOptions): MultisigSigner {
  const { account, client } = options;
  const deny = (primaryType: string) => new TypedDataDeniedError({ account, primaryType });
  const viemAccount = toAccount({
    address: account,
    signMessage: async () => Promise.reject(deny("a personal message")),
    signTransaction: async () => Promise.reject(deny("a transaction")),
    signTypedData: async (typedData) => sign(typedData as unknown as TypedData, options),
  });
  return {
    ...viemAccount,
    readContract: (parameters) => readContract(client, parameters as Parameters<typeof readContract>[1]),
  };
}

async function sign(typedData: TypedData, options: MultisigSignerOptions): Promise<Hex> {
  const { account: address, client } = options;
  const { domain, primaryType } = typedData;
  const [payment, message] = [paymentIntentOf(typedData, address), messageIntentOf(typedData)];
  if (!payment && !message) throw new TypedDataDeniedError({ account: address, primaryType });
  const account = await readAccount(client, { address });
  // The approval names the account's chain: what was asked for another one would become a payment on this.
  if (Number(domain.chainId) !== account.chainId) throw new ChainMismatchError({ account, chainId: domain.chainId });
  if (payment) return signPayment(account, payment, options);
  return signMessage(account, message as MessageIntent, options);
}

async function signPayment(
  account: MultisigAccount,
  { domain, ...payment }: PaymentIntent,
  options: MultisigSignerOptions,
): Promise<Hex> {
  const resource = options.resourceOf?.(payment);
  const approval = { ...payment, epoch: account.epoch, resource: hashOfResource(resource) } satisfies PaymentApproval;
  const signatures = await approvalsOf(account, paymentApprovalOf(account, approval), options, resource);
  const { tokenIndex } = rulesFor(account, payment);
  return encodePaymentBlob(approval, { domain, signatures, tokenIndex });
}

async function signMessage(account: MultisigAccount, intent: MessageIntent, options: ApprovalSources): Promise<Hex> {
  const signatures = await approvalsOf(account, messageApprovalTypedData(account, intent), options);
  return encodeMessageBlob({ ...intent, signatures });
}

/** The signatures of as many as the account asks for, in the form that it takes. */
async function approvalsOf(
  account: MultisigAccount,
  typedData: ApprovalTypedData,
  sources: ApprovalSources,
  resource?: string,
) {
  const requirement = await requirementOf(sources.client, account, typedData);
  const expiresAt = endOf(typedData) ?? Math.floor(Date.now() / 1_000) + DEFAULT_PATIENCE;
  const signatures = await gatherApprovals(account, typedData, { ...requirement, expiresAt }, sources, resource);
  return encodeSignatures(account.config.signers, signatures);
}
