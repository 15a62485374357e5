import type { Readable, Writable } from "node:stream";
import type { Address } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { connect, type Environment, type Reader, readAccount, rpcUrlOf } from "./connection.js";
import { AbortedError, OptionsMissingError } from "./errors.js";
import { askForText, askToConfirm } from "./prompts.js";

/** Where a command reads and writes. Results go to `output`; questions, progress and warnings to `messages`. */
export type Io = {
  env: Environment;
  input: Readable;
  output: Writable;
  messages: Writable;
  /** Whether somebody is there to be asked. */
  isInteractive: boolean;
  /** Progress on lines that replace each other; else only now and then. */
  isTerminal: boolean;
};

/** The options of all commands. */
export type CommonOptions = { rpc?: string; keyFile?: string; json?: true; yes?: true; dryRun?: true };

/** A command's connections: a chain, perhaps a key, and whoever is in front of the terminal. */
export type Session = {
  client: Reader;
  /** Whose key it is; undefined when there is none. */
  account: PrivateKeyAccount | undefined;
  io: Io;
  options: CommonOptions;
};

/** What a command found or did: for a reader, and as one JSON document. */
export type Report = { text: readonly string[]; json: Record<string, unknown> };

/**
 * Connects as the options and the environment say.
 *
 * @param missing What else is missing, so that everything is named at once.
 * @throws {OptionsMissingError} naming all that is missing.
 */
export async function openSession(
  io: Io,
  options: CommonOptions,
  { missing, needsKey }: { missing: readonly (string | false)[]; needsKey: boolean },
): Promise<Session> {
  const url = rpcUrlOf(options.rpc, io.env) ?? (await askForUrl(io));
  const account = await readAccount(options.keyFile, io.env, (text) => warn(io, text));
  const lacking = [
    url === undefined && "--rpc <url>, or RECOURSE_RPC_URL",
    needsKey && account === undefined && "--key-file <path>, or RECOURSE_PRIVATE_KEY",
    ...missing,
  ].filter((item) => item !== false);
  if (url === undefined || lacking.length > 0) {
    throw new OptionsMissingError(lacking);
  }
  return { client: await connect(url), account, io, options };
}

async function askForUrl(io: Io): Promise<string | undefined> {
  if (!io.isInteractive) return undefined;
  return askForText(io, { message: "URL of a node of your chain", parse: (text) => rpcUrlOf(text, {}) });
}

/** What a command that sends transactions is missing when nobody can be asked. */
export function missingConsent(io: Io, { dryRun, yes }: CommonOptions): string | false {
  return !io.isInteractive && !yes && !dryRun && "--yes, since nobody can be asked here (or --dry-run)";
}

/** Who sends, or would send. */
export function senderOf({ account }: Session, otherwise: Address): Address {
  return account?.address ?? otherwise;
}

/**
 * Lets whoever is there agree.
 *
 * @throws {AbortedError} when they do not.
 */
export async function confirm({ io, options }: Session, question: string): Promise<void> {
  if (!options.yes && !(await askToConfirm(io, question))) throw new AbortedError();
}

/** Says something that is not the result. */
export function say({ messages }: Io, text: string): void {
  messages.write(`${text}\n`);
}

export function warn(io: Io, text: string): void {
  say(io, `Warning: ${text}`);
}

/** On a screen each replaces the one before; in a log so many seconds lie between them. */
const PATIENCE_MS = 2_000;

/** Shows what is going on while `work` runs. */
export async function withProgress<Result>(
  { io, options }: Session,
  work: (onProgress: (text: string) => void) => Promise<Result>,
): Promise<Result> {
  if (options.json) return work(() => {});
  let last = Date.now();
  const show = (text: string) => {
    if (io.isTerminal) return io.messages.write(`\r\u001b[2K${text} …`);
    if (Date.now() - last < PATIENCE_MS) return;
    last = Date.now();
    say(io, `${text} …`);
  };
  try {
    return await work(show);
  } finally {
    if (io.isTerminal) io.messages.write("\r\u001b[2K");
  }
}
