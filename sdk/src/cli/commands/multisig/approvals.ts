import { type Address, type Hex, isAddressEqual, type LocalAccount } from "viem";
import {
  approvalAt,
  type CollectedApproval,
  type CollectorPlace,
  pendingApprovals,
  rejectionTypedData,
  sendRejection,
  sendSignature,
} from "../../../multisig/collectOverHttp.js";
import { CollectorRefusedError } from "../../../multisig/errors.js";
import {
  accountNamed,
  type CollectorOption,
  collectorOf,
  keyOf,
  missingCollector,
  ownSigner,
  parseId,
  readMultisig,
} from "../../accounts.js";
import { checkApproval, describeApproval, knowApproval, requestReport } from "../../describeApproval.js";
import { CommandError, OptionsMissingError } from "../../errors.js";
import { counted } from "../../format.js";
import { type CommonOptions, confirm, type Io, missingConsent, openSession, type Report, say } from "../../session.js";
import { missingAddress } from "../arguments.js";

/** What an account's signers are asked at a collector. */
export async function listApprovals(
  io: Io,
  text: string | undefined,
  options: CommonOptions & CollectorOption & { approved?: true },
): Promise<Report> {
  const session = await openSession(io, options, {
    needsKey: false,
    missing: [missingAddress(io, text, "account"), missingCollector(options, io)],
  });
  const place = collectorOf(options, io.env) as CollectorPlace;
  const { client } = session;
  const account = await readMultisig(client, await accountNamed(io, text));
  const { approved: withApproved = false } = options;
  const told = await pendingApprovals(place, account.address, { withApproved });
  const approvals = await Promise.all(told.map((approval) => checkApproval(client, account, approval)));
  const none = withApproved ? " are known." : " are pending.";
  return {
    text: [
      `${counted(approvals.length, "request")} of ${account.address}${approvals.length === 0 ? none : ":"}`,
      ...approvals.flatMap((approval) => ["", ...describeApproval(approval, account)]),
    ],
    json: { account: account.address, approvals: approvals.map((approval) => requestReport(approval, account)) },
  };
}

/** Shows a request, asks, signs, and brings the signature to the collector. */
export async function approveRequest(
  io: Io,
  idText: string | undefined,
  options: CommonOptions & CollectorOption,
): Promise<Report> {
  return answerRequest(io, idText, options, {
    done: "Approved",
    question: "Sign this?",
    async send(place, approval, key) {
      const typedData = approval.typedData as Parameters<LocalAccount["signTypedData"]>[0];
      return sendSignature(place, approval.id, { signature: await key.signTypedData(typedData), signer: key.address });
    },
  });
}

/** Shows a request, asks, and brings a signed refusal to the collector. */
export async function rejectRequest(
  io: Io,
  idText: string | undefined,
  options: CommonOptions & CollectorOption & { reason?: string },
): Promise<Report> {
  const { reason = "" } = options;
  return answerRequest(io, idText, options, {
    done: "Refused",
    question: "Refuse this?",
    async send(place, approval, key) {
      const typedData = rejectionTypedData(approval, reason) as Parameters<LocalAccount["signTypedData"]>[0];
      const signature = await key.signTypedData(typedData);
      return sendRejection(place, approval.id, { reason, signature, signer: key.address });
    },
  });
}

async function requestAt(place: CollectorPlace, id: Hex): Promise<CollectedApproval> {
  try {
    return await approvalAt(place, id);
  } catch (error) {
    if (!(error instanceof CollectorRefusedError && error.reason === "not_found")) throw error;
    throw new CommandError(`The collector has no request ${id}.`, {
      cause: error,
      facts: { Collector: place.url },
      next: "It may have expired, or stand at another collector. `recourse multisig approvals` shows what is asked.",
    });
  }
}

type Answer = {
  done: string;
  question: string;
  send(place: CollectorPlace, approval: CollectedApproval, key: LocalAccount): Promise<CollectedApproval>;
};

async function answerRequest(
  io: Io,
  idText: string | undefined,
  options: CommonOptions & CollectorOption,
  { done, question, send }: Answer,
): Promise<Report> {
  if (idText === undefined) throw new OptionsMissingError(["<id>, as `recourse multisig approvals` shows it"]);
  const id = parseId(idText);
  const session = await openSession(io, options, {
    needsKey: true,
    missing: [missingCollector(options, io), missingConsent(io, options)],
  });
  const { client } = session;
  const place = collectorOf(options, io.env) as CollectorPlace;
  const key = keyOf(session);
  const told = await requestAt(place, id);
  if (told.chainId !== client.chain.id) {
    throw new CommandError("The request is of another chain.", {
      facts: { "Request's": told.chainId, "Node's": client.chain.id },
      next: "Name a node of its chain by `--rpc`.",
    });
  }
  const account = await readMultisig(client, told.account);
  ownSigner(account, key.address);
  const known = await knowApproval(client, account, told);
  const { approval } = known;
  const words = describeApproval(known, account);
  const isOwn = ({ signer }: { signer: Address }) => isAddressEqual(signer, key.address);
  if (approval.signatures.some(isOwn)) {
    return {
      text: [`${key.address} has signed this already. Nothing was sent.`, ...words],
      json: { ...requestReport(known, account), sent: false },
    };
  }
  if (options.dryRun) {
    return {
      text: ["Dry run, nothing was signed.", ...words],
      json: { ...requestReport(known, account), sent: false },
    };
  }
  if (!options.json && !options.yes) say(io, words.join("\n"));
  await confirm(session, approval.rejections.some(isOwn) ? `You have refused this. ${question}` : question);
  const answered = await checkApproval(client, account, await send(place, approval, key));
  return {
    text: [`${done}.`, ...describeApproval(answered, account)],
    json: { ...requestReport(answered, account), sent: true },
  };
}
