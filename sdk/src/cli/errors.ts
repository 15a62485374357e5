import { BaseError, HttpRequestError, TimeoutError } from "viem";
import { contractErrorFrom } from "../contractErrorFrom.js";
import { RecourseError } from "../RecourseError.js";
import { date, duration, printable } from "./format.js";

/** What was typed is wrong or not enough. The command ends with code 2, and has done nothing. */
export class UsageError extends RecourseError {
  override name = "UsageError";
}

/** Something that the command needs was not given, and nobody can be asked for it. */
export class OptionsMissingError extends UsageError {
  override name = "OptionsMissingError";
  readonly missing: readonly string[];

  constructor(missing: readonly string[]) {
    super("More is needed than was given.", { next: "Give what is missing, or look at `--help`." });
    this.missing = missing;
  }
}

/** The command cannot do what was asked. It ends with code 1. */
export class CommandError extends RecourseError {
  override name = "CommandError";
}

/** Somebody pressed Ctrl-C or said no. */
export class AbortedError extends RecourseError {
  override name = "AbortedError";

  constructor() {
    super("Nothing was sent.");
  }
}

/** An error as it is shown: the same in words and as JSON. */
export type ShownError = {
  name: string;
  message: string;
  facts: Record<string, string>;
  missing?: readonly string[];
  option?: string;
  next?: string;
  docs?: string;
};

/**
 * What is shown of an error, whoever threw it.
 *
 * @param secrets Texts that must not be shown, for example the URL of a node, which may have a key in it.
 */
export function shownError(error: unknown, secrets: readonly string[] = []): ShownError {
  const shown = describe(error instanceof RecourseError ? error : (contractErrorFrom(error) ?? error));
  // The longest first: where one begins as another does, what is left of it would be shown.
  const longestFirst = secrets.toSorted((one, other) => other.length - one.length);
  const conceal = (text: string) => longestFirst.reduce((all, each) => all.replaceAll(each, concealed(each)), text);
  return {
    ...shown,
    message: conceal(shown.message),
    facts: Object.fromEntries(Object.entries(shown.facts).map(([label, fact]) => [label, conceal(fact)])),
  };
}

/** Of a URL, where it leads: a reader needs that to see what is wrong, and a key is in what comes behind it. */
function concealed(secret: string): string {
  if (!URL.canParse(secret)) return "<concealed>";
  const { hash, host, password, pathname, protocol, search, username } = new URL(secret);
  const isBare = pathname.length <= 1 && [hash, password, search, username].every((part) => part === "");
  return isBare ? secret : `${protocol}//${host}/<concealed>`;
}

function describe(error: unknown): ShownError {
  if (error instanceof RecourseError) {
    const { docsPath: docs, facts, name, next, shortMessage: message } = error;
    const option = optionOf(error);
    return {
      name,
      message,
      facts: Object.fromEntries(Object.entries(facts).map(([label, fact]) => [label, factText(error, label, fact)])),
      ...(error instanceof OptionsMissingError && { missing: error.missing }),
      ...(option && { option }),
      ...(next && { next }),
      ...(docs && { docs }),
    };
  }
  if (error instanceof BaseError) {
    if (error.walk((cause) => cause instanceof HttpRequestError || cause instanceof TimeoutError))
      return describe(UNREACHABLE);
    const { details, shortMessage: message } = error;
    // viem's `message` has the request in it, and the URL that it went to.
    return { name: error.name, message, facts: details && !message.includes(details) ? { Details: details } : {} };
  }
  const { message, name } = error instanceof Error ? error : { message: String(error), name: "Error" };
  return { name, message, facts: {} };
}

const UNREACHABLE = new CommandError("The node did not answer as a node does.", {
  next: "Check the URL that `--rpc` or RECOURSE_RPC_URL names, and try again.",
});

/** Which option the contract's complaint about the terms is about. */
const OPTIONS: Record<string, string> = {
  TermsFeeReceiverWrong: "--fee-receiver",
  TermsFeeTooHigh: "--fee",
  TermsGraceOutOfBounds: "--grace",
  TermsNonRefundableWrong: "--non-refundable",
  TermsPeriodOutOfBounds: "--every",
  TermsRefundWindowTooLong: "--refund-window",
  TermsTrialTooLong: "--trial",
  TermsWithoutOperator: "--operator",
  TermsWithoutPrice: "--price",
  TermsWithoutReceiver: "--receiver",
  TermsWithoutToken: "--token",
};

function optionOf(error: RecourseError): string | undefined {
  return "contractError" in error ? OPTIONS[String(error.contractError)] : undefined;
}

/** The contract counts in seconds; a merchant does not. */
const IN_SECONDS = /^Terms(GraceOutOfBounds|RefundWindowTooLong|TrialTooLong)Error$/;
const TIME = / (at|until)$/;

function factText(error: RecourseError, label: string, fact: unknown): string {
  const text = Array.isArray(fact) ? fact.join(", ") : String(fact);
  if (IN_SECONDS.test(error.name)) return `${text} (${duration(Number(fact))})`;
  return TIME.test(label) && Number(fact) > 0 ? `${text} (${date(Number(fact))})` : text;
}

/** The error for a reader. */
export function errorText({ docs, facts, message, missing = [], name, next, option }: ShownError): string {
  const columns = Object.entries({ ...facts, ...(option && { Option: option }) });
  const width = Math.max(0, ...columns.map(([label]) => label.length)) + 1;
  const [first = "", ...others] = message.split("\n");
  const lines = [
    `${name}: ${first}`,
    ...others,
    ...missing.map((item) => `  missing: ${item}`),
    ...columns.map(([label, fact]) => `  ${`${label}:`.padEnd(width)} ${fact}`),
    ...(next ? [`Next: ${next}`] : []),
    ...(docs ? [`Docs: ${docs}`] : []),
  ];
  return lines.map(printable).join("\n");
}
