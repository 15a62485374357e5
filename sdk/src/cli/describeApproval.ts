import {
  type Address,
  decodeFunctionData,
  type EncodeFunctionDataParameters,
  encodeFunctionData,
  erc20Abi,
  formatEther,
  type Hex,
  isAddressEqual,
} from "viem";
import { multisigAbi } from "../generated/abis.js";
import {
  type Call,
  type Execute,
  type MultisigConfig,
  type PaymentApproval,
  PlanStage,
  type StandingApproval,
  type Subscribe,
} from "../generated/types.js";
import { givenOf, refusedOf } from "../multisig/collect.js";
import type { CollectedApproval } from "../multisig/collectOverHttp.js";
import { decodeConfig } from "../multisig/config.js";
import { hashOfResource } from "../multisig/resources.js";
import { verifyApproval } from "../multisig/verifyApproval.js";
import { approvalJson } from "../multisig/wire.js";
import { RecourseError } from "../RecourseError.js";
import { describeRules, type KnownAccount, listed } from "./accounts.js";
import type { Reader } from "./connection.js";
import { headline } from "./describeTerms.js";
import { CommandError } from "./errors.js";
import { date, money, printable } from "./format.js";
import { type Plan, readPlan, stageName } from "./plans.js";
import type { Report } from "./session.js";
import type { Token } from "./token.js";

/** What a request says it buys: whether the hash that is signed is that of the URL that was told. */
type Resource = { told: string | undefined; matches: boolean | undefined };

/** Whether the resource that was told is the one that is signed for; `undefined` where neither names one. */
export function resourceOf({ resource, typedData }: CollectedApproval): Resource {
  const signed = typedData.message.resource;
  if (signed === undefined || (resource === undefined && signed === hashOfResource(undefined))) {
    return { matches: undefined, told: resource };
  }
  return { matches: resource !== undefined && hashOfResource(resource) === signed, told: resource };
}

/** A request as the chain knows it, and why no signature can be used, if so. Then what it says of signatures is not checked. */
export type KnownApproval = {
  approval: CollectedApproval;
  problem?: string;
  /** What it would subscribe to, where that is a plan of this suite. */
  plan?: Plan | undefined;
};

/**
 * Looks up what a collector says of a request: nobody should sign on its word.
 *
 * @throws What {@link verifyApproval} throws, and the node's not answering.
 */
export async function knowApproval(
  client: Reader,
  account: KnownAccount,
  approval: CollectedApproval,
): Promise<KnownApproval> {
  const [verified, plan] = await Promise.all([verifyApproval(client, account, approval), planOf(client, approval)]);
  return { approval: verified, plan };
}

async function planOf(client: Reader, { typedData }: CollectedApproval): Promise<Plan | undefined> {
  const { message, types } = typedData;
  if (nameOfMessage(types) !== "Subscribe") return undefined;
  try {
    return await readPlan(client, message.verifyingContract as Address);
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}

/**
 * As {@link knowApproval}, for a list: what cannot be used is told as that.
 *
 * @throws What the node's not answering throws.
 */
export async function checkApproval(
  client: Reader,
  account: KnownAccount,
  approval: CollectedApproval,
): Promise<KnownApproval> {
  try {
    return await knowApproval(client, account, approval);
  } catch (error) {
    if (!(error instanceof RecourseError)) throw error;
    return { approval, problem: error.shortMessage };
  }
}

/** A request in words: what is signed, read from what is signed. */
export function describeApproval({ approval, plan, problem }: KnownApproval, account: KnownAccount): string[] {
  const { expiresAt, id } = approval;
  return [
    ...whatIsSigned({ approval, plan }, account),
    ...resourceText(approval),
    ...(problem === undefined ? stateText(approval) : [`cannot be used: ${problem}`]),
    `asked until ${time(BigInt(expiresAt))}`,
    `id ${id}`,
  ].map((line, index) => (index === 0 ? line : `  ${line}`));
}

function stateText(approval: CollectedApproval): string[] {
  const { neededWeight, needsHuman, rejections, signatures, signers } = approval;
  const refused = refusedOf(approval, rejections);
  return [
    `needs weight ${neededWeight}${needsHuman ? ", with a human" : ""}; signed by ${listed(givenOf(signers, signatures))}`,
    `may still sign: ${listed(approval.missing.filter((signer) => !refused.includes(signer)))}`,
    ...rejections
      .filter(({ signer }) => refused.some(({ account }) => isAddressEqual(account, signer)))
      .map(({ reason, signer }) => `refused by ${signer}: ${printable(reason) || "no reason told"}`),
  ];
}

function whatIsSigned({ approval, plan }: KnownApproval, account: KnownAccount): string[] {
  const { message, primaryType, types } = approval.typedData;
  if (primaryType !== "MessageApproval") return messageText(primaryType, message, account.address, account);
  const { message: inner, verifyingContract } = message as {
    message: Record<string, unknown>;
    verifyingContract: Address;
  };
  const name = nameOfMessage(types) ?? "message";
  const costs = name === "Subscribe" ? subscriptionText(inner as Subscribe, plan) : [];
  return [
    `Let ${account.address} sign ${name} for ${verifyingContract}`,
    ...costs.map((line) => `  ${line}`),
    ...messageText(name, inner, verifyingContract, account).map((line) => `  ${line}`),
  ];
}

/** The type of a message of a vault or a plan that an account is to sign, by its name. */
function nameOfMessage({ MessageApproval: fields = [] }: CollectedApproval["typedData"]["types"]): string | undefined {
  return fields.find(({ name }) => name === "message")?.type;
}

/** What a subscription costs, and the most that it can ever take. */
function subscriptionText({ maxPeriods, quantity }: Pick<Subscribe, "maxPeriods" | "quantity">, plan?: Plan): string[] {
  if (!plan) return ["which is no plan of this suite here, or not deployed yet: nobody can tell what it takes"];
  const { stage, terms, token } = plan;
  const most = terms.price * BigInt(quantity) * BigInt(maxPeriods) + terms.setupFee;
  const times = BigInt(quantity) === 1n ? "" : `${quantity} times `;
  return [
    `${times}${headline(terms, token)} for up to ${maxPeriods} periods: at most ${money(most, token)} in all, to ${terms.receiver}`,
    ...(stage === PlanStage.Open ? [] : [`the plan is ${stageName(stage)}: it takes no new subscribers`]),
  ];
}

/** A message of an account, this or another, in its own words; any other field by field. */
function messageText(
  name: string,
  message: Readonly<Record<string, unknown>>,
  address: Address,
  account: KnownAccount,
): string[] {
  if (name === "PaymentApproval") return paymentText(message as unknown as PaymentApproval, address, account);
  if (name === "StandingApproval") return standingText(message as unknown as StandingApproval, address, account);
  if (name === "Execute") return executeText(message as unknown as Execute, address, account);
  return Object.entries(message).map(([field, value]) => `${field}: ${plain(value)}`);
}

function executeText({ calls, deadline, nonce }: Execute, address: Address, account: KnownAccount): string[] {
  const isOther = !isAddressEqual(address, account.address);
  const next = isOther || nonce === account.nonce ? "" : `, whose next is ${account.nonce}`;
  return [
    `Let ${address} make ${calls.length === 1 ? "a call" : `${calls.length} calls, all or none`}`,
    ...calls.flatMap((call) => callText(call, account.tokens)),
    `number ${nonce} of the account${next}; valid until ${time(deadline)}`,
  ];
}

/** Whatever it is, to its last part. */
function plain(value: unknown): string {
  if (typeof value !== "object" || value === null) return printable(String(value));
  return printable(JSON.stringify(value, (_, part) => (typeof part === "bigint" ? String(part) : part)));
}

function paymentText(payment: PaymentApproval, address: Address, { tokens }: KnownAccount): string[] {
  const { method, payee, token, validAfter, validBefore, value } = payment;
  return [
    `Pay ${amountText(value, token, tokens)} to ${payee} out of ${address}`,
    `token ${token}`,
    `by ${printable(method)}, ${validAfter === 0n ? "" : `from ${time(validAfter)} `}until ${time(validBefore)}`,
  ];
}

function standingText(approval: StandingApproval, address: Address, { tokens }: KnownAccount): string[] {
  const { count, maxValue, payee, token, validUntil } = approval;
  const each = amountText(maxValue, token, tokens);
  return [
    `Pay up to ${count} times ${each}, ${amountText(count * maxValue, token, tokens)} in all, to ${payee} out of ${address}`,
    `token ${token}`,
    `until ${time(validUntil)}, without asking again`,
  ];
}

function amountText(amount: bigint, token: Address, tokens: KnownAccount["tokens"]): string {
  const format = tokens.find(({ address }) => isAddressEqual(address, token));
  return format
    ? `${money(amount, format)}${format.isDollar ? ` (${format.symbol})` : ""}`
    : `${amount} units of ${token}`;
}

/** Seconds that were signed can be any number. */
function time(seconds: bigint): string {
  return seconds <= 8_640_000_000_000n ? date(Number(seconds)) : "the end of time";
}

/** A call as a reader knows it, where it is one of accounts or tokens; else its bytes. */
export function callText({ data, to, value }: Call, tokens: readonly Token[]): string[] {
  const decoded = decode(data);
  const rules = rulesIn(decoded);
  const worth = value === 0n ? "" : `, with ${formatEther(value)} of the chain's own coin`;
  if (data === "0x") return [`send ${formatEther(value)} of the chain's own coin to ${to}`];
  if (rules) return [`give ${to} these rules${worth}:`, ...describeRules(rules, tokens).map((line) => `  ${line}`)];
  if (!decoded) return [`call ${to}${worth}`, `  data ${data}`];
  return [
    `call ${decoded.functionName}(${(decoded.args ?? []).map(plain).join(", ")}) of ${to}${worth}`,
    ...moneyText(decoded, to, tokens).map((line) => `  ${line}`),
  ];
}

/** What a call does with money, in the token's own unit, where the token is known. */
function moneyText(
  { args, functionName }: NonNullable<ReturnType<typeof decode>>,
  to: Address,
  tokens: readonly Token[],
) {
  if (functionName === "setReserve") return [`the reserve becomes ${amountText(args[1], args[0], tokens)}`];
  if (!tokens.some(({ address }) => isAddressEqual(address, to))) return [];
  if (functionName === "transfer") return [`${args[0]} gets ${amountText(args[1], to, tokens)}`];
  if (functionName === "approve") return [`${args[0]} may take ${amountText(args[1], to, tokens)}`];
  return [];
}

/** The rules that a call gives an account: nobody should agree to bytes. */
function rulesIn(decoded: ReturnType<typeof decode>): MultisigConfig | undefined {
  if (decoded?.functionName !== "reconfigure") return undefined;
  try {
    return decodeConfig(decoded.args[0]);
  } catch {
    return undefined;
  }
}

const abi = [...multisigAbi, ...erc20Abi];

/** What a call says, if it says all of it: bytes that are more than its words are shown as bytes. */
function decode(data: Hex) {
  try {
    const decoded = decodeFunctionData({ abi, data });
    return encodeFunctionData({ abi, ...decoded } as EncodeFunctionDataParameters) === data.toLowerCase()
      ? decoded
      : undefined;
  } catch {
    return undefined;
  }
}

function resourceText(approval: CollectedApproval): string[] {
  const { matches, told } = resourceOf(approval);
  if (matches === undefined) return approval.typedData.message.resource === undefined ? [] : ["for no named resource"];
  if (matches) return [`for ${printable(told ?? "")}`];
  return told === undefined
    ? [`for a resource that was not told, of hash ${approval.typedData.message.resource}`]
    : [`resource does not match: ${printable(told)} was told, and another is signed for`];
}

/** A request for JSON. */
export function requestReport(known: KnownApproval, account: KnownAccount): Report["json"] {
  const { approval, problem } = known;
  const { matches } = resourceOf(approval);
  return {
    ...approvalJson(approval),
    missing: approval.missing,
    isUsable: problem === undefined,
    ...(problem !== undefined && { problem }),
    ...(matches !== undefined && { resourceMatches: matches }),
    words: describeApproval(known, account),
  };
}
