import type { Readable, Writable } from "node:stream";
import { confirm, isCancel, text } from "@clack/prompts";
import { AbortedError, UsageError } from "./errors.js";
import type { TokenFormat } from "./format.js";
import { type Parse, parseAmount, parseDuration, parsePeriod } from "./parse.js";

/** Whom to ask, and where the questions are shown. */
export type Terminal = { input: Readable; messages: Writable };

/** The options of a plan that are asked for, as somebody would type them. */
export type PlanAnswers = {
  price?: string;
  every?: string;
  trial?: string;
  setupFee?: string;
  refundWindow?: string;
};

/** Asks for what a plan cannot be without and was not given, and for what most merchants want to choose. */
export async function askForPlan(terminal: Terminal, given: PlanAnswers, token: TokenFormat): Promise<PlanAnswers> {
  const amount = (answer: string) => parseAmount(answer, token);
  const ask = async (name: keyof PlanAnswers, question: Question) =>
    given[name] ?? (await askForText(terminal, { ...question, parse: checked(question.parse) }));
  return {
    ...given,
    price: await ask("price", { message: `Price of a period, in ${token.symbol}`, placeholder: "9.99", parse: amount }),
    every: await ask("every", { message: "How often", placeholder: "1 month", initial: "1 month", parse: parsePeriod }),
    trial: await ask("trial", { message: "Free trial", placeholder: "14d", initial: "none", parse: parseDuration }),
    setupFee: await ask("setupFee", { message: "Setup fee", placeholder: "5", initial: "0", parse: amount }),
    refundWindow: await ask("refundWindow", {
      message: "How long a subscriber can undo a charge",
      placeholder: "7d",
      initial: "7d",
      parse: parseDuration,
    }),
  };
}

type Question = { message: string; placeholder?: string; initial?: string; parse: Parse<unknown> };

/** Keeps the text that was typed: everything is parsed in one place, whoever gave it. */
function checked(parse: Parse<unknown>): Parse<string> {
  return (answer) => {
    parse(answer);
    return answer;
  };
}

/**
 * Asks until the answer can be parsed.
 *
 * @throws {AbortedError} on Ctrl-C.
 */
export async function askForText<Value>(
  { input, messages: output }: Terminal,
  { initial, message, parse, placeholder }: Omit<Question, "parse"> & { parse: Parse<Value> },
): Promise<Value> {
  const answer = await text({
    input,
    output,
    message,
    ...(placeholder === undefined ? {} : { placeholder }),
    ...(initial === undefined ? {} : { initialValue: initial }),
    validate: (typed) => complaintAbout(() => parse(typed ?? "")),
  });
  if (isCancel(answer)) throw new AbortedError();
  return parse(answer);
}

function complaintAbout(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    if (error instanceof UsageError) return [error.shortMessage, error.next].filter(Boolean).join(" ");
    throw error;
  }
}

/** Whether somebody says yes; the answer that is offered first is no. */
export async function askToConfirm({ input, messages: output }: Terminal, message: string): Promise<boolean> {
  const answer = await confirm({ initialValue: false, input, message, output });
  return !isCancel(answer) && answer;
}
