import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";

/** Whoever sends slowly, or never ends, is answered 408: milliseconds. */
const PATIENCE = { headersTimeout: 5_000, requestTimeout: 10_000, connectionsCheckingInterval: 1_000 };

/** Serves a handler of the web platform's requests by Node's server, until `stop` is called. */
export async function serve(
  handle: (request: Request) => Promise<Response>,
  { host, port }: { host: string; port: number },
): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer(PATIENCE, (incoming, outgoing) => {
    answer(handle, incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(port, host);
  // An address that is taken is told as an error here.
  await once(server, "listening");
  const { address, family, port: chosen } = server.address() as AddressInfo;
  return { url: `http://${family === "IPv6" ? `[${address}]` : address}:${chosen}`, stop: () => stop(server) };
}

async function answer(
  handle: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const response = await handle(requestOf(incoming));
  const body = Buffer.from(await response.arrayBuffer());
  // What was not read of a body that is refused is not waited for.
  if (!incoming.complete) outgoing.setHeader("connection", "close");
  outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(body);
}

function requestOf(incoming: IncomingMessage): Request {
  const { headers, method = "GET", url = "/" } = incoming;
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(new URL(url.replace(/^[^/]*\/+/, "/"), "http://collector"), {
    headers: { "content-type": headers["content-type"] ?? "" },
    method,
    ...(hasBody && { body: Readable.toWeb(incoming) as ReadableStream, duplex: "half" }),
  } as RequestInit);
}

async function stop(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
