import { type Address, type Hex, isAddressEqual } from "viem";
import type { SignerSignature } from "./blob.js";
import { type ApprovalRequest, type Collect, isHopeless, isReached, refusedOf } from "./collect.js";
import { ApprovalRejectedError, CollectorRefusedError, CollectorUnreachableError } from "./errors.js";
import { approvalFrom, type CollectedApproval, rejectionTypedData, requestJson, type SignerRejection } from "./wire.js";

export type { CollectedApproval, SignerRejection };
export { rejectionTypedData };

/** Where a collector is, and how it is asked. */
export type CollectorPlace = {
  url: string;
  /** Default: the platform's. */
  fetch?: typeof fetch;
  /** Sent with each request, such as an `authorization` that a proxy in front wants. */
  headers?: Readonly<Record<string, string>>;
};

export type CollectOverHttpOptions = CollectorPlace & {
  /** Milliseconds between two looks. Default: 2,000. */
  pollingInterval?: number;
};

const POLLING_INTERVAL_MS = 2_000;
/** A collector that takes longer is asked again. */
const PATIENCE_MS = 10_000;

/**
 * Collects through a collector, to which an account's people come. A request that is there already is gone on with, and a
 * collector that is away, or has forgotten, is asked again until the request expires.
 *
 * What it returns throws
 * - {@link CollectorRefusedError} when the collector refuses the request.
 * - {@link ApprovalRejectedError} when so many signers refused that the others are not enough.
 * - {@link CollectorUnreachableError} when the request expired and the collector never answered.
 */
export function collectOverHttp({ pollingInterval = POLLING_INTERVAL_MS, ...place }: CollectOverHttpOptions): Collect {
  return async (request, { signal }) => {
    let last: CollectedApproval | undefined;
    let failure: unknown;
    let isThere = false;
    while (!signal?.aborted && Date.now() < request.expiresAt * 1_000) {
      try {
        last = isThere ? await approvalAt(place, request.id, signal) : await postRequest(place, request, signal);
        isThere = true;
        if (isReached(request, last.signatures)) break;
        insistOnHope(request, last);
      } catch (error) {
        if (!isPassing(error, isThere)) throw error;
        // Whatever was there may be forgotten: what is posted again is the same.
        isThere = false;
        failure = error;
      }
      await pause(Math.min(pollingInterval, request.expiresAt * 1_000 - Date.now()), signal);
    }
    if (!last && failure && !signal?.aborted) {
      throw new CollectorUnreachableError({ cause: failure, url: place.url });
    }
    return last?.signatures ?? [];
  };
}

/** Without those who refused it must still be possible. */
function insistOnHope(request: ApprovalRequest, { rejections, signatures }: CollectedApproval): void {
  const { id, signers } = request;
  if (rejections.length === 0 || !isHopeless({ ...request, signatures }, rejections)) return;
  const refused = refusedOf({ signatures, signers }, rejections);
  const isRefusal = ({ signer }: SignerRejection) => refused.some(({ account }) => isAddressEqual(account, signer));
  throw new ApprovalRejectedError({ rejections: rejections.filter(isRefusal), requestId: id });
}

/** Whether the collector may answer otherwise later: it is away, or has forgotten what it had. */
function isPassing(error: unknown, isThere: boolean): boolean {
  if (error instanceof CollectorRefusedError) return isThere && error.status === 404;
  return error instanceof CollectorUnreachableError;
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, Math.max(0, milliseconds));
    signal?.addEventListener("abort", end);
    if (signal?.aborted) end();
  });
}

/* ONE BY ONE */

async function postRequest(
  place: CollectorPlace,
  request: ApprovalRequest,
  signal?: AbortSignal | undefined,
): Promise<CollectedApproval> {
  return oneOf(place, request.id, await ask(place, "approvals", { body: requestJson(request), signal }));
}

/**
 * A request that a collector has. What is signed is read from it to the letter; the rest is what the collector says.
 *
 * @throws {CollectorRefusedError} when it has none of this id.
 * @throws {CollectorUnreachableError} when it does not answer.
 */
export async function approvalAt(
  place: CollectorPlace,
  id: Hex,
  signal?: AbortSignal | undefined,
): Promise<CollectedApproval> {
  return oneOf(place, id, await ask(place, `approvals/${id}`, { signal }));
}

/**
 * What an account's signers are asked at a collector, and have not approved of yet.
 *
 * @param withApproved Whether to tell what enough of them have approved of too, as long as it has not expired.
 * @throws {CollectorRefusedError} when it does not serve the account.
 * @throws {CollectorUnreachableError} when it does not answer.
 */
export async function pendingApprovals(
  place: CollectorPlace,
  account: Address,
  { withApproved = false }: { withApproved?: boolean } = {},
): Promise<CollectedApproval[]> {
  const answer = await ask(place, `approvals?account=${account}${withApproved ? "&approved=true" : ""}`);
  const listed = answer instanceof Object && "approvals" in answer ? answer.approvals : undefined;
  if (!Array.isArray(listed)) throw wrongAnswer(place);
  const approvals = listed.map((each) => approvalFrom(each));
  return approvals.map((approval) => {
    if (!approval || !isAddressEqual(approval.account, account)) throw wrongAnswer(place);
    return approval;
  });
}

/**
 * Brings a signer's signature to a collector. The same again changes nothing.
 *
 * @throws {CollectorRefusedError} when it is not valid, or nobody asked for it.
 * @throws {CollectorUnreachableError} when it does not answer.
 */
export async function sendSignature(
  place: CollectorPlace,
  id: Hex,
  signature: SignerSignature,
): Promise<CollectedApproval> {
  return oneOf(place, id, await ask(place, `approvals/${id}/signatures`, { body: signature }));
}

/**
 * Brings a signer's refusal to a collector: its signature of what {@link rejectionTypedData} makes.
 *
 * @throws {CollectorRefusedError} when it is not valid, or nobody asked.
 * @throws {CollectorUnreachableError} when it does not answer.
 */
export async function sendRejection(
  place: CollectorPlace,
  id: Hex,
  rejection: SignerRejection,
): Promise<CollectedApproval> {
  return oneOf(place, id, await ask(place, `approvals/${id}/rejections`, { body: rejection }));
}

function oneOf(place: CollectorPlace, id: Hex, answer: unknown): CollectedApproval {
  const approval = approvalFrom(answer);
  if (approval?.id !== id) throw wrongAnswer(place);
  return approval;
}

function wrongAnswer({ url }: CollectorPlace): CollectorRefusedError {
  return new CollectorRefusedError({ reason: "answer_malformed", status: 200, url });
}

async function ask(
  { fetch: fetchOf = fetch, headers = {}, url }: CollectorPlace,
  path: string,
  { body, signal }: { body?: unknown; signal?: AbortSignal | undefined } = {},
): Promise<unknown> {
  const deadline = AbortSignal.timeout(PATIENCE_MS);
  const request: RequestInit = {
    headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
    method: body === undefined ? "GET" : "POST",
    signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
  const { answer, response } = await fetchOf(new URL(path, url.endsWith("/") ? url : `${url}/`), request)
    .then(async (given) => ({ answer: parsed(await given.text()), response: given }))
    .catch((cause) => {
      throw new CollectorUnreachableError({ cause, url });
    });
  if (response.ok) return answer;
  const { status } = response;
  const cause = new CollectorRefusedError({ reason: reasonIn(answer) ?? `http_${status}`, status, url });
  const isAway = status >= 500 || status === 408 || status === 425 || status === 429;
  throw isAway ? new CollectorUnreachableError({ cause, url }) : cause;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonIn(answer: unknown): string | undefined {
  if (!(answer instanceof Object && "error" in answer)) return undefined;
  return typeof answer.error === "string" ? answer.error : undefined;
}
