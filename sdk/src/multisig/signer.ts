import type { Address, Client, Hex, LocalAccount } from "viem";
import { toAccount } from "viem/accounts";
import { getCode, readContract } from "viem/actions";
import { spendableOf } from "../generated/actions/multisig/spendableOf.js";
import { termsCall } from "../generated/actions/subscriptionPlan/terms.js";
import { PayeeNotListedError, TokenWithoutRulesError } from "../generated/errors.js";
import type { PaymentApproval, StandingApproval, Subscribe } from "../generated/types.js";
import { type MultisigAccount, mayPay, readAccount, rulesOf, weightFor } from "./account.js";
import { type ApprovalSources, gatherApprovals, type Requirement } from "./approvals.js";
import { encodeMessageBlob, encodePaymentBlob, encodeSignatures } from "./blob.js";
import type { Collect } from "./collect.js";
import { ChainMismatchError, TypedDataDeniedError } from "./errors.js";
import { comesBack, type MessageIntent, messageApprovalTypedData, messageIntentOf } from "./messages.js";
import { type PaymentIntent, paymentApprovalOf, paymentIntentOf } from "./payments.js";
import { hashOfResource } from "./resources.js";
import type { TypedData } from "./typedData.js";

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

/* PAYMENTS */

async function signPayment(
  account: MultisigAccount,
  { domain, ...payment }: PaymentIntent,
  options: MultisigSignerOptions,
): Promise<Hex> {
  const { requirement, tokenIndex } = await paymentRequirement(account, payment, options.client);
  const resource = options.resourceOf?.(payment);
  const approval = { ...payment, epoch: account.epoch, resource: hashOfResource(resource) } satisfies PaymentApproval;
  const typedData = paymentApprovalOf(account, approval);
  const signatures = await gatherApprovals(account, typedData, requirement, options, resource);
  return encodePaymentBlob(approval, {
    domain,
    signatures: encodeSignatures(account.config.signers, signatures),
    tokenIndex,
  });
}

/**
 * What a payment needs now, by the account's rules and its reserve.
 *
 * @throws {TokenWithoutRulesError} when the account has no rules for the token.
 * @throws {PayeeNotListedError} when the account may not pay the payee.
 */
export async function paymentRequirement(
  account: MultisigAccount,
  { payee, token, validBefore, value }: Pick<PaymentIntent, "payee" | "token" | "validBefore" | "value">,
  client: Client,
): Promise<{ requirement: Requirement; tokenIndex: number }> {
  const found = rulesOf(account, token);
  if (!found) throw new TokenWithoutRulesError({ token });
  if (!mayPay(account, payee)) throw new PayeeNotListedError({ payee });
  const { amount } = await spendableOf(client, { address: account.address, token });
  const weight = weightFor(account, found.rules, value);
  return {
    requirement: { expiresAt: Number(validBefore), needsHuman: value > amount, weight },
    tokenIndex: found.tokenIndex,
  };
}

/* MESSAGES */

async function signMessage(account: MultisigAccount, intent: MessageIntent, options: ApprovalSources): Promise<Hex> {
  const requirement = await messageRequirement(account, intent, options.client);
  const typedData = messageApprovalTypedData(account, intent);
  const signatures = await gatherApprovals(account, typedData, requirement, options);
  return encodeMessageBlob({ ...intent, signatures: encodeSignatures(account.config.signers, signatures) });
}

async function messageRequirement(
  account: MultisigAccount,
  intent: MessageIntent,
  client: Client,
): Promise<Requirement> {
  const { fullWeight } = account.config;
  const expiresAt = expiryOf(intent);
  if (intent.name === "Subscribe") {
    return { expiresAt, needsHuman: true, weight: await subscribeWeight(account, intent, client) };
  }
  return { expiresAt, needsHuman: false, weight: comesBack(intent, account.address) ? 1 : fullWeight };
}

function expiryOf({ message }: MessageIntent): number {
  const { deadline, validBefore, validUntil } = message as Partial<Record<keyof StandingApproval | string, bigint>>;
  const told = deadline ?? validBefore ?? validUntil;
  return told === undefined ? Math.floor(Date.now() / 1_000) + DEFAULT_PATIENCE : Number(told);
}

/** The tier of all that the subscription can ever take; all weight for a plan that is not deployed, and tells no price yet. */
async function subscribeWeight(
  account: MultisigAccount,
  { message, verifyingContract }: MessageIntent,
  client: Client,
): Promise<number> {
  if (!mayPay(account, verifyingContract)) throw new PayeeNotListedError({ payee: verifyingContract });
  if (!(await getCode(client, { address: verifyingContract }))) return account.config.fullWeight;
  const { price, setupFee, token } = await readContract(client, termsCall({ address: verifyingContract }));
  const found = rulesOf(account, token);
  if (!found) throw new TokenWithoutRulesError({ token });
  const { maxPeriods, quantity } = message as Pick<Subscribe, "maxPeriods" | "quantity">;
  return weightFor(account, found.rules, price * BigInt(quantity) * BigInt(maxPeriods) + setupFee);
}
