import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { addresses } from "@recourse/sdk/addresses";
import { pino } from "pino";
import { createApp } from "../../apps/facilitator/src/app.js";
import { ConfigError, readConfig } from "../../apps/facilitator/src/config.js";
import { developmentAccount, mintUsdc } from "../../scripts/lib/local-chain.js";
import {
  type FacilitatorProcess,
  MERCHANT_KEY,
  startFacilitator,
  startWorld,
  type World,
} from "../../scripts/lib/world.js";
import { ask, payingFetch, signedPayload } from "../shared/buyer.js";
import { PRICE, startTestShop, type TestShop } from "../shared/shop.js";

const buyer = developmentAccount(5);
const SETTINGS = {
  EVM_NETWORK: "eip155:84532",
  EVM_RPC_URL: "http://127.0.0.1:1",
  EVM_PRIVATE_KEY: `0x${"11".repeat(32)}`,
};

describe("the facilitator's configuration", () => {
  it("names every setting that is wrong, and repeats no value", () => {
    const wrong = {
      EVM_NETWORK: "base",
      EVM_RPC_URL: "nowhere",
      EVM_PRIVATE_KEY: "0xsecret",
      MERCHANTS: "shop:short",
      PORT: "70000",
    };
    assert.throws(
      () => readConfig(wrong),
      (error) =>
        error instanceof ConfigError &&
        ["EVM_NETWORK", "EVM_RPC_URL", "EVM_PRIVATE_KEY", "MERCHANTS", "PORT"].every((name) =>
          error.message.includes(name),
        ) &&
        !/secret|short|nowhere/.test(error.message),
    );
  });

  it("does not tell a private key that is out of range", () => {
    const EVM_PRIVATE_KEY = `0x${"ff".repeat(32)}`;
    assert.throws(
      () => readConfig({ ...SETTINGS, EVM_PRIVATE_KEY }),
      (error) =>
        error instanceof ConfigError &&
        error.message.includes("EVM_PRIVATE_KEY") &&
        !/ffff|1157920/.test(error.message),
    );
  });

  it("ends the process with that message and code 1", () => {
    const { status, stderr } = spawnSync(process.execPath, ["--import", "tsx", "apps/facilitator/src/main.ts"], {
      encoding: "utf8",
      env: {},
    });
    assert.equal(status, 1);
    assert.match(stderr, /^The configuration is wrong:\n {2}EVM_NETWORK: /);
  });

  it("reads merchants by their keys", () => {
    const { MERCHANTS } = readConfig({ ...SETTINGS, MERCHANTS: "a:0123456789abcdef,b:fedcba9876543210" });
    assert.deepEqual(
      [...MERCHANTS],
      [
        ["0123456789abcdef", "a"],
        ["fedcba9876543210", "b"],
      ],
    );
  });
});

describe("the facilitator over HTTP", () => {
  let world: World;
  let facilitator: FacilitatorProcess;
  let shop: TestShop;

  before(async () => {
    world = await startWorld();
    facilitator = await startFacilitator(world.rpcUrl);
    shop = await startTestShop({ facilitatorUrl: facilitator.url });
    await mintUsdc(world.client, buyer.address, 10n * PRICE);
  });
  after(async () => {
    await shop.stop();
    await facilitator.stop();
    await world.stop();
  });

  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    fetch(`${facilitator.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
    });

  it("says which vaults it serves", async () => {
    const { kinds } = await (await fetch(`${facilitator.url}/supported`)).json();
    const plans = { "subscription-plan": [addresses["subscription-plan"].factory] };
    assert.deepEqual(kinds, [
      {
        x402Version: 2,
        scheme: "exact",
        network: "eip155:84532",
        extra: {
          recourse: {
            factories: {
              "refund-window": [addresses["refund-window"].factory],
              escrow: [addresses.escrow.factory],
              ...plans,
            },
          },
        },
      },
      {
        x402Version: 2,
        scheme: "subscription",
        network: "eip155:84532",
        extra: { recourse: { factories: plans } },
      },
    ]);
  });

  it("is healthy while the node answers", async () => {
    const health = await fetch(`${facilitator.url}/health`);
    assert.equal(health.status, 200);
    assert.equal((await health.json()).status, "ok");
  });

  for (const path of ["/verify", "/settle", "/relay"]) {
    const bodies: [string, string, number][] = [
      ["no JSON", "{", 400],
      ["an empty body", "", 400],
      ["a string", '"x"', 400],
      ["null", "null", 400],
      ["an array", "[]", 400],
      ["an empty object", "{}", 400],
      ["deep nesting", `${"[".repeat(20_000)}${"]".repeat(20_000)}`, 400],
      ["prototype keys", '{"__proto__":{"action":"refund"},"constructor":{}}', 400],
      ["exactly 128 KiB of nothing", JSON.stringify("x".repeat(128 * 1024 - 2)), 400],
      ["one byte more than 128 KiB", JSON.stringify("x".repeat(128 * 1024 - 1)), 413],
      ["ten megabytes", JSON.stringify("x".repeat(10_000_000)), 413],
    ];
    for (const [name, body, status] of bodies) {
      it(`answers ${status} to ${name} at ${path}`, async () => {
        const response = await post(path, body);
        const text = await response.text();
        assert.equal(response.status, status);
        assert.doesNotThrow(() => JSON.parse(text), "a typed answer is JSON");
        assert.doesNotMatch(text, /node_modules|Error:|at .*\(|127\.0\.0\.1|0x11/, "and tells nothing of the machine");
      });
    }
  }

  for (const [name, ends, status] of [
    ["is longer than 128 KiB", true, 413],
    ["never ends", false, 408],
  ] as const) {
    it(`answers ${status} to a body that does not tell its length and ${name}`, async () => {
      const { port } = new URL(facilitator.url);
      const answer = await new Promise((resolve, reject) => {
        const headers = { "content-type": "application/json" };
        const upload = request({ port, host: "127.0.0.1", path: "/settle", method: "POST", headers });
        upload.once("response", (response) => {
          resolve(response.statusCode);
          upload.destroy();
        });
        upload.once("error", reject);
        upload.write("x".repeat(140_000));
        if (ends) upload.end();
      });
      assert.equal(answer, status);
    });
  }

  it("tells a server with a wrong key when it starts", async () => {
    const response = await fetch(`${facilitator.url}/supported`, { headers: { authorization: "Bearer wrong" } });
    assert.equal(response.status, 401);
  });

  it("gives a typed reason to a plain payment that is none", async () => {
    const payload = await signedPayload(buyer, shop.url);
    const requirements = { ...payload.accepted, extra: { name: "USDC", version: "2" } };
    const nonsense = { ...payload, accepted: requirements, payload: { foo: 1 } };
    const verified = await ask(facilitator.url, "verify", nonsense, requirements);
    const settled = await ask(facilitator.url, "settle", nonsense, requirements);
    assert.equal(verified.invalidReason, "invalid_exact_evm_recourse_payload_unsupported");
    assert.equal(settled.errorReason, "invalid_exact_evm_recourse_payload_unsupported");
  });

  it("refuses to pay into a factory that is not on the chain, and spends nothing", async () => {
    const { factory } = addresses["refund-window"];
    const fresh = await startTestShop({ facilitatorUrl: facilitator.url, sale: { salt: `0x${"5".repeat(64)}` } });
    const payload = await signedPayload(buyer, fresh.url).finally(fresh.stop);
    const code = await world.client.getCode({ address: factory });
    assert.ok(code);
    await world.client.setCode({ address: factory, bytecode: "0x" });
    try {
      const settlement = { ...payload, payload: { ...payload.payload, type: "pay", idempotencyKey: "key" } };
      const answer = await ask(facilitator.url, "settle", settlement, payload.accepted, MERCHANT_KEY);
      assert.equal(answer.errorReason, "invalid_exact_evm_recourse_factory_not_deployed");
    } finally {
      await world.client.setCode({ address: factory, bytecode: code });
    }
  });

  it("answers 404 elsewhere, 401 to a wrong key, and 415 or 400 to other media", async () => {
    assert.equal((await fetch(`${facilitator.url}/admin`)).status, 404);
    assert.equal((await post("/verify", "{}", { authorization: "Bearer wrong" })).status, 401);
    assert.equal((await post("/verify", "{}", { "content-type": "text/xml" })).status, 400);
    assert.equal((await post("/verify", "{}", { "content-encoding": "nonsense" })).status, 415);
  });

  it("survives a thousand mutilated payments without a crash or a 5xx", async () => {
    const payload = await signedPayload(buyer, shop.url);
    const text = JSON.stringify({ x402Version: 2, paymentPayload: payload, paymentRequirements: payload.accepted });
    const random = seeded(7);
    const statuses = new Set<number>();
    for (let round = 0; round < 50; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => post(random() < 0.5 ? "/verify" : "/settle", mutilated(text, random))),
      );
      for (const { status } of answers) statuses.add(status);
    }
    assert.deepEqual(
      [...statuses].filter((status) => status >= 500),
      [],
    );
    assert.equal((await fetch(`${facilitator.url}/health`)).status, 200);
  });

  it("deploys vaults only for merchants, and only for payments that are worth it", async () => {
    const payload = await signedPayload(buyer, shop.url);
    const settlement = { ...payload, payload: { ...payload.payload, type: "pay", idempotencyKey: "key" } };
    const poor = await startFacilitator(world.rpcUrl, { MIN_DEPLOYMENT_VALUE: String(PRICE + 1n) });
    try {
      const nobody = await ask(facilitator.url, "settle", settlement, payload.accepted);
      const merchant = await ask(poor.url, "settle", settlement, payload.accepted, MERCHANT_KEY);
      assert.equal(nobody.errorReason, "invalid_exact_evm_recourse_not_sponsored");
      assert.equal(merchant.errorReason, "invalid_exact_evm_recourse_not_sponsored");
    } finally {
      await poor.stop();
    }
  });

  it("stops paying for a merchant whose budget is used up", async () => {
    assert.equal((await payingFetch(buyer)(shop.url)).status, 200);
    const thrifty = await startFacilitator(world.rpcUrl, { TRANSACTIONS_PER_HOUR: "1" });
    const thriftyShop = await startTestShop({ facilitatorUrl: thrifty.url });
    try {
      const first = await payingFetch(buyer)(thriftyShop.url);
      const second = await payingFetch(buyer)(thriftyShop.url);
      assert.deepEqual([first.status, second.status], [200, 402]);
    } finally {
      await thriftyShop.stop();
      await thrifty.stop();
    }
  });

  it("refuses a transaction that would use more gas than is sponsored", async () => {
    const frugal = await startFacilitator(world.rpcUrl, { MAX_GAS: "150000" });
    try {
      const payload = await signedPayload(buyer, shop.url);
      const settlement = { ...payload, payload: { ...payload.payload, type: "pay", idempotencyKey: "key" } };
      const answer = await ask(frugal.url, "settle", settlement, payload.accepted, MERCHANT_KEY);
      assert.equal(answer.errorReason, "invalid_exact_evm_recourse_gas_too_high");
    } finally {
      await frugal.stop();
    }
  });

  it("logs one line a request, and no key, header or body in any of them", async () => {
    const lines: string[] = [];
    const logger = pino({}, { write: (line: string) => void lines.push(line) });
    const config = readConfig({ ...SETTINGS, EVM_RPC_URL: world.rpcUrl, MERCHANTS: `shop:${MERCHANT_KEY}` });
    const server = (await createApp(config, logger)).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const payload = await signedPayload(buyer, shop.url);
      await ask(`http://127.0.0.1:${port}`, "verify", payload, payload.accepted, MERCHANT_KEY);
    } finally {
      server.closeAllConnections();
      server.close();
    }
    assert.equal(lines.length, 1);
    assert.equal(JSON.parse(lines[0] ?? "").path, "/verify");
    assert.doesNotMatch(
      lines.join(""),
      new RegExp([MERCHANT_KEY, "11".repeat(32), world.rpcUrl, "signature"].join("|")),
    );
  });
});

/** A small generator of pseudo-random numbers, so that a failure can be repeated. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** Replaces, removes or doubles a piece of a text. */
function mutilated(text: string, random: () => number): string {
  const start = Math.floor(random() * text.length);
  const end = Math.min(text.length, start + Math.floor(random() * 12));
  const pieces = ["", "null", "0", '"x"', "-1", "{}", text.slice(start, end).repeat(2), "\u0000", "9".repeat(80)];
  return text.slice(0, start) + pieces[Math.floor(random() * pieces.length)] + text.slice(end);
}
