import { type Address, type Client, decodeFunctionResult, encodeFunctionData, maxUint16, maxUint96 } from "viem";
import { getCode } from "viem/actions";
import { spendableOf } from "../generated/actions/multisig/spendableOf.js";
import { termsCall } from "../generated/actions/subscriptionPlan/terms.js";
import type { PaymentApproval, StandingApproval } from "../generated/types.js";
import { insistOnPayee, type MultisigAccount, rulesFor, weightFor } from "./account.js";
import { ask } from "./ask.js";
import { TypedDataDeniedError, UnreadablePlanError } from "./errors.js";
import { comesBack, type MessageIntent } from "./messages.js";
import { isTransportError } from "./transport.js";
import type { ApprovalTypedData } from "./typedData.js";

/** How much approval something needs. */
export type Requirement = {
  /** Of all signatures together. */
  neededWeight: number;
  /** Whether a human must be among those who sign. */
  needsHuman: boolean;
};

/**
 * What an account asks for to sign this, by its rules and its reserve of now. Read from what is signed and from the chain, so
 * that nobody has to be believed.
 *
 * @param account As it stands: what is signed under other rules needs what these cannot tell.
 * @throws {TokenWithoutRulesError} when the account has no rules for the token.
 * @throws {PayeeNotListedError} when the account may not pay the payee.
 * @throws {UnreadablePlanError} when what it would subscribe to is no plan.
 * @throws {TypedDataDeniedError} when it would subscribe to more than accounts can count.
 */
export async function requirementOf(
  client: Client,
  account: MultisigAccount,
  { message, primaryType, types }: Pick<ApprovalTypedData, "message" | "primaryType" | "types">,
): Promise<Requirement> {
  if (primaryType === "PaymentApproval") return ofPayment(client, account, message as PaymentApproval);
  if (primaryType === "StandingApproval") return ofPaymentsAhead(account, message as StandingApproval);
  if (primaryType === "MessageApproval") return ofMessage(client, account, approvedMessage({ message, types }));
  return { neededWeight: account.config.fullWeight, needsHuman: false };
}

/** First Unix second at which what is signed is no longer valid, where it says so. */
export function endOf({ message }: Pick<ApprovalTypedData, "message">): number | undefined {
  const inner = message.message instanceof Object ? message.message : {};
  const { deadline, validBefore, validUntil } = { ...inner, ...message } as Readonly<Record<string, unknown>>;
  const end = deadline ?? validBefore ?? validUntil;
  return end === undefined ? undefined : Number(end);
}

/** No payment without a human touches the reserve. Where that is not there yet, none without a human is made at all. */
async function ofPayment(
  client: Client,
  account: MultisigAccount,
  { payee, token, value }: PaymentApproval,
): Promise<Requirement> {
  const { rules } = rulesFor(account, { payee, token });
  const { amount } = await spendableOf(client, { address: account.address, token });
  return { neededWeight: weightFor(account, rules, value), needsHuman: value > amount || amount === 0n };
}

function ofPaymentsAhead(account: MultisigAccount, { count, maxValue, payee, token }: StandingApproval): Requirement {
  const { rules } = rulesFor(account, { payee, token });
  return { neededWeight: weightFor(account, rules, maxValue * count), needsHuman: true };
}

type ApprovedMessage = Pick<MessageIntent, "message" | "name" | "verifyingContract">;

function approvedMessage({ message, types }: Pick<ApprovalTypedData, "message" | "types">): ApprovedMessage {
  return {
    message: message.message as ApprovedMessage["message"],
    name: types.MessageApproval?.find(({ name }) => name === "message")?.type ?? "",
    verifyingContract: message.verifyingContract as Address,
  };
}

async function ofMessage(client: Client, account: MultisigAccount, approved: ApprovedMessage): Promise<Requirement> {
  if (approved.name === "Subscribe") {
    return { neededWeight: await subscribeWeight(client, account, approved), needsHuman: true };
  }
  const { fullWeight } = account.config;
  return { neededWeight: comesBack(approved, account.address) ? 1 : fullWeight, needsHuman: false };
}

/** The tier of all that the subscription can ever take; all weight for a plan that is not deployed, and tells no price yet. */
async function subscribeWeight(
  client: Client,
  account: MultisigAccount,
  { message, verifyingContract: plan }: ApprovedMessage,
): Promise<number> {
  insistOnPayee(account, plan);
  if (!(await getCode(client, { address: plan }))) return account.config.fullWeight;
  const { price, setupFee, token } = await termsOf(client, plan);
  // The account counts no further: what does not fit is no plan's.
  if (price > maxUint96 || setupFee > maxUint96) throw new UnreadablePlanError({ plan });
  const { rules } = rulesFor(account, { payee: plan, token });
  const [quantity, maxPeriods] = [BigInt(message.quantity as bigint), BigInt(message.maxPeriods as bigint)];
  if ([quantity, maxPeriods].some((count) => count > maxUint16)) {
    throw new TypedDataDeniedError({ account: account.address, primaryType: "Subscribe" });
  }
  return weightFor(account, rules, price * quantity * maxPeriods + setupFee);
}

/** What an account gives a plan to tell its terms. */
const TERMS_GAS = 50_000n;

async function termsOf(client: Client, plan: Address) {
  const { abi, functionName } = termsCall({ address: plan });
  try {
    const data = await ask(client, { data: encodeFunctionData({ abi, functionName }), gas: TERMS_GAS, to: plan });
    return decodeFunctionResult({ abi, data, functionName });
  } catch (cause) {
    throw isTransportError(cause) ? cause : new UnreadablePlanError({ cause, plan });
  }
}
