import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** Stands between a shop and its facilitator, and can lose an answer. */
export type LossyFacilitator = {
  url: string;
  /** Lets the next request through, and breaks the connection in place of its answer. */
  loseNext(): void;
  stop(): Promise<void>;
};

export async function lossyFacilitator(target: string): Promise<LossyFacilitator> {
  let isArmed = false;
  const server = createServer(async (request, response) => {
    const { authorization, "content-type": type } = request.headers;
    const body = await text(request);
    const answer = await fetch(`${target}${request.url}`, {
      method: request.method ?? "GET",
      headers: { ...(authorization && { authorization }), ...(type && { "content-type": type }) },
      ...(body && { body }),
    });
    const content = await answer.text();
    if (isArmed) {
      isArmed = false;
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, { "content-type": "application/json" }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseNext: () => {
      isArmed = true;
    },
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
