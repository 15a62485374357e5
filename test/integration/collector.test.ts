import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  ApprovalRejectedError,
  type ApprovalRequest,
  ApprovalsMissingError,
  approvalAt,
  type Collect,
  type CollectedApproval,
  CollectorRefusedError,
  CollectorUnreachableError,
  callOf,
  collectOverHttp,
  createMultisigSigner,
  encodeConfig,
  execute,
  type MultisigSignerOptions,
  pendingApprovals,
  reconfigureCall,
  rejectionTypedData,
  requestStandingApproval,
  resourcesOf,
  sendRejection,
  sendSignature,
  setReserveCall,
  signExecute,
} from "@recourse/sdk/multisig";
import {
  type ApprovalRecord,
  type ApprovalStorage,
  type CollectorOptions,
  createCollector,
  InMemoryApprovalStorage,
} from "@recourse/sdk/multisig/collector";
import { SqliteApprovalStorage } from "@recourse/sdk/multisig/collector/sqlite-storage";
import { refundWindowDomain, withdrawTypedData } from "@recourse/sdk/refund-window";
import { subscribeTypedData } from "@recourse/sdk/subscription";
import { ExactEvmScheme as StockExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import {
  type Address,
  createPublicClient,
  custom,
  type Hex,
  hashTypedData,
  http,
  type LocalAccount,
  padHex,
  toHex,
} from "viem";
import { baseSepolia } from "viem/chains";
import { developmentAccount, USDC } from "../../scripts/lib/local-chain.js";
import { startStockShop } from "../../scripts/lib/stock-shop.js";
import { startWorld, type World } from "../../scripts/lib/world.js";
import { startCollector } from "../shared/collector.js";
import { accountRules, agent, alice, bob, DOLLAR, deployAccount } from "../shared/multisig.js";
import { planCode } from "../shared/plan-code.js";
import { NETWORK, receiver } from "../shared/shop.js";

const HOUR = 3_600;
const inAnHour = () => Math.floor(Date.now() / 1_000) + HOUR;
const stranger = developmentAccount(33);
const POLLING = 50;

type Body = Record<string, unknown>;

const digestOf = ({ typedData }: Pick<ApprovalRequest, "typedData">) =>
  hashTypedData(typedData as Parameters<typeof hashTypedData>[0]);

/** A signer's answer, as a wallet gives it. */
async function signatureOf(key: LocalAccount, { typedData }: Pick<ApprovalRequest, "typedData">) {
  return {
    signer: key.address,
    signature: await key.signTypedData(typedData as Parameters<LocalAccount["signTypedData"]>[0]),
  };
}

/** A signer's refusal. */
async function rejectionOf(
  key: LocalAccount,
  request: Pick<ApprovalRequest, "account" | "chainId" | "id">,
  reason = "",
) {
  return { reason, ...(await signatureOf(key, { typedData: rejectionTypedData(request, reason) })) };
}

describe("a collector of approvals", { timeout: 240_000 }, () => {
  let world: World;
  let account: Address;

  before(async () => {
    world = await startWorld();
    account = await deployAccount(world.client, { balance: 1_000n * DOLLAR });
  });
  after(async () => world?.stop());

  const collectorOf = (options: Partial<CollectorOptions> = {}) =>
    createCollector({ client: world.client, ...options });
  const placeOf = (handle: (request: Request) => Promise<Response>) => ({
    url: "http://collector.test/some/where",
    fetch: (async (input, init) => handle(new Request(input, init))) as typeof fetch,
  });

  /** What an agent asks for when it collects, caught before it is posted. */
  async function requestOf(ask: (collect: Collect) => Promise<unknown>): Promise<ApprovalRequest> {
    const caught: ApprovalRequest[] = [];
    const collect: Collect = async (request) => {
      caught.push(request);
      return [];
    };
    await assert.rejects(ask(collect), ApprovalsMissingError);
    assert.ok(caught[0]);
    return caught[0];
  }

  const standing = (changes: Partial<Parameters<typeof requestStandingApproval>[0]> = {}) => ({
    account,
    client: world.client,
    count: 3,
    maxValue: 2n * DOLLAR,
    payee: receiver.address,
    signers: [agent],
    token: USDC,
    validUntil: inAnHour(),
    ...changes,
  });
  const askForStanding = (changes: Parameters<typeof standing>[0] = {}) =>
    requestOf((collect) => requestStandingApproval(standing({ collect, ...changes })));

  /** Everything that an account's signers sign, asked for as the SDK does. */
  const kinds: Record<string, () => Promise<ApprovalRequest>> = {
    StandingApproval: () => askForStanding(),
    Execute: () =>
      requestOf((collect) =>
        signExecute({
          account,
          calls: [callOf(setReserveCall({ address: account, amount: 7n, token: USDC }))],
          client: world.client,
          collect,
          deadline: BigInt(inAnHour()),
          signers: [agent],
        }),
      ),
    MessageApproval: () =>
      requestOf((collect) =>
        createMultisigSigner({ account, client: world.client, collect, signers: [agent] }).signTypedData(
          withdrawTypedData({
            domain: refundWindowDomain({ address: receiver.address, chainId: baseSepolia.id }),
            message: {
              deadline: BigInt(inAnHour()),
              expectedCredit: 5n,
              expectedWithdrawn: 0n,
              owner: account,
              to: receiver.address,
              token: USDC,
            },
          }) as never,
        ),
      ),
    PaymentApproval: () =>
      requestOf((collect) =>
        createMultisigSigner({ account, client: world.client, collect, signers: [agent] }).signTypedData({
          domain: { chainId: baseSepolia.id, name: "USDC", verifyingContract: USDC, version: "2" },
          message: {
            from: account,
            nonce: padHex("0x7", { size: 32 }),
            to: receiver.address,
            validAfter: 0n,
            validBefore: BigInt(inAnHour()),
            value: 10n * DOLLAR,
          },
          primaryType: "TransferWithAuthorization",
          types: {
            TransferWithAuthorization: [
              { name: "from", type: "address" },
              { name: "to", type: "address" },
              { name: "value", type: "uint256" },
              { name: "validAfter", type: "uint256" },
              { name: "validBefore", type: "uint256" },
              { name: "nonce", type: "bytes32" },
            ],
          },
        }),
      ),
  };

  /* ASKING */

  for (const [kind, ask] of Object.entries(kinds)) {
    it(`brings a ${kind} to those who sign, to the bit`, async () => {
      const place = placeOf(collectorOf());
      const request = await ask();
      const collecting = collectOverHttp({ ...place, pollingInterval: POLLING })(request, {});
      const [found] = await pending(place);

      assert.ok(found);
      assert.equal(found.typedData.primaryType, kind);
      assert.deepEqual(found.typedData, { ...request.typedData });
      assert.deepEqual([found.id, digestOf(found)], [request.id, request.id]);
      assert.deepEqual(
        [found.neededWeight, found.needsHuman, found.missing],
        [request.neededWeight, request.needsHuman, request.missing],
      );
      for (const key of [alice, bob]) await sendSignature(place, found.id, await signatureOf(key, found));
      const signers = (await collecting).map(({ signer }) => signer);
      assert.deepEqual(signers.slice(0, 2), [agent.address, alice.address]);
    });
  }

  /** What is pending, once there is something. */
  async function pending(
    place: ReturnType<typeof placeOf> | { url: string },
    of = account,
  ): Promise<CollectedApproval[]> {
    const patience = AbortSignal.timeout(10_000);
    for (;;) {
      const found = await pendingApprovals(place, of);
      if (found.length > 0) return found;
      assert.ok(!patience.aborted, "nothing was asked");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it("an agent that asks again goes on with what is there", async () => {
    const place = placeOf(collectorOf());
    const collect = collectOverHttp({ ...place, pollingInterval: POLLING });
    const request = await askForStanding();
    const ending = new AbortController();
    const first = collect(request, { signal: ending.signal });
    await pending(place);
    ending.abort();
    assert.deepEqual(await first, request.signatures, "what came until then");
    await sendSignature(place, request.id, await signatureOf(alice, request));

    const signatures = await collect(request, {});

    assert.deepEqual(
      signatures.map(({ signer }) => signer),
      [agent.address, alice.address],
    );
  });

  it("what was collected makes the account act", async () => {
    const place = placeOf(collectorOf());
    const own = await deployAccount(world.client);
    const calls = [callOf(setReserveCall({ address: own, amount: 7n, token: USDC }))];
    const signing = signExecute({
      account: own,
      calls,
      client: world.client,
      collect: collectOverHttp({ ...place, pollingInterval: POLLING }),
      deadline: BigInt(inAnHour()) + 86_400n,
      signers: [alice],
    });
    const [request] = await pending(place, own);
    assert.ok(request);
    await sendSignature(place, request.id, await signatureOf(bob, request));
    const hash = await execute(world.client, await signing);
    assert.equal((await world.client.waitForTransactionReceipt({ hash })).status, "success");
  });

  it("when the request expires the agent learns who is missing", async () => {
    const place = placeOf(collectorOf());
    const collect = collectOverHttp({ ...place, pollingInterval: POLLING });
    const expiresAt = Math.floor(Date.now() / 1_000) + 2;
    const started = Date.now();
    const refusal = requestStandingApproval(standing({ collect, expiresAt }));
    await assert.rejects(
      refusal,
      (error) => error instanceof ApprovalsMissingError && error.missing.length === 2 && error.givenWeight === 1,
    );
    assert.ok(Date.now() - started < 4_000);
    assert.deepEqual(await pendingApprovals(place, account), [], "and nobody is asked any more");
  });

  it("a collector that never answered is told from people who did not", async () => {
    const collect = collectOverHttp({ url: "http://127.0.0.1:9", pollingInterval: POLLING });
    const expiresAt = Math.floor(Date.now() / 1_000) + 1;
    await assert.rejects(requestStandingApproval(standing({ collect, expiresAt })), CollectorUnreachableError);
  });

  it("people who refuse end the waiting, once the others are not enough", async () => {
    const place = placeOf(collectorOf());
    const request = await askForStanding();
    const collecting = collectOverHttp({ ...place, pollingInterval: POLLING })(request, {});
    collecting.catch(() => {});
    await pending(place);
    const refuse = async (key: LocalAccount, reason: string) =>
      sendRejection(place, request.id, await rejectionOf(key, request, reason));
    await refuse(alice, "too dear");
    const still = await Promise.race([collecting, new Promise((resolve) => setTimeout(resolve, 4 * POLLING, "waits"))]);
    assert.equal(still, "waits", "bob alone is enough");
    const { rejections } = await refuse(bob, "no");
    assert.deepEqual(
      rejections.map(({ reason, signer }) => [signer, reason]),
      [
        [alice.address, "too dear"],
        [bob.address, "no"],
      ],
    );

    await assert.rejects(
      collecting,
      (error) => error instanceof ApprovalRejectedError && error.rejections[0]?.reason === "too dear",
    );
  });

  /* WHAT IS REFUSED */

  const url = (path: string) => `http://collector.test${path}`;
  const post = (handle: (request: Request) => Promise<Response>, path: string, body: unknown) =>
    handle(new Request(url(path), { body: typeof body === "string" ? body : JSON.stringify(body), method: "POST" }));

  /** Its answer: the status and the reason, and never anything else. */
  async function reasonOf(answering: Promise<Response>): Promise<[number, string]> {
    const response = await answering;
    const answer = await response.json();
    assert.deepEqual(Object.keys(answer), ["error"]);
    return [response.status, answer.error];
  }

  /** A body as it is posted. */
  async function bodyOf(request: ApprovalRequest): Promise<Body> {
    const bodies: Body[] = [];
    const collect = collectOverHttp({
      url: url(""),
      fetch: async (_, init) => {
        bodies.push(JSON.parse(String(init?.body)));
        return Response.json({ error: "enough" }, { status: 400 });
      },
    });
    await assert.rejects(collect(request, {}), CollectorRefusedError);
    assert.ok(bodies[0]);
    return bodies[0];
  }

  it("lets in what a signer of the account signed, once", async () => {
    const handle = collectorOf();
    const body = await bodyOf(await askForStanding());
    const [first, again] = [await post(handle, "/approvals", body), await post(handle, "/approvals", body)];
    assert.deepEqual([first.status, again.status], [201, 200]);
    assert.deepEqual(await again.json(), await first.json());
  });

  it("asks nobody for what a stranger wants", async () => {
    const handle = collectorOf();
    const request = await askForStanding();
    const body = await bodyOf(request);
    const [own] = request.signatures;
    const strangers = await signatureOf(stranger, request);
    const other = await signatureOf(agent, await askForStanding());
    for (const signatures of [[], [strangers], [{ ...strangers, signer: agent.address }], [other]]) {
      assert.deepEqual(await reasonOf(post(handle, "/approvals", { ...body, signatures })), [403, "signature_invalid"]);
    }
    const mixed = await post(handle, "/approvals", { ...body, signatures: [strangers, own] });
    assert.deepEqual((await mixed.json()).signatures, [own], "what is not valid is left out");
  });

  it("takes nothing that accounts do not sign, nor what differs by a letter", async () => {
    const handle = collectorOf();
    const { typedData, ...body } = await bodyOf(await askForStanding());
    const known = typedData as { domain: Body; message: Body; primaryType: string; types: Record<string, unknown> };
    const { StandingApproval } = known.types;
    const wrong: unknown[] = [
      null,
      [],
      "typed",
      {},
      { ...known, primaryType: "Permit" },
      { ...known, primaryType: "__proto__" },
      { ...known, primaryType: "MessageApproval" },
      { ...known, primaryType: "MessageApproval", types: { MessageApproval: [{ name: "message", type: "Permit" }] } },
      { ...known, domain: { ...known.domain, name: "USDC" } },
      { ...known, domain: { ...known.domain, version: "2" } },
      { ...known, domain: { ...known.domain, salt: "0x01" } },
      { ...known, domain: { ...known.domain, verifyingContract: "0x01" } },
      { ...known, types: {} },
      { ...known, types: { ...known.types, More: [] } },
      { ...known, types: { StandingApproval: [...(StandingApproval as unknown[])].reverse() } },
      { ...known, message: { ...known.message, more: 1 } },
      { ...known, message: { ...known.message, count: 3 } },
      { ...known, message: { ...known.message, count: "-3" } },
      { ...known, message: { ...known.message, count: "0x3" } },
      { ...known, message: { ...known.message, count: String(2n ** 256n) } },
      { ...known, message: { ...known.message, payee: "0x12" } },
      { ...known, message: { ...known.message, salt: "0x12" } },
      { ...known, message: { ...known.message, method: 7 } },
      { ...known, message: {} },
    ];
    for (const each of wrong) {
      const refused = await reasonOf(post(handle, "/approvals", { ...body, typedData: each }));
      assert.deepEqual(refused, [400, "typed_data_unknown"], JSON.stringify(each));
    }
  });

  it("refuses bodies of any other shape", async () => {
    const handle = collectorOf();
    const body = await bodyOf(await askForStanding());
    const [signature] = body.signatures as Body[];
    const wrong: unknown[] = [
      "",
      "{",
      "null",
      "[]",
      "7",
      '"text"',
      "[".repeat(50_000),
      {},
      { ...body, more: 1 },
      { ...body, signatures: undefined },
      { ...body, signatures: "0x" },
      { ...body, signatures: [{}] },
      { ...body, signatures: [{ ...signature, signature: "0x1" }] },
      { ...body, signatures: [{ ...signature, signature: `0x${"00".repeat(4_097)}` }] },
      { ...body, signatures: Array.from({ length: 17 }, () => signature) },
      { ...body, neededWeight: 1 },
      { ...body, needsHuman: false },
      { ...body, expiresAt: 1.5 },
      { ...body, expiresAt: -1 },
      { ...body, expiresAt: null },
      { ...body, resource: 7 },
      { ...body, resource: "x".repeat(2_049) },
    ];
    for (const each of wrong) {
      const refused = await reasonOf(post(handle, "/approvals", each));
      assert.deepEqual(refused, [400, "malformed"], JSON.stringify(each).slice(0, 300));
    }
    const invalidUtf8 = new Request(url("/approvals"), { body: new Uint8Array([0x22, 0xff, 0x22]), method: "POST" });
    assert.deepEqual(await reasonOf(handle(invalidUtf8)), [400, "malformed"]);
  });

  it("reads no body that is too large", async () => {
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        sent += 1;
        controller.enqueue(new Uint8Array(1_024));
      },
    });
    const request = new Request(url("/approvals"), { body, duplex: "half", method: "POST" } as RequestInit);
    assert.deepEqual(await reasonOf(collectorOf({ maxBodyBytes: 4_096 })(request)), [413, "body_too_large"]);
    assert.ok(sent < 10, `${sent} KiB were read`);
  });

  it("has no other places and methods", async () => {
    const handle = collectorOf();
    const id = padHex("0x1", { size: 32 });
    const get = (path: string, method = "GET") => reasonOf(handle(new Request(url(path), { method })));
    for (const path of ["/", "/other", "/approvals/7", `/approvals/${id}/other`, `/approvals/${id}/signatures/1`]) {
      assert.deepEqual(await get(path), [404, "not_found"], path);
    }
    assert.deepEqual(await get(`/approvals/${id}`), [404, "not_found"]);
    assert.deepEqual(await get(`/approvals/${id}`, "DELETE"), [405, "method_not_allowed"]);
    assert.deepEqual(await get(`/approvals/${id}`, "POST"), [405, "method_not_allowed"]);
    assert.deepEqual(await get(`/approvals/${id}/signatures`), [405, "method_not_allowed"]);
    assert.deepEqual(await get("/approvals", "PUT"), [405, "method_not_allowed"]);
    for (const query of ["", "?account=", "?account=0x12", "?account=everyone"]) {
      assert.deepEqual(await get(`/approvals${query}`), [400, "malformed"]);
    }
    const signature = { signature: `0x${"00".repeat(65)}`, signer: alice.address };
    assert.deepEqual(await reasonOf(post(handle, `/approvals/${id}/signatures`, signature)), [404, "not_found"]);
  });

  it("refuses what is over, and keeps nothing for longer than it says", async () => {
    const body = await bodyOf(await askForStanding({ validUntil: inAnHour() + 365 * 86_400 }));
    const now = Math.floor(Date.now() / 1_000);
    const expired = post(collectorOf(), "/approvals", { ...body, expiresAt: now });
    assert.deepEqual(await reasonOf(expired), [400, "expired"]);
    const { expiresAt } = await (await post(collectorOf({ maxLifetime: 60 }), "/approvals", body)).json();
    assert.ok(expiresAt >= now + 60 && expiresAt < now + 70);
  });

  it("does not keep what can no longer be used, whatever it is told", async () => {
    const body = await bodyOf(await askForStanding());
    const { expiresAt, typedData } = await (
      await post(collectorOf(), "/approvals", { ...body, expiresAt: inAnHour() + 86_400 })
    ).json();
    assert.equal(String(expiresAt), typedData.message.validUntil);
  });

  it("keeps nothing longer because somebody asks again: what was signed is no secret", async () => {
    const handle = collectorOf();
    const body = await bodyOf(await askForStanding({ validUntil: inAnHour() + HOUR }));
    const expiresAt = inAnHour();
    await post(handle, "/approvals", { ...body, expiresAt });
    const again = await (await post(handle, "/approvals", { ...body, expiresAt: expiresAt + HOUR })).json();
    assert.equal(again.expiresAt, expiresAt);
  });

  it("refuses a resource that was not signed for", async () => {
    const handle = collectorOf();
    const body = await bodyOf(await askForStanding({ resource: "https://shop.example/feed" }));
    assert.equal((await post(handle, "/approvals", body)).status, 201);
    const told = await reasonOf(post(handle, "/approvals", { ...body, resource: "https://shop.example/other" }));
    assert.deepEqual(told, [400, "resource_mismatch"]);
  });

  it("serves whom it was made for, on its chain", async () => {
    const body = await bodyOf(await askForStanding());
    const handle = collectorOf({ accounts: [receiver.address] });
    assert.deepEqual(await reasonOf(post(handle, "/approvals", body)), [403, "account_not_served"]);
    const listing = handle(new Request(url(`/approvals?account=${account}`)));
    assert.deepEqual(await reasonOf(listing), [403, "account_not_served"]);

    const { typedData } = body as { typedData: { domain: Body } };
    const elsewhere = { ...typedData, domain: { ...typedData.domain, chainId: 1 } };
    const foreign = post(collectorOf(), "/approvals", { ...body, typedData: elsewhere });
    assert.deepEqual(await reasonOf(foreign), [400, "wrong_chain"]);
    for (const other of [USDC, receiver.address]) {
      const pretended = { ...typedData, domain: { ...typedData.domain, verifyingContract: other } };
      const refused = post(collectorOf(), "/approvals", { ...body, typedData: pretended });
      assert.deepEqual(await reasonOf(refused), [400, "not_an_account"]);
    }
  });

  it("says that its node is away, and nothing of where it is", async () => {
    const told: unknown[] = [];
    const client = createPublicClient({
      chain: baseSepolia,
      transport: http("http://127.0.0.1:9/secret", { retryCount: 0 }),
    });
    const body = await bodyOf(await askForStanding());
    const handle = collectorOf({ client, onError: (error) => told.push(error) });
    assert.deepEqual(await reasonOf(post(handle, "/approvals", body)), [503, "chain_unavailable"]);
    assert.match(String(told[0]), /secret/);
  });

  it("takes a node that has had enough for one that is away, not for a plan that is none", async () => {
    const plan = developmentAccount(51).address;
    await world.client.setCode({ address: plan, bytecode: planCode({ price: DOLLAR, token: USDC }) });
    const terms = { maxFirstCharge: DOLLAR, maxPeriods: 1n, quantity: 1n, serial: 0n, deadline: BigInt(inAnHour()) };
    const message = { subscriber: account, beneficiary: agent.address, ...terms };
    const typedData = subscribeTypedData({ address: plan, chainId: baseSepolia.id, message });
    const request = await requestOf((collect) =>
      createMultisigSigner({ account, client: world.client, collect, signers: [agent] }).signTypedData(typedData),
    );
    const body = await bodyOf(request);
    const nodeThatAnswers = (code: number) =>
      createPublicClient({
        chain: baseSepolia,
        transport: custom(
          {
            async request({ method, params }) {
              const [call] = params ?? [];
              if (method === "eth_call" && call.to.toLowerCase() === plan.toLowerCase()) {
                throw Object.assign(new Error("the node says no"), { code });
              }
              return world.client.request({ method, params });
            },
          },
          { retryCount: 0 },
        ),
      });
    for (const [code, ...reason] of [
      [-32_005, 503, "chain_unavailable"],
      [-32_002, 503, "chain_unavailable"],
      [3, 403, "rules_forbid"],
    ] as const) {
      const handle = collectorOf({ client: nodeThatAnswers(code) });
      assert.deepEqual(await reasonOf(post(handle, "/approvals", body)), reason, String(code));
    }
  });

  it("says no more than that something went wrong when its storage fails", async () => {
    const told: unknown[] = [];
    const storage = new InMemoryApprovalStorage();
    storage.add = () => Promise.reject(new Error("disk full at /secret"));
    const handle = collectorOf({ onError: (error) => told.push(error), storage });
    const body = await bodyOf(await askForStanding());
    assert.deepEqual(await reasonOf(post(handle, "/approvals", body)), [500, "internal"]);
    assert.match(String(told[0]), /disk full/);
  });

  it("lets one signer fill its own part, and none of the others'", async () => {
    const handle = collectorOf({ maxPendingPerSigner: 2 });
    const ask = async (changes = {}) => post(handle, "/approvals", await bodyOf(await askForStanding(changes)));
    const [one, two] = [await ask(), await ask()];
    assert.deepEqual([one.status, two.status], [201, 201]);
    assert.deepEqual(await reasonOf(ask()), [409, "too_many_pending"]);
    // Two humans are needed for what comes to a hundred dollars and more.
    assert.equal((await ask({ count: 60, signers: [alice] })).status, 201);
  });

  it("keeps so many in all", async () => {
    const handle = collectorOf({ maxPending: 1 });
    const ask = async (changes = {}) => post(handle, "/approvals", await bodyOf(await askForStanding(changes)));
    assert.equal((await ask()).status, 201);
    assert.deepEqual(await reasonOf(ask({ count: 60, signers: [alice] })), [409, "too_many_pending"]);
  });

  it("gives the room back of what others have approved of, or refused for good", async () => {
    const handle = collectorOf({ maxPendingPerSigner: 1 });
    const place = placeOf(handle);
    const ask = async () => {
      const request = await askForStanding();
      return { ...request, answer: await post(handle, "/approvals", await bodyOf(request)) };
    };
    const approved = await ask();
    assert.equal((await ask()).answer.status, 409);
    await sendSignature(place, approved.id, await signatureOf(alice, approved));
    const refused = await ask();
    assert.equal(refused.answer.status, 201);
    await sendRejection(place, refused.id, await rejectionOf(alice, refused));
    assert.equal((await ask()).answer.status, 409, "the other may still sign");
    await sendRejection(place, refused.id, await rejectionOf(bob, refused));
    assert.equal((await ask()).answer.status, 201);
  });

  /** A payment of another value or account than the SDK would ask for, signed by the agent alone. */
  async function bodyOfPayment({ of = account, value }: { of?: Address; value: bigint }): Promise<Body> {
    const request = await (kinds.PaymentApproval as () => Promise<ApprovalRequest>)();
    const { domain, message } = request.typedData;
    const typedData = {
      ...request.typedData,
      domain: { ...domain, verifyingContract: of },
      message: { ...message, nonce: toHex(crypto.getRandomValues(new Uint8Array(32))), value },
    };
    return bodyOf({ ...request, signatures: [await signatureOf(agent, { typedData })], typedData });
  }

  it("gives an agent no room back for what it may sign alone", async () => {
    const handle = collectorOf({ maxPendingPerSigner: 1 });
    const ask = async () => post(handle, "/approvals", await bodyOfPayment({ value: 1n }));
    assert.equal((await ask()).status, 201);
    assert.deepEqual(await reasonOf(ask()), [409, "too_many_pending"]);
  });

  it("looks up itself what is needed, by the rules and the reserve of now", async () => {
    const handle = collectorOf();
    const poor = await deployAccount(world.client, { balance: 21n * DOLLAR });
    for (const [of, value, neededWeight, needsHuman] of [
      [account, DOLLAR, 1, false],
      [account, DOLLAR + 1n, 3, false],
      [account, 100n * DOLLAR + 1n, 4, false],
      [poor, DOLLAR, 1, false],
      [poor, DOLLAR + 1n, 3, true],
    ] as const) {
      const answer = await (await post(handle, "/approvals", await bodyOfPayment({ of, value }))).json();
      assert.deepEqual([answer.neededWeight, answer.needsHuman], [neededWeight, needsHuman], String(value));
    }
  });

  it("asks nobody for what the rules forbid", async () => {
    const handle = collectorOf();
    const config = accountRules({ payees: [alice.address] });
    const of = await deployAccount(world.client, { config });
    const body = await bodyOfPayment({ of, value: DOLLAR });
    assert.deepEqual(await reasonOf(post(handle, "/approvals", body)), [403, "rules_forbid"]);
  });

  /* SIGNATURES */

  it("takes one signature of each signer, of nobody else, and of nothing else", async () => {
    const handle = collectorOf();
    const request = await askForStanding();
    const { typedData } = await (await post(handle, "/approvals", await bodyOf(request))).json();
    assert.ok(typedData);
    const path = `/approvals/${request.id}/signatures`;
    const valid = await signatureOf(alice, request);
    const other = await signatureOf(alice, await askForStanding());
    const strangers = await signatureOf(stranger, request);
    for (const wrong of [
      other,
      strangers,
      { ...strangers, signer: alice.address },
      { ...valid, signer: bob.address },
    ]) {
      assert.deepEqual(await reasonOf(post(handle, path, wrong)), [403, "signature_invalid"]);
    }
    for (const wrong of [{}, { ...valid, more: 1 }, { signer: alice.address }, [valid]]) {
      assert.deepEqual(await reasonOf(post(handle, path, wrong)), [400, "malformed"]);
    }
    const [once, twice] = [await post(handle, path, valid), await post(handle, path, valid)];
    assert.deepEqual([once.status, twice.status], [200, 200]);
    const { signatures } = await twice.json();
    assert.deepEqual(signatures, [...request.signatures, valid]);
    assert.deepEqual(await once.json().then((answer) => answer.signatures), signatures);
  });

  it("takes no signature in a form that the account would not take", async () => {
    const handle = collectorOf();
    const request = await askForStanding();
    await post(handle, "/approvals", await bodyOf(request));
    const { signature, signer } = await signatureOf(alice, request);
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const s = padHex(`0x${(order - BigInt(`0x${signature.slice(66, 130)}`)).toString(16)}`, { size: 32 }).slice(2);
    const malleated: Hex = `${signature.slice(0, 66) as Hex}${s}${signature.endsWith("1b") ? "1c" : "1b"}`;
    for (const wrong of [malleated, `${signature}00` as Hex, "0x" as Hex]) {
      const refused = post(handle, `/approvals/${request.id}/signatures`, { signature: wrong, signer });
      assert.deepEqual(await reasonOf(refused), [403, "signature_invalid"]);
    }
  });

  it("takes a refusal only from who signs for the account", async () => {
    const handle = collectorOf();
    const request = await askForStanding();
    await post(handle, "/approvals", await bodyOf(request));
    const path = `/approvals/${request.id}/rejections`;
    const signed = await signatureOf(alice, { typedData: rejectionTypedData(request, "no") });
    assert.deepEqual(await reasonOf(post(handle, path, { ...signed, reason: "yes" })), [403, "signature_invalid"]);
    const strangers = await signatureOf(stranger, { typedData: rejectionTypedData(request, "no") });
    assert.deepEqual(await reasonOf(post(handle, path, { ...strangers, reason: "no" })), [403, "signature_invalid"]);
    assert.deepEqual(await reasonOf(post(handle, path, { ...signed, reason: "x".repeat(281) })), [400, "malformed"]);
    assert.equal((await post(handle, path, { ...signed, reason: "no" })).status, 200);
    const consent = post(handle, `/approvals/${request.id}/signatures`, signed);
    assert.deepEqual(await reasonOf(consent), [403, "signature_invalid"], "a refusal is no consent");
  });

  it("forgets what was asked under older rules, and the agent learns why", async () => {
    const own = await deployAccount(world.client);
    const place = placeOf(collectorOf());
    const request = await askForStanding({ account: own });
    const collecting = collectOverHttp({ ...place, pollingInterval: POLLING })(request, {});
    collecting.catch(() => {});
    await pending(place, own);
    const packed = encodeConfig(accountRules({ payees: [receiver.address] }));
    const signed = await signExecute({
      account: own,
      calls: [callOf(reconfigureCall({ address: own, packed }))],
      client: world.client,
      signers: [alice, bob],
    });
    await world.client.waitForTransactionReceipt({ hash: await execute(world.client, signed) });

    const late = sendSignature(place, request.id, await signatureOf(alice, request));

    const isEpochMismatch = (error: unknown) =>
      error instanceof CollectorRefusedError && error.reason === "epoch_mismatch" && error.status === 409;
    await assert.rejects(late, isEpochMismatch);
    await assert.rejects(collecting, isEpochMismatch);
  });

  /* A COLLECTOR THAT IS AWAY */

  it("lets an agent wait while it is ended and begun again, and forgets nothing", async () => {
    const folder = await mkdtemp(join(tmpdir(), "recourse-collector-"));
    const file = join(folder, "approvals.sqlite");
    let storage = new SqliteApprovalStorage(file);
    let collector = await startCollector({ client: world.client, storage });
    const { port, url: at } = collector;
    try {
      const request = await askForStanding({ count: 60 });
      const collecting = collectOverHttp({ url: at, pollingInterval: POLLING })(request, {});
      await pending({ url: at });
      await sendSignature({ url: at }, request.id, await signatureOf(alice, request));
      await collector.stop();
      storage.close();
      await assert.rejects(approvalAt({ url: at }, request.id), CollectorUnreachableError);
      await new Promise((resolve) => setTimeout(resolve, 4 * POLLING));

      storage = new SqliteApprovalStorage(file);
      collector = await startCollector({ client: world.client, storage }, port);
      const found = await approvalAt({ url: at }, request.id);
      assert.equal(found.signatures.length, 2, "the agent's and alice's");
      await sendSignature({ url: at }, request.id, await signatureOf(bob, found));

      const signers = (await collecting).map(({ signer }) => signer);
      assert.deepEqual(signers, [agent.address, alice.address, bob.address]);
    } finally {
      await collector.stop();
      storage.close();
      await rm(folder, { recursive: true });
    }
  });

  it("is told again what it has forgotten", async () => {
    let handle = collectorOf();
    const place = placeOf((request) => handle(request));
    const request = await askForStanding();
    const collecting = collectOverHttp({ ...place, pollingInterval: POLLING })(request, {});
    await pending(place);
    handle = collectorOf();
    await pending(place);
    await sendSignature(place, request.id, await signatureOf(alice, request));
    assert.equal((await collecting).length, 2);
  });

  it("is asked again when what stands before it answers instead", async () => {
    const handle = collectorOf();
    const answers = [429, 502, 503, 504, 408].map((status) => () => new Response("<html>", { status }));
    const place = placeOf(async (request) => {
      const isOfAgent = request.method === "POST" && request.url.endsWith("/approvals");
      return (isOfAgent && answers.shift()?.()) || handle(request);
    });
    const request = await askForStanding();
    const collecting = collectOverHttp({ ...place, pollingInterval: POLLING })(request, {});
    await pending(place);
    await sendSignature(place, request.id, await signatureOf(alice, request));
    assert.equal((await collecting).length, 2);
  });

  for (const [what, answer] of [
    ["another site", new Response("<html>", { status: 200 })],
    ["another API", Response.json({ ok: true })],
    ["a wrong path", new Response("<html>", { status: 404 })],
    ["a door", Response.json({ message: "who are you?" }, { status: 401 })],
  ] as const) {
    it(`takes ${what} for no collector`, async () => {
      const place = placeOf(async () => answer.clone() as Response);
      const refused = collectOverHttp({ ...place, pollingInterval: POLLING })(await askForStanding(), {});
      await assert.rejects(refused, CollectorRefusedError);
    });
  }

  it("believes no collector that shows another request", async () => {
    const handle = collectorOf();
    const [asked, other] = [await askForStanding(), await askForStanding()];
    await post(handle, "/approvals", await bodyOf(other));
    const place = placeOf((request) => handle(new Request(request.url.replace(asked.id, other.id))));
    await assert.rejects(
      approvalAt(place, asked.id),
      (error) => error instanceof CollectorRefusedError && error.reason === "answer_malformed",
    );
  });

  it("sends the headers that stand before it want", async () => {
    const seen: (string | null)[] = [];
    const handle = collectorOf();
    const place = placeOf(async (request) => {
      seen.push(request.headers.get("authorization"));
      return handle(request);
    });
    await pendingApprovals({ ...place, headers: { authorization: "Bearer key" } }, account);
    assert.deepEqual(seen, ["Bearer key"]);
  });

  /* A WHOLE PURCHASE */

  it("an agent buys from an official shop what a human approves of meanwhile", async () => {
    const shop = await startStockShop(world.rpcUrl, receiver.address, { "/dollars": "$10" });
    const collector = await startCollector({ client: world.client });
    try {
      const client: x402Client = new x402Client();
      const options: MultisigSignerOptions = {
        account,
        client: world.client,
        collect: collectOverHttp({ url: collector.url, pollingInterval: POLLING }),
        resourceOf: resourcesOf(client),
        signers: [agent],
      };
      client
        .register(NETWORK, new StockExactEvmScheme(createMultisigSigner(options)))
        .setSpendControls({ maxAmountPerPayment: "$100" } as never);
      const buying = wrapFetchWithPayment(fetch, client)(`${shop.url}/dollars`);
      const [request] = await pending(collector);
      assert.ok(request);
      assert.equal(request.resource, `${shop.url}/dollars`);
      await sendSignature(collector, request.id, await signatureOf(bob, request));
      assert.equal((await buying).status, 200);
    } finally {
      await collector.stop();
      await shop.stop();
    }
  });
});

/* STORAGES */

const record = (id: Hex, changes: Partial<ApprovalRecord> = {}): ApprovalRecord => ({
  id,
  account: alice.address,
  askedBy: agent.address,
  typedData: {} as never,
  signers: [],
  signatures: [],
  rejections: [],
  neededWeight: 3,
  needsHuman: true,
  isPending: true,
  expiresAt: 100,
  ...changes,
});
const ids = [1, 2, 3, 4].map((number) => padHex(`0x${number}`, { size: 32 }));
const [one, two, three, four] = ids as [Hex, Hex, Hex, Hex];
const ROOM = { inAll: 10, perSigner: 10 };

for (const [name, isFile] of [
  ["in memory", false],
  ["in SQLite", true],
] as const) {
  describe(`the storage of approvals ${name}`, () => {
    async function withStorage(work: (storage: ApprovalStorage) => Promise<void>): Promise<void> {
      if (!isFile) return work(new InMemoryApprovalStorage());
      const folder = await mkdtemp(join(tmpdir(), "recourse-approvals-"));
      const storage = new SqliteApprovalStorage(join(folder, "approvals.sqlite"));
      await work(storage).finally(() => {
        storage.close();
        return rm(folder, { recursive: true });
      });
    }

    it("knows what was added, by its id and its account", () =>
      withStorage(async (storage) => {
        assert.equal(await storage.get(one), undefined);
        assert.equal(await storage.add(record(one, { resource: "https://shop.example" }), ROOM), true);
        await storage.add(record(two, { account: bob.address }), ROOM);
        assert.deepEqual(await storage.get(one), record(one, { resource: "https://shop.example" }));
        assert.deepEqual(await storage.list(bob.address.toLowerCase() as Address), [
          record(two, { account: bob.address }),
        ]);
      }));

    it("adds nothing twice, and nothing where there is no room", () =>
      withStorage(async (storage) => {
        assert.equal(await storage.add(record(one), ROOM), true);
        assert.equal(await storage.add(record(one, { neededWeight: 1 }), ROOM), false);
        assert.equal((await storage.get(one))?.neededWeight, 3);
        assert.equal(await storage.add(record(two), { inAll: 10, perSigner: 1 }), false);
        assert.equal(await storage.add(record(three, { askedBy: bob.address }), { inAll: 10, perSigner: 1 }), true);
        assert.equal(await storage.add(record(four, { account: bob.address }), { inAll: 2, perSigner: 1 }), false);
        await storage.update(one, (current) => ({ ...current, isPending: false }));
        assert.equal(await storage.add(record(two), { inAll: 2, perSigner: 1 }), false);
        assert.equal(await storage.add(record(two), { inAll: 3, perSigner: 1 }), true);
      }));

    it("lets one of many add", () =>
      withStorage(async (storage) => {
        const added = await Promise.all(Array.from({ length: 20 }, () => storage.add(record(one), ROOM)));
        assert.equal(added.filter(Boolean).length, 1);
      }));

    it("changes what is there, and nothing else", () =>
      withStorage(async (storage) => {
        await storage.add(record(one), ROOM);
        const next = await storage.update(one, (current) => ({ ...current, neededWeight: current.neededWeight + 1 }));
        assert.deepEqual([next?.neededWeight, (await storage.get(one))?.neededWeight], [4, 4]);
        assert.equal(await storage.update(two, (current) => current), undefined);
        const failing = storage.update(one, () => {
          throw new Error("no");
        });
        await assert.rejects(failing, /no/);
        assert.equal((await storage.get(one))?.neededWeight, 4);
      }));

    it("forgets what was deleted, and what has expired", () =>
      withStorage(async (storage) => {
        await storage.add(record(one), ROOM);
        await storage.add(record(two, { expiresAt: 101 }), ROOM);
        await storage.add(record(three, { expiresAt: 101 }), ROOM);
        await storage.deleteExpired(100);
        assert.equal(await storage.get(one), undefined);
        await storage.delete(two);
        assert.deepEqual(await storage.list(alice.address), [record(three, { expiresAt: 101 })]);
      }));
  });
}
