import {
  type Abi,
  type Address,
  type ContractFunctionParameters,
  createWalletClient,
  erc20Abi,
  formatEther,
  type Hash,
  http,
  isAddressEqual,
  parseEventLogs,
  type TransactionReceipt,
} from "viem";
import {
  estimateContractGas,
  getBalance,
  getGasPrice,
  simulateContract,
  waitForTransactionReceipt,
  writeContract,
} from "viem/actions";
import { withContractErrors } from "../contractErrorFrom.js";
import { subscriptionPlanAbi } from "../generated/abis.js";
import { AbortedError, CommandError, shownError, UsageError } from "./errors.js";
import { money } from "./format.js";
import { confirm, type Report, type Session, say, senderOf, withProgress } from "./session.js";
import type { Token } from "./token.js";

/** Money that goes from one to another, in the token's smallest unit. */
export type Movement = { from: Address; to: Address; amount: bigint };

/** One transaction of a command. */
export type Step = {
  /** What it is for. */
  purpose: string;
  call: { abi: Abi; address: Address; functionName: string; args?: readonly unknown[] };
  /** What it will move. */
  movements: readonly Movement[];
  /** Cannot be tried before the step in front of it has happened. */
  isDependent?: boolean;
};

/** What a transaction would do, or did. */
type StepReport = {
  step: Step;
  /** What the function returns; undefined when it could not be tried. */
  result?: unknown;
  /** What was used; before it is sent, the limit. */
  gas?: bigint;
  /** In wei, at the price that was paid or the price of now. */
  cost?: bigint;
  movements: readonly Movement[];
  hash?: Hash;
  /** Payouts that failed, and wait as credits of their owners. */
  credited: readonly { owner: Address; amount: bigint }[];
};

/** What became of the steps. */
export type Outcome = { reports: readonly StepReport[]; isDryRun: boolean; token: Token | undefined };

type Transactions = {
  steps: readonly Step[];
  /** Whose amounts are moved. */
  token?: Token;
  /** Who sends in a dry run without a key. */
  otherwise: Address;
  /** What there is to agree to. */
  question: string;
};

/**
 * Tries the transactions, lets somebody agree to them, and sends them, one after the other.
 *
 * @throws {AbortedError} when they are not agreed to.
 * @throws The contract's own error when one of them would revert.
 */
export async function perform(session: Session, { otherwise, question, steps, token }: Transactions): Promise<Outcome> {
  const { account, client, io, options } = session;
  const sender = senderOf(session, otherwise);
  const previews = await withProgress(session, async (onProgress) => {
    const done: StepReport[] = [];
    for (const step of steps) {
      onProgress(`Trying: ${step.purpose}`);
      done.push(await preview(session, step, sender));
    }
    return done;
  });
  if (options.dryRun) return { reports: previews, isDryRun: true, token };

  if (!account) throw new UsageError("A key is needed to send this.", { next: "Name its file by `--key-file`." });
  const dearest = previews.reduce((most, { cost = 0n }) => (cost > most ? cost : most), 0n);
  await checkFunds(session, account.address, dearest);
  if (!options.json && !options.yes) {
    say(io, outcomeText({ reports: previews, isDryRun: true, token }, session).join("\n"));
  }
  await confirm(session, question);

  const wallet = createWalletClient({ account, chain: client.chain, transport: http(client.transport.url) });
  const reports: StepReport[] = [];
  for (const step of steps) {
    try {
      reports.push(await withProgress(session, (onProgress) => send(session, wallet, step, onProgress)));
    } catch (error) {
      const [first] = reports;
      if (!first || error instanceof AbortedError) throw error;
      throw new CommandError(`Not all was done: ${step.purpose} failed.`, {
        cause: error,
        facts: {
          Done: reports.map((report) => `${report.step.purpose} (${report.hash})`),
          Reason: shownError(error).message,
        },
        next: "Run the command again: it goes on from what is done.",
      });
    }
  }
  return { reports, isDryRun: false, token };
}

/** Else the key would only fail in the middle, and the node would say why in its own words. `needed` is in wei. */
export async function checkFunds({ client }: Session, sender: Address, needed: bigint): Promise<void> {
  const { name, nativeCurrency } = client.chain;
  const balance = await getBalance(client, { address: sender });
  if (balance >= needed) return;
  throw new CommandError(`${sender} has too little ${nativeCurrency.symbol} for gas on ${name}.`, {
    facts: { Balance: formatEther(balance), Needed: formatEther(needed) },
    next: "Send it some. What is not used stays there.",
  });
}

async function preview({ client }: Session, step: Step, sender: Address): Promise<StepReport> {
  const { call, isDependent, movements } = step;
  if (isDependent) return { step, movements, credited: [] };
  const request = { ...call, account: sender } as ContractFunctionParameters & { account: Address };
  const { result } = await withContractErrors(simulateContract(client, request));
  const [gas, price] = await Promise.all([
    withContractErrors(estimateContractGas(client, request)),
    getGasPrice(client),
  ]);
  return { step, result, gas, cost: gas * price, movements, credited: [] };
}

async function send(
  { client }: Session,
  wallet: ReturnType<typeof createWalletClient>,
  step: Step,
  onProgress: (text: string) => void,
): Promise<StepReport> {
  onProgress(`Sending: ${step.purpose}`);
  const hash = await withContractErrors(writeContract(wallet, step.call as never));
  onProgress(`Waiting for ${hash}`);
  const receipt = await receiptOf(client, hash);
  if (receipt.status !== "success") {
    throw new CommandError(`The transaction was reverted: ${step.purpose}.`, {
      facts: { Transaction: hash },
      next: "Something has changed in between: look at the plan, and try again.",
    });
  }
  const { effectiveGasPrice, gasUsed } = receipt;
  return {
    step,
    gas: gasUsed,
    cost: gasUsed * effectiveGasPrice,
    movements: movementsIn(receipt),
    hash,
    credited: creditsIn(receipt),
  };
}

async function receiptOf(client: Session["client"], hash: Hash): Promise<TransactionReceipt> {
  try {
    return await waitForTransactionReceipt(client, { hash });
  } catch (cause) {
    throw new CommandError("The transaction was sent, and it is not known what became of it.", {
      cause,
      facts: { Transaction: hash },
      next: "Look it up before you repeat the command.",
    });
  }
}

/** What the token says was moved. */
function movementsIn({ logs }: TransactionReceipt): Movement[] {
  return parseEventLogs({ abi: erc20Abi, eventName: "Transfer", logs, strict: true }).map(({ args }) => ({
    from: args.from,
    to: args.to,
    amount: args.value,
  }));
}

function creditsIn({ logs }: TransactionReceipt): { owner: Address; amount: bigint }[] {
  return parseEventLogs({ abi: subscriptionPlanAbi, eventName: "Credited", logs, strict: true }).map(({ args }) => ({
    owner: args.owner,
    amount: args.amount,
  }));
}

/** The transactions for a reader. */
export function outcomeText(outcome: Outcome, session: Session): string[] {
  return outcome.reports.flatMap((report, i) => {
    const heading = outcome.isDryRun ? `Transaction ${i + 1} would ${report.step.purpose}.` : sentenceOf(report);
    return [heading, ...detailsOf(report, outcome, session).map((line) => `  ${line}`)];
  });
}

function sentenceOf({ hash, step }: StepReport): string {
  return `Done: ${step.purpose}. Transaction ${hash}`;
}

function detailsOf(report: StepReport, { isDryRun, token }: Outcome, { client }: Session): string[] {
  const { cost, credited, gas, movements, result, step } = report;
  const { nativeCurrency } = client.chain;
  const amountText = (amount: bigint) => (token ? money(amount, token) : String(amount));
  const { address, functionName } = step.call;
  return [
    ...(isDryRun ? [`calls ${functionName} of ${address}`] : []),
    ...(isDryRun && result !== undefined ? [`returns ${resultText(result)}`] : []),
    ...movements.map(({ amount, from, to }) => `moves ${amountText(amount)} from ${from} to ${to}`),
    ...(movements.length === 0 ? ["moves no money"] : []),
    ...credited.map(
      ({ amount, owner }) => `could not pay ${amountText(amount)} to ${owner}: it waits there as a credit`,
    ),
    gas === undefined || cost === undefined
      ? "cannot be tried before the transaction in front of it is done"
      : `gas ${isDryRun ? "up to " : ""}${gas}, ${isDryRun ? "up to about " : ""}${formatEther(cost)} ${nativeCurrency.symbol}`,
  ];
}

function resultText(result: unknown): string {
  return Array.isArray(result) ? result.map(String).join(", ") : String(result);
}

/** The transactions for JSON. */
export function outcomeJson({ isDryRun, reports }: Outcome): Report["json"] {
  return {
    dryRun: isDryRun,
    transactions: reports.map(({ cost, credited, gas, hash, movements, result, step }) => ({
      purpose: step.purpose,
      to: step.call.address,
      function: step.call.functionName,
      ...(hash === undefined ? { tried: gas !== undefined } : { hash }),
      ...(result === undefined ? {} : { result: typeof result === "bigint" ? String(result) : result }),
      ...(gas === undefined || cost === undefined ? {} : gasJson(gas, cost, isDryRun)),
      movements: movements.map(({ amount, from, to }) => ({ from, to, amount: String(amount) })),
      ...(credited.length === 0
        ? {}
        : { credited: credited.map(({ amount, owner }) => ({ owner, amount: String(amount) })) }),
    })),
  };
}

/** Before it is sent, the limit is known: most of it is for tokens that need more than real ones do. */
function gasJson(gas: bigint, cost: bigint, isDryRun: boolean): Report["json"] {
  return isDryRun ? { gasLimit: String(gas), maxCost: String(cost) } : { gasUsed: String(gas), cost: String(cost) };
}

/** Movements of more than nothing, to somebody. */
export function movementsOf(...movements: readonly Movement[]): Movement[] {
  return movements.filter(({ amount, from, to }) => amount !== 0n && !isAddressEqual(from, to));
}
