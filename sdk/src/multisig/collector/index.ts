import { type Address, type Client, type Hex, isAddress, isAddressEqual, isHash } from "viem";
import { epoch as readEpoch } from "../../generated/actions/multisig/epoch.js";
import { type MultisigAccount, readAccount, signerOf } from "../account.js";
import { validOnes } from "../approvals.js";
import type { SignerSignature } from "../blob.js";
import { idOf, isHopeless, isReached } from "../collect.js";
import { isAccount } from "../isAccount.js";
import { endOf, type Requirement, requirementOf } from "../requirements.js";
import { hashOfResource } from "../resources.js";
import { isTransportError } from "../transport.js";
import type { ApprovalTypedData } from "../typedData.js";
import {
  approvalJson,
  approvalOf,
  type CollectedApproval,
  postedSchema,
  rejectionSchema,
  rejectionTypedData,
  signatureSchema,
  typedDataFrom,
  typedDataJson,
} from "../wire.js";
import { type ApprovalRecord, type ApprovalStorage, InMemoryApprovalStorage } from "./storage.js";

export { type ApprovalRecord, type ApprovalStorage, InMemoryApprovalStorage, type Room } from "./storage.js";

export type CollectorOptions = {
  /** Reads the accounts' rules. The collector serves this chain. */
  client: Client;
  /** Default: in memory. */
  storage?: ApprovalStorage;
  /** Whom it serves. Default: every account of the chain. */
  accounts?: readonly Address[];
  /** How long it keeps a request, in seconds. Whoever waits longer posts it again. Default: 30 days. */
  maxLifetime?: number;
  /** How many requests one signer of an account may have pending: one of them cannot keep the others out. Default: 32. */
  maxPendingPerSigner?: number;
  /** How many requests it keeps in all. Default: 10,000. */
  maxPending?: number;
  /** How large a body may be, in bytes. Default: 128 KiB. */
  maxBodyBytes?: number;
  /** Is told what went wrong inside; who asked only learns that something did. Default: nobody is. */
  onError?: (error: unknown) => void;
};

/** Why a collector refuses, and the status of HTTP that goes with it. */
const STATUS = {
  malformed: 400,
  typed_data_unknown: 400,
  wrong_chain: 400,
  resource_mismatch: 400,
  expired: 400,
  not_an_account: 400,
  account_not_served: 403,
  rules_forbid: 403,
  signature_invalid: 403,
  not_found: 404,
  method_not_allowed: 405,
  epoch_mismatch: 409,
  too_many_pending: 409,
  body_too_large: 413,
  internal: 500,
  chain_unavailable: 503,
} as const;

export type CollectorReason = keyof typeof STATUS;

class Refusal extends Error {
  readonly reason: CollectorReason;

  constructor(reason: CollectorReason, cause?: unknown) {
    super(reason, { cause });
    this.reason = reason;
  }
}

/**
 * A collector of approvals: agents post what they ask for, people read it and bring their signatures. It holds no key and decides
 * nothing: what is not signed by an account's own signers does not get in, and what it gives out is checked again by whoever
 * uses it.
 *
 * - `POST /approvals` asks for approvals, or finds what was asked before.
 * - `GET /approvals?account=` lists what is not approved of yet.
 * - `GET /approvals/:id` is one request.
 * - `POST /approvals/:id/signatures` brings a signer's signature.
 * - `POST /approvals/:id/rejections` brings a signer's refusal.
 *
 * @returns A handler of the requests of any framework that has those of the web platform. It never throws.
 */
export function createCollector(options: CollectorOptions): (request: Request) => Promise<Response> {
  const collector = { storage: new InMemoryApprovalStorage(), ...definedOf(options) };
  return async (request) => {
    try {
      return await route(collector, request);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal("internal", error);
      const status = STATUS[refusal.reason];
      if (status >= 500) options.onError?.(refusal.cause);
      return Response.json({ error: refusal.reason }, { headers: HEADERS, status });
    }
  };
}

type Collector = Pick<Required<CollectorOptions>, "client" | "storage"> & CollectorOptions;

function definedOf<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;
}

/** What is asked changes, and nobody keeps it. */
const HEADERS = { "cache-control": "no-store" };

const MAX_LIFETIME = 30 * 86_400;
const MAX_PENDING_PER_SIGNER = 32;
const MAX_PENDING = 10_000;
const MAX_BODY_BYTES = 131_072;

async function route(collector: Collector, request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const [, id, part] = /(?:^|\/)approvals(?:\/([^/]+)(?:\/(signatures|rejections))?)?\/?$/.exec(pathname) ?? [];
  const isKnown = id === undefined ? /\/approvals\/?$/.test(pathname) : isHash(id);
  if (!isKnown) throw new Refusal("not_found");
  const { method } = request;
  const isRead = part === undefined && method === "GET";
  if (!isRead && (method !== "POST" || (id !== undefined && part === undefined))) {
    throw new Refusal("method_not_allowed");
  }
  if (id === undefined) {
    return isRead ? list(collector, searchParams) : open(collector, await bodyOf(collector, request));
  }
  const known = id.toLowerCase() as Hex;
  if (isRead) return answer(await pendingOf(collector, known));
  const body = await bodyOf(collector, request);
  return part === "signatures" ? addSignature(collector, known, body) : addRejection(collector, known, body);
}

function answer(record: ApprovalRecord, status = 200): Response {
  return Response.json(approvalJson(shown(record)), { headers: HEADERS, status });
}

function shown({ typedData, ...record }: ApprovalRecord): CollectedApproval {
  return approvalOf({ ...record, typedData: signedIn(typedData) });
}

function signedIn(json: unknown): ApprovalTypedData {
  const typedData = typedDataFrom(json);
  if (!typedData) throw new Refusal("typed_data_unknown");
  return typedData;
}

function secondsNow(): number {
  return Math.floor(Date.now() / 1_000);
}

/* BODIES */

/** The JSON of a body that is not too large; it is read no further than that. */
async function bodyOf({ maxBodyBytes = MAX_BODY_BYTES }: Collector, { body }: Request): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxBodyBytes) throw new Refusal("body_too_large");
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Refusal("malformed");
  }
}

type Schema<Value> = { safeParse(body: unknown): { success: true; data: Value } | { success: false } };

function read<Value>(schema: Schema<Value>, body: unknown): Value {
  const result = schema.safeParse(body);
  if (!result.success) throw new Refusal("malformed");
  return result.data;
}

/* ASK */

async function open(collector: Collector, body: unknown): Promise<Response> {
  const {
    maxLifetime = MAX_LIFETIME,
    maxPending = MAX_PENDING,
    maxPendingPerSigner = MAX_PENDING_PER_SIGNER,
  } = collector;
  const { client, storage } = collector;
  const { resource, signatures, typedData: json, ...posted } = read(postedSchema, body);
  const typedData = signedIn(json);
  const now = secondsNow();
  const expiresAt = Math.min(posted.expiresAt, endOf(typedData) ?? posted.expiresAt, now + maxLifetime);
  if (expiresAt <= now) throw new Refusal("expired");
  if (resource !== undefined && hashOfResource(resource) !== typedData.message.resource) {
    throw new Refusal("resource_mismatch");
  }
  const account = await accountIn(collector, typedData);
  const valid = await fromChain(() => validOnes(client, account, typedData, signatures));
  const [first] = valid;
  if (!first) throw new Refusal("signature_invalid");
  const requirement = await requirementIn(collector, account, typedData);

  const id = idOf(typedData);
  const record = counted({
    ...requirement,
    ...(resource !== undefined && { resource }),
    id,
    account: account.address,
    askedBy: first.signer,
    typedData: typedDataJson(typedData),
    signers: account.config.signers,
    signatures: valid,
    rejections: [],
    expiresAt,
  });
  await storage.deleteExpired(now);
  const isNew = await storage.add(record, { inAll: maxPending, perSigner: maxPendingPerSigner });
  if (isNew) return answer(record, 201);
  // Signatures are no secret, so anybody may ask again; for that nothing is kept longer.
  const merged = await storage.update(id, (current) =>
    counted({
      ...current,
      ...requirement,
      ...(resource !== undefined && { resource }),
      signatures: withSignatures(current.signatures, valid),
    }),
  );
  if (!merged) throw new Refusal("too_many_pending");
  return answer(merged);
}

/**
 * A request that enough of the others signed, or refused, takes none of the asker's room. Enough that it signed alone does not
 * count as that: a stolen key could go on forever.
 */
function counted(record: Omit<ApprovalRecord, "isPending">): ApprovalRecord {
  const { askedBy, rejections, signatures } = record;
  const isByOthers = signatures.some(({ signer }) => !isAddressEqual(signer, askedBy));
  const isApproved = isByOthers && isReached(record, signatures);
  return { ...record, isPending: !isApproved && !isHopeless(record, rejections) };
}

/** The account whose domain this is, if it is one of this suite, is served, and has the rules that were signed under. */
async function accountIn({ accounts, client }: Collector, typedData: ApprovalTypedData): Promise<MultisigAccount> {
  const { chainId, verifyingContract: address } = typedData.domain as { chainId: number; verifyingContract: Address };
  if (accounts && !accounts.some((served) => isAddressEqual(served, address))) throw new Refusal("account_not_served");
  const account = await fromChain(async () => {
    return (await isAccount(client, { address })) ? readAccount(client, { address }) : undefined;
  });
  if (!account) throw new Refusal("not_an_account");
  if (account.chainId !== chainId) throw new Refusal("wrong_chain");
  if (account.epoch !== typedData.message.epoch) throw new Refusal("epoch_mismatch");
  return account;
}

/** What the account asks for now, whatever the one who posts believes. */
async function requirementIn(
  { client }: Collector,
  account: MultisigAccount,
  typedData: ApprovalTypedData,
): Promise<Requirement> {
  try {
    return await requirementOf(client, account, typedData);
  } catch (error) {
    throw new Refusal(isTransportError(error) ? "chain_unavailable" : "rules_forbid", error);
  }
}

async function fromChain<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw new Refusal("chain_unavailable", error);
  }
}

function withSignatures(
  known: readonly SignerSignature[],
  more: readonly SignerSignature[],
): readonly SignerSignature[] {
  return [...known, ...more.filter(({ signer }) => !known.some((each) => isAddressEqual(each.signer, signer)))];
}

/* READ */

async function list({ accounts, storage }: Collector, query: URLSearchParams): Promise<Response> {
  const account = query.get("account");
  if (account === null || !isAddress(account, { strict: false })) throw new Refusal("malformed");
  if (accounts && !accounts.some((served) => isAddressEqual(served, account))) throw new Refusal("account_not_served");
  const now = secondsNow();
  const records = await storage.list(account);
  const isListed = (record: ApprovalRecord) =>
    query.get("approved") === "true" || !isReached(record, record.signatures);
  const listed = records.filter((record) => record.expiresAt > now && isListed(record));
  const approvals = listed.map((record) => approvalJson(shown(record)));
  return Response.json({ approvals }, { headers: HEADERS });
}

async function pendingOf({ storage }: Collector, id: Hex): Promise<ApprovalRecord> {
  const record = await storage.get(id);
  if (!record || record.expiresAt <= secondsNow()) throw new Refusal("not_found");
  return record;
}

/* ANSWER */

async function addSignature(collector: Collector, id: Hex, body: unknown): Promise<Response> {
  const given = read(signatureSchema, body);
  const record = await pendingOf(collector, id);
  await insistOnSigner(collector, record, signedIn(record.typedData), given);
  const signed = await collector.storage.update(id, (current) =>
    counted({ ...current, signatures: withSignatures(current.signatures, [given]) }),
  );
  if (!signed) throw new Refusal("not_found");
  return answer(signed);
}

async function addRejection(collector: Collector, id: Hex, body: unknown): Promise<Response> {
  const given = read(rejectionSchema, body);
  const record = await pendingOf(collector, id);
  const { account, chainId } = shown(record);
  await insistOnSigner(collector, record, rejectionTypedData({ account, chainId, id }, given.reason), given);
  const rejected = await collector.storage.update(id, (current) =>
    counted({
      ...current,
      rejections: [...current.rejections.filter(({ signer }) => !isAddressEqual(signer, given.signer)), given],
    }),
  );
  if (!rejected) throw new Refusal("not_found");
  return answer(rejected);
}

/** Whether a signer of the account, under the rules of now, signed this. A request of older rules is forgotten. */
async function insistOnSigner(
  { client, storage }: Collector,
  { account, id, signers, typedData }: ApprovalRecord,
  signed: ApprovalTypedData,
  { signature, signer }: SignerSignature,
): Promise<void> {
  const rules = { config: { signers } } as Pick<MultisigAccount, "config">;
  if (!signerOf(rules, signer)) throw new Refusal("signature_invalid");
  const epoch = await fromChain(() => readEpoch(client, { address: account }));
  if (String(epoch) !== typedData.message.epoch) {
    await storage.delete(id);
    throw new Refusal("epoch_mismatch");
  }
  const [valid] = await fromChain(() => validOnes(client, rules, signed, [{ signature, signer }]));
  if (!valid) throw new Refusal("signature_invalid");
}
