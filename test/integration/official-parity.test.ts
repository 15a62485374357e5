import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { type FacilitatorClient, ExactEvmScheme as OurFacilitator } from "@recourse/sdk/exact/facilitator";
import { ExactEvmScheme as OurServer } from "@recourse/sdk/exact/server";
import { x402Facilitator } from "@x402/core/facilitator";
import { type FacilitatorClient as HttpFacilitator, x402ResourceServer } from "@x402/core/server";
import type {
  PaymentPayload,
  PaymentRequirements,
  SchemeNetworkFacilitator,
  SchemeNetworkServer,
  SettleResponse,
} from "@x402/core/types";
import { toFacilitatorEvmSigner } from "@x402/evm";
import { ExactEvmScheme as OfficialFacilitator } from "@x402/evm/exact/facilitator";
import { ExactEvmScheme as OfficialServer } from "@x402/evm/exact/server";
import { paymentMiddleware } from "@x402/express";
import express from "express";
import {
  type Address,
  createClient,
  type Hex,
  http,
  type LocalAccount,
  publicActions,
  serializeErc6492Signature,
  walletActions,
} from "viem";
import { baseSepolia } from "viem/chains";
import { developmentAccount, mintUsdc } from "../../scripts/lib/local-chain.js";
import { startWorld, type World } from "../../scripts/lib/world.js";
import { reasonOf, send, settlementOf, stockClient } from "../shared/buyer.js";
import { NETWORK, PRICE } from "../shared/shop.js";
import { deployWalletContract, type FactoryWallet, factoryWallet } from "../shared/wallets.js";

const buyer = developmentAccount(5);
const seller = developmentAccount(1);
const stranger = developmentAccount(9);

/** The same cases, against the official classes and against ours: a route that does not speak of a vault. */
describe("routes without our terms behave as with the official classes", () => {
  let world: World;
  let factory: Address;
  const transcripts = new Map<string, unknown>();

  before(async () => {
    world = await startWorld();
    factory = await deployWalletContract(world.client, "SmartWalletFactory");
    await mintUsdc(world.client, buyer.address, 100n * PRICE);
  });
  after(() => world.stop());

  for (const who of ["official", "ours"] as const) {
    it(`plays all cases with the ${who} classes`, async () => {
      const client: FacilitatorClient = createClient({
        account: developmentAccount(who === "ours" ? 17 : 18),
        chain: baseSepolia,
        transport: http(world.rpcUrl),
        pollingInterval: 50,
      });
      const actions = { ...client.extend(publicActions).extend(walletActions), address: client.account.address };
      const config = { eip6492AllowedFactories: [factory] };
      const facilitatorScheme: SchemeNetworkFacilitator =
        who === "ours"
          ? new OurFacilitator(client, { ...config, caller: () => "shop" })
          : new OfficialFacilitator(toFacilitatorEvmSigner(actions as never), config);
      const serverScheme: SchemeNetworkServer = who === "ours" ? new OurServer() : new OfficialServer();
      const salt = `0x${(who === "ours" ? "1" : "2").repeat(64)}` as const;
      const wallet = await factoryWallet(world.client, factory, stranger, salt);
      await mintUsdc(world.client, wallet.account.address, 10n * PRICE);
      transcripts.set(who, await playAllCases(facilitatorScheme, serverScheme, wallet));
    });
  }

  it("with the same answers", () => {
    assert.notEqual(transcripts.get("official"), undefined);
    assert.deepEqual(transcripts.get("ours"), transcripts.get("official"));
  });
});

async function playAllCases(
  facilitatorScheme: SchemeNetworkFacilitator,
  serverScheme: SchemeNetworkServer,
  wallet: FactoryWallet,
) {
  const facilitator = new x402Facilitator().register(NETWORK, facilitatorScheme);
  const inProcess: HttpFacilitator = {
    verify: (payload, requirements) => facilitator.verify(payload, requirements),
    settle: (payload, requirements) => facilitator.settle(payload, requirements),
    getSupported: async () => facilitator.getSupported() as Awaited<ReturnType<HttpFacilitator["getSupported"]>>,
  };
  const server = new x402ResourceServer(inProcess).register(NETWORK, serverScheme);
  const sale = { scheme: "exact", network: NETWORK, price: "$0.50", payTo: seller.address } as const;
  const app = express();
  app.use(
    paymentMiddleware(
      {
        "GET /after": { accepts: sale },
        "GET /before": { accepts: { ...sale, extra: { paymentFlow: "upfront" } } },
        "GET /after-fails": { accepts: sale },
        "GET /before-fails": { accepts: { ...sale, extra: { paymentFlow: "upfront" } } },
        "GET /priced-by-asset": {
          accepts: { ...sale, price: { amount: "7", asset: seller.address, extra: { name: "X", version: "1" } } },
        },
      },
      server,
    ),
  );
  app.get(["/after-fails", "/before-fails"], (_request, response) => response.status(503).json({}));
  app.get("/:path", (request, response) => response.json({ path: request.params.path }));
  const listening = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => listening.once("listening", resolve));
  const base = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;

  try {
    const results: Record<string, unknown> = {
      parsedPrice: await serverScheme.parsePrice("$1.25", NETWORK),
      decimals: serverScheme.getAssetDecimals?.("USDC", NETWORK),
      flows: withoutEscrow(serverScheme.paymentFlows),
      method: serverScheme.defaultAssetTransferMethod,
      kind: { ...facilitator.getSupported().kinds[0], extra: undefined },
    };
    for (const path of ["after", "before", "after-fails", "before-fails", "priced-by-asset"]) {
      const offer = await fetch(`${base}/${path}`);
      const header = JSON.parse(Buffer.from(offer.headers.get("PAYMENT-REQUIRED") ?? "", "base64").toString());
      results[`offer ${path}`] = { status: offer.status, accepts: header.accepts, error: header.error };
    }
    for (const path of ["after", "before", "after-fails", "before-fails"]) {
      const payload = await payloadFor(`${base}/${path}`);
      results[`paid ${path}`] = await told(await send(`${base}/${path}`, payload));
      results[`replayed ${path}`] = await told(await send(`${base}/${path}`, payload));
    }

    for (const [name, payload] of await walletPayloads(`${base}/after`, wallet)) {
      const { settlement, ...answer } = await told(await send(`${base}/after`, payload));
      results[name] = { ...answer, settlement: { ...settlement, payer: settlement?.payer === wallet.account.address } };
    }

    const payload = await payloadFor(`${base}/after`);
    const [forged, changes] = [structuredClone(payload), variants(payload.accepted)];
    (forged.payload as { signature: string }).signature = `0x${"11".repeat(65)}`;
    results.forged = await told(await send(`${base}/after`, forged));
    results["with a type"] = await verdict(
      facilitator,
      { ...payload, payload: { ...payload.payload, type: "pay" } },
      payload.accepted,
    );
    for (const [name, requirements] of changes) results[name] = await verdict(facilitator, payload, requirements);
    return results;
  } finally {
    listening.closeAllConnections();
    listening.close();
  }
}

/** What an account that does not exist yet may send: the first that is right deploys it. */
async function walletPayloads(url: string, { account, inner }: FactoryWallet): Promise<[string, PaymentPayload][]> {
  const [wrapped, later, plain] = [
    await payloadFor(url, account),
    await payloadFor(url, account),
    await payloadFor(url, inner),
  ];
  const elsewhere = await payloadFor(url, inner);
  const signature = elsewhere.payload.signature as Hex;
  elsewhere.payload.signature = serializeErc6492Signature({ address: stranger.address, data: "0x", signature });
  return [
    ["a wallet that does not exist", plain],
    ["a wallet of an unknown factory", elsewhere],
    ["a wallet that is deployed", wrapped],
    ["a wallet that is deployed, again", wrapped],
    ["a wallet that exists, wrapped", later],
    ["a wallet that exists", await payloadFor(url, inner)],
  ];
}

async function payloadFor(url: string, payer: LocalAccount = buyer): Promise<PaymentPayload> {
  const header = (await fetch(url)).headers.get("PAYMENT-REQUIRED") ?? "";
  return stockClient(payer).createPaymentPayload(JSON.parse(Buffer.from(header, "base64").toString()));
}

function variants(accepted: PaymentRequirements): [string, PaymentRequirements][] {
  return [
    ["other payTo", { ...accepted, payTo: buyer.address }],
    ["other amount", { ...accepted, amount: "1" }],
    ["no domain", { ...accepted, extra: {} }],
    ["other domain", { ...accepted, extra: { ...accepted.extra, name: "Other" } }],
  ];
}

/** What a client is told, without transactions, and without the official messages, which can hold the node's address. */
async function told(response: Response) {
  const hasSettlement = response.headers.has("PAYMENT-RESPONSE");
  const {
    errorMessage: _,
    transaction,
    ...settlement
  } = hasSettlement ? settlementOf(response) : ({} as Partial<SettleResponse>);
  return {
    status: response.status,
    body: await response.json(),
    reason: reasonOf(response),
    settlement: hasSettlement ? settlement : undefined,
    isOnChain: Boolean(transaction),
  };
}

async function verdict(facilitator: x402Facilitator, payload: PaymentPayload, requirements: PaymentRequirements) {
  const verified = await facilitator.verify(payload, requirements);
  return { isValid: verified.isValid, reason: verified.invalidReason, payer: verified.payer };
}

/** The flow that only escrow vaults have, and that is refused for routes without one. */
function withoutEscrow(flows: SchemeNetworkServer["paymentFlows"]) {
  return Object.fromEntries(
    Object.entries(flows).map(([method, { default: usual, supported }]) => [
      method,
      { default: usual, supported: supported.filter((flow) => flow !== "escrow") },
    ]),
  );
}
