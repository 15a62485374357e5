import { once } from "node:events";
import { createCollector } from "../../../multisig/collector/index.js";
import { CommandError, shownError, UsageError } from "../../errors.js";
import { parseAddress } from "../../parse.js";
import { serve } from "../../serve.js";
import { type CommonOptions, type Io, openSession, say, warn } from "../../session.js";

export type ServeOptions = CommonOptions & { port?: string; host?: string; file?: string; account?: string[] };

const DEFAULT_PORT = "8402";
const MAX_PORT = 65_535;

/** Runs a collector until it is told to stop. */
export async function runCollector(io: Io, options: ServeOptions): Promise<void> {
  const port = parsePort(options.port ?? DEFAULT_PORT);
  const accounts = options.account?.map(parseAddress);
  const { client } = await openSession(io, options, { needsKey: false, missing: [] });
  const storage = options.file === undefined ? undefined : await openStorage(options.file);
  const handle = createCollector({
    client,
    onError: (error) => say(io, shownError(error, [client.transport.url ?? ""].filter(Boolean)).message),
    ...(storage && { storage }),
    ...(accounts && { accounts }),
  });
  const { stop, url } = await serve(handle, { host: options.host ?? "127.0.0.1", port }).catch((cause) => {
    if (cause?.code !== "EADDRINUSE") throw cause;
    throw new CommandError(`Port ${port} is taken.`, {
      cause,
      next: "Choose another by `--port`; 0 takes a free one.",
    });
  });
  if (!accounts)
    warn(io, "every account of the chain is served: strangers can fill it. `--account` names whom to serve.");
  const chain = client.chain.name;
  io.output.write(
    options.json
      ? `${JSON.stringify({ url, chainId: client.chain.id })}\n`
      : `Collecting approvals for accounts on ${chain} at ${url}\n`,
  );
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  await stop();
  storage?.close();
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= MAX_PORT) return port;
  throw new UsageError(`"${text}" is no port.`, { next: `It is a number up to ${MAX_PORT}; 0 takes a free one.` });
}

async function openStorage(file: string) {
  try {
    const { SqliteApprovalStorage } = await import("../../../multisig/collector/sqliteStorage.js");
    return new SqliteApprovalStorage(file);
  } catch (cause) {
    throw new UsageError(`${file} cannot be used as a database.`, {
      cause,
      next: "Check the path, and that this is Node 22.13 or later.",
    });
  }
}
