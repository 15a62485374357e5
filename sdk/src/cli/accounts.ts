import type { Hex } from "viem";
import { type Address, erc20Abi, isAddressEqual } from "viem";
import { readContract } from "viem/actions";
import { nonce as readNonce } from "../generated/actions/multisig/nonce.js";
import { spendableOf } from "../generated/actions/multisig/spendableOf.js";
import type { MultisigConfig, Signer, Spendable } from "../generated/types.js";
import { type MultisigAccount, readAccount, signerOf } from "../multisig/account.js";
import type { CollectorPlace } from "../multisig/collectOverHttp.js";
import { isAccount } from "../multisig/isAccount.js";
import type { Environment, Reader } from "./connection.js";
import { CommandError, UsageError } from "./errors.js";
import { money, table } from "./format.js";
import { parseAddress } from "./parse.js";
import { askForText } from "./prompts.js";
import type { Io, Report, Session } from "./session.js";
import { readToken, type Token } from "./token.js";

/** An account, with how amounts of its tokens are written. */
export type KnownAccount = MultisigAccount & { tokens: readonly Token[]; nonce: bigint };

/** Reads an account, and insists that it is one of ours. */
export async function readMultisig(client: Reader, address: Address): Promise<KnownAccount> {
  if (!(await isAccount(client, { address }))) {
    throw new CommandError(`${address} is no account of ours on ${client.chain.name}.`, {
      next: "Check the address, and the chain that the node is of. `recourse multisig create` deploys one.",
    });
  }
  const [account, nonce] = await Promise.all([readAccount(client, { address }), readNonce(client, { address })]);
  const tokens = await Promise.all(account.config.tokens.map(({ token }) => readToken(client, token)));
  return { ...account, nonce, tokens };
}

/** The account that was named, or that somebody names now. */
export async function accountNamed(io: Io, text: string | undefined): Promise<Address> {
  return text === undefined
    ? askForText(io, { message: "Address of the account", parse: parseAddress })
    : parseAddress(text);
}

/** The token that was named, or the only one that the account has rules for. */
export function tokenOf({ address, tokens }: KnownAccount, text: string | undefined): Token {
  const named = text === undefined ? undefined : parseAddress(text);
  const fitting = tokens.filter((token) => named === undefined || isAddressEqual(token.address, named));
  const [token] = fitting;
  if (token && fitting.length === 1) return token;
  throw new UsageError(
    named ? `${address} has no rules for ${named}.` : `${address} has rules for ${tokens.length} tokens.`,
    {
      facts: { Tokens: tokens.map((each) => `${each.address} (${each.symbol})`) },
      next: "Name one of them by `--token`.",
    },
  );
}

/** The key's place among those who sign for an account. */
export function ownSigner(account: MultisigAccount, key: Address): Signer {
  const signer = signerOf(account, key);
  if (signer) return signer;
  throw new CommandError(`${key} does not sign for ${account.address}.`, {
    facts: { Signers: account.config.signers.map(signerText) },
    next: "Use the key of one of its signers, by `--key-file` or RECOURSE_PRIVATE_KEY.",
  });
}

/** `0x… (human, 2)`. */
export function signerText({ account, isContract, isHuman, weight }: Signer): string {
  return `${account} (${isHuman ? "human" : "agent"}${isContract ? ", a contract" : ""}, ${weight})`;
}

/** Signers for a reader. */
export function listed(signers: readonly Signer[]): string {
  return signers.map(signerText).join(", ") || "nobody";
}

/* RULES */

/** What an account has of a token, and what its agents can spend of that. */
export type Funds = Spendable & { token: Token; balance: bigint };

/** What there is of each token that an account has rules for. */
export async function readFunds(client: Reader, { address, tokens }: KnownAccount): Promise<Funds[]> {
  return Promise.all(
    tokens.map(async (token) => {
      const erc20 = { abi: erc20Abi, address: token.address } as const;
      const [balance, spendable] = await Promise.all([
        readContract(client, { ...erc20, args: [address], functionName: "balanceOf" }),
        spendableOf(client, { address, token: token.address }),
      ]);
      return { ...spendable, balance, token };
    }),
  );
}

/** The rules in sentences. */
export function describeRules(
  { fullWeight, payees, signers, tokens }: MultisigConfig,
  known: readonly Token[],
): string[] {
  return [
    "Signers",
    ...table(
      signers.map(({ account, isContract, isHuman, weight }) => [
        `  ${account}`,
        `${isHuman ? "human" : "agent"}${isContract ? ", a contract" : ""}`,
        `weight ${weight}`,
      ]),
    ),
    `Everything that is no payment within a tier needs weight ${fullWeight}.`,
    payees.length === 0 ? "Anybody may be paid." : `Only these may be paid: ${payees.join(", ")}.`,
    ...tokens.flatMap(({ refillPerDay, refillTarget, reserve, tiers, token }) => {
      const format = known.find(({ address }) => isAddressEqual(address, token));
      const text = (value: bigint) => (format ? money(value, format) : String(value));
      return [
        `${format?.symbol ?? "Token"} (${token})`,
        ...tiers.map(({ maxValue, weight }) => `  up to ${text(maxValue)} with weight ${weight}`),
        `  more with weight ${fullWeight}`,
        `  ${text(reserve)} is reserved at first: no payment without a human touches the reserve`,
        refillPerDay === 0n
          ? "  no refills"
          : `  refills lower the reserve by up to ${text(refillPerDay)} a day, until ${text(refillTarget)} is spendable`,
      ];
    }),
  ];
}

/** Rules for JSON: amounts as decimal texts. */
export function rulesJson({ fullWeight, payees, signers, tokens }: MultisigConfig): Report["json"] {
  return {
    fullWeight,
    signers,
    payees,
    tokens: tokens.map(({ refillPerDay, refillTarget, reserve, tiers, token }) => ({
      token,
      reserve: String(reserve),
      refillPerDay: String(refillPerDay),
      refillTarget: String(refillTarget),
      tiers: tiers.map(({ maxValue, weight }) => ({ maxValue: String(maxValue), weight })),
    })),
  };
}

/* COLLECTORS */

/** The option of all commands that ask a collector. */
export type CollectorOption = { collector?: string };

/** The collector that was named, if any was. */
export function collectorOf({ collector }: CollectorOption, env: Environment): CollectorPlace | undefined {
  const url = collector ?? env.RECOURSE_COLLECTOR_URL;
  if (url === undefined || url === "") return undefined;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError("The URL of the collector is wrong.", { next: "It begins with http:// or https://." });
  }
  return { url };
}

/** What is missing where no collector was named. */
export function missingCollector(options: CollectorOption, { env }: Io): string | false {
  return collectorOf(options, env) === undefined && "--collector <url>, or RECOURSE_COLLECTOR_URL";
}

/** The key of the session, which the command cannot do without. */
export function keyOf({ account }: Session): NonNullable<Session["account"]> {
  if (!account) throw new UsageError("A key is needed to sign this.", { next: "Name its file by `--key-file`." });
  return account;
}

/** 32 bytes. */
export function parseId(text: string): Hex {
  const trimmed = text.trim().toLowerCase();
  if (/^0x[\da-f]{64}$/.test(trimmed)) return trimmed as Hex;
  throw new UsageError(`"${text}" is no id of a request.`, {
    next: "Copy it from `recourse multisig approvals`: 0x and 64 hexadecimal digits.",
  });
}
