import { type Address, type Hex, isAddressEqual, isHex } from "viem";
import { call as callContract, getBlock, getGasPrice } from "viem/actions";
import { withContractErrors } from "../../../contractErrorFrom.js";
import { executeCall } from "../../../generated/actions/multisig/execute.js";
import { reconfigureCall } from "../../../generated/actions/multisig/reconfigure.js";
import { setReserveCall } from "../../../generated/actions/multisig/setReserve.js";
import type { Call, Execute } from "../../../generated/types.js";
import { validOnes } from "../../../multisig/approvals.js";
import type { Collect } from "../../../multisig/collect.js";
import { type CollectorPlace, collectOverHttp, pendingApprovals } from "../../../multisig/collectOverHttp.js";
import { encodeConfig } from "../../../multisig/config.js";
import { callOf, signExecute } from "../../../multisig/execute.js";
import { readRules, rulesOf } from "../../accountRules.js";
import {
  accountNamed,
  type CollectorOption,
  collectorOf,
  type KnownAccount,
  keyOf,
  listed,
  ownSigner,
  readMultisig,
  tokenOf,
} from "../../accounts.js";
import { callText } from "../../describeApproval.js";
import { OptionsMissingError, UsageError } from "../../errors.js";
import { date } from "../../format.js";
import { parseAddress, parseAmount, parseDuration } from "../../parse.js";
import {
  type CommonOptions,
  confirm,
  type Io,
  missingConsent,
  openSession,
  type Report,
  type Session,
  say,
} from "../../session.js";
import { defaultTokenOf, readToken } from "../../token.js";
import { checkFunds, outcomeJson, outcomeText, perform } from "../../transaction.js";
import { missingAddress } from "../arguments.js";

export type ExecuteOptions = CommonOptions &
  CollectorOption & {
    setReserve?: string;
    token?: string;
    reconfigure?: string;
    to?: string;
    data?: string;
    value?: string;
    deadline?: string;
  };

const POLLING_MS = 1_000;
/** An execute takes more; how much is known when it is signed. */
const LEAST_GAS = 60_000n;

/** Collects full weight for a call that the account makes, and sends it. Asked again, it goes on with what was collected. */
export async function executeCalls(io: Io, text: string | undefined, options: ExecuteOptions): Promise<Report> {
  const patience = parseDuration(options.deadline ?? "1d");
  const session = await openSession(io, options, {
    needsKey: true,
    missing: [
      missingAddress(io, text, "account"),
      [options.setReserve, options.reconfigure, options.to].every((given) => given === undefined) &&
        "what to do: --set-reserve <amount>, --reconfigure <file>, or --to <address> with --data <hex>",
      missingConsent(io, options),
    ],
  });
  const { client } = session;
  const account = await readMultisig(client, await accountNamed(io, text));
  const { address } = account;
  const key = keyOf(session);
  ownSigner(account, key.address);
  const call = await callIn(session, account, options);
  // What the account itself cannot do is not worth anybody's signature.
  await withContractErrors(callContract(client, { account: address, data: call.data, to: call.to, value: call.value }));
  const words = callText(call, account.tokens);
  const json = { account: address, calls: [{ ...call, value: String(call.value) }], nonce: String(account.nonce) };
  if (options.dryRun) {
    return {
      text: [`Dry run, nothing was signed. ${address} would`, ...words.map((line) => `  ${line}`)],
      json: { ...json, dryRun: true, transactions: [] },
    };
  }

  // Nobody should be asked to sign what cannot be sent.
  await checkFunds(session, key.address, LEAST_GAS * (await getGasPrice(client)));
  if (!options.json && !options.yes) say(io, [`${address} would`, ...words.map((line) => `  ${line}`)].join("\n"));
  await confirm(session, "Sign this, ask the others for their approval, and send it?");
  const place = collectorOf(options, io.env);
  // The chain judges by its clock, and whoever collects by ours: of a local chain they differ.
  const { timestamp } = await getBlock(client);
  const now = Math.max(Number(timestamp), Math.floor(Date.now() / 1_000));
  const latest = BigInt(now + patience);
  const deadline = (place && (await deadlineSigned(place, key.address, { account, call, client, latest }))) ?? latest;
  const collect = place && announced(session, collectOverHttp({ ...place, pollingInterval: POLLING_MS }));
  const signed = await signExecute({ account: address, calls: [call], client, collect, deadline, signers: [key] });
  const outcome = await perform(
    { ...session, options: { ...options, yes: true } },
    {
      steps: [{ purpose: `let ${address} act`, call: executeCall(signed), movements: [] }],
      otherwise: key.address,
      question: "Send it?",
    },
  );
  return { text: [...words, ...outcomeText(outcome, session)], json: { ...json, ...outcomeJson(outcome) } };
}

/** Says who is waited for, and what they are asked. */
function announced({ io, options }: Session, collect: Collect): Collect {
  return (request, waiting) => {
    const { expiresAt, id, missing } = request;
    if (!options.json) {
      say(io, `Waiting until ${date(expiresAt)} for ${listed(missing)}\n  recourse multisig approve ${id}`);
    }
    return collect(request, waiting);
  };
}

async function callIn({ client }: Session, account: KnownAccount, options: ExecuteOptions): Promise<Call> {
  const { data, reconfigure, setReserve, to, value } = options;
  const { address } = account;
  if ([setReserve, reconfigure, to].filter((given) => given !== undefined).length > 1) {
    throw new UsageError("More than one thing was asked for.", { next: "Do one after the other." });
  }
  if (setReserve !== undefined) {
    const token = tokenOf(account, options.token);
    return callOf(setReserveCall({ address, amount: parseAmount(setReserve, token), token: token.address }));
  }
  if (reconfigure !== undefined) {
    const config = await rulesOf(await readRules(reconfigure), (named) =>
      readToken(client, named ?? defaultTokenOf(client.chain.id)),
    );
    return callOf(reconfigureCall({ address, packed: encodeConfig(config) }));
  }
  if (to === undefined) throw new OptionsMissingError(["--to <address>"]);
  return { to: parseAddress(to) as Address, value: parseWei(value ?? "0"), data: parseData(data ?? "0x") };
}

function parseData(text: string): Hex {
  if (isHex(text) && text.length % 2 === 0) return text;
  throw new UsageError(`"${text}" is no data of a call.`, { next: "Write 0x and hexadecimal digits, two a byte." });
}

function parseWei(text: string): bigint {
  if (/^\d+$/.test(text)) return BigInt(text);
  throw new UsageError(`"${text}" is no value of a call.`, { next: "Write it in wei, in decimal digits." });
}

type Wanted = { account: KnownAccount; call: Call; client: Session["client"]; latest: bigint };

/**
 * The deadline that this key signed the same call with, if it did: signatures that others gave then still count. What only others
 * signed is not taken over, since each of an account's signers, an agent too, can have asked for it to end at any time.
 */
async function deadlineSigned(
  place: CollectorPlace,
  key: Address,
  { account, call, client, latest }: Wanted,
): Promise<bigint | undefined> {
  const now = BigInt(Math.floor(Date.now() / 1_000));
  const isOurs = (execute: Execute) =>
    isSame(execute, account, call) && execute.deadline > now && execute.deadline <= latest;
  const asked = (await pendingApprovals(place, account.address, { withApproved: true }))
    .filter(({ typedData }) => typedData.primaryType === "Execute")
    .map(({ signatures, typedData }) => ({
      own: signatures.filter(({ signer }) => isAddressEqual(signer, key)),
      typedData,
      execute: typedData.message as unknown as Execute,
    }))
    .filter(({ execute }) => isOurs(execute));
  const signed = await Promise.all(
    asked.map(async ({ execute, own, typedData }) =>
      (await validOnes(client, account, typedData, own)).length > 0 ? [execute.deadline] : [],
    ),
  );
  return signed.flat()[0];
}

function isSame({ calls, epoch, nonce }: Execute, account: KnownAccount, call: Call): boolean {
  const [asked] = calls;
  return (
    epoch === account.epoch &&
    nonce === account.nonce &&
    calls.length === 1 &&
    asked?.to.toLowerCase() === call.to.toLowerCase() &&
    asked.data.toLowerCase() === call.data.toLowerCase() &&
    asked.value === call.value
  );
}
