import type { AddressInfo } from "node:net";
import { ExactEvmScheme } from "@recourse/sdk/exact/server";
import { SqlitePaymentStorage } from "@recourse/sdk/exact/server/sqlite-storage";
import { HTTPFacilitatorClient } from "@x402/core/server";
import { paymentMiddleware, x402ResourceServer } from "@x402/express";
import express, { type Response } from "express";
import { developmentAccount } from "../../scripts/lib/local-chain.js";

/* The program of `startMortalShop`. Its handler waits until `/finish` is asked for. */

const [facilitatorUrl = "", sale = "", database = ""] = process.argv.slice(2);
const headers = { Authorization: "Bearer demo-merchant-key-0001" };
const facilitator = new HTTPFacilitatorClient({
  url: facilitatorUrl,
  createAuthHeaders: async () => ({ verify: headers, settle: headers, supported: headers }),
});
const scheme = new ExactEvmScheme({ operator: developmentAccount(3), storage: new SqlitePaymentStorage(database) });
const server = new x402ResourceServer(facilitator).register("eip155:84532", scheme);

const waiting: Response[] = [];
const app = express();
app.use(paymentMiddleware({ "GET /thing": { accepts: JSON.parse(sale) } }, server));
app.get("/thing", (_request, response) => void waiting.push(response));
app.get("/finish", async (_request, response) => {
  while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  waiting.pop()?.json({ thing: 1 });
  response.end();
});
const http = app.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${(http.address() as AddressInfo).port}`));
