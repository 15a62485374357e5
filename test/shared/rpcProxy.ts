import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** What the proxy does with a request: answer as the node does, break the connection, or never answer. */
type Behaviour = "forward" | "refuse" | "hang";

/** Stands between a facilitator and its node, and can be told to die. */
export type RpcProxy = {
  url: string;
  /** How all requests are treated from now on. */
  behave(behaviour: Behaviour): void;
  /** Lets the next transaction reach the node, and dies before the answer. */
  dieAfterBroadcast(): void;
  /** How many transactions were sent through. */
  broadcasts(): number;
  stop(): Promise<void>;
};

/** @param rewrite Changes what is asked. */
export async function startRpcProxy(
  target: string,
  rewrite: (body: string) => string = (body) => body,
): Promise<RpcProxy> {
  let behaviour: Behaviour = "forward";
  let isArmed = false;
  let count = 0;

  const server = createServer(async (request, response) => {
    const body = rewrite(await text(request));
    if (behaviour === "hang") return;
    if (behaviour === "refuse") return void request.socket.destroy();
    const answer = await fetch(target, { method: "POST", headers: { "content-type": "application/json" }, body });
    if (body.includes("eth_sendRawTransaction")) {
      count += 1;
      if (isArmed) {
        behaviour = "refuse";
        isArmed = false;
        return void request.socket.destroy();
      }
    }
    response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    behave: (next) => {
      behaviour = next;
    },
    dieAfterBroadcast: () => {
      isArmed = true;
    },
    broadcasts: () => count,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
