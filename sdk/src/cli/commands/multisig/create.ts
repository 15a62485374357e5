import { type Address, IntegerOutOfRangeError, zeroHash } from "viem";
import { getCode } from "viem/actions";
import { deployCall } from "../../../generated/actions/multisigFactory/deploy.js";
import { addresses } from "../../../generated/addresses.js";
import type { MultisigConfig } from "../../../generated/types.js";
import { accountAddress } from "../../../multisig/accountAddress.js";
import { encodeConfig } from "../../../multisig/config.js";
import { readRules, rulesOf, saltOf, type WrittenRules } from "../../accountRules.js";
import { describeRules, rulesJson } from "../../accounts.js";
import { CommandError, UsageError } from "../../errors.js";
import { type CommonOptions, type Io, missingConsent, openSession, type Report, say } from "../../session.js";
import { defaultTokenOf, readToken, type Token } from "../../token.js";
import { outcomeJson, outcomeText, perform } from "../../transaction.js";

export type CreateAccountOptions = CommonOptions & {
  config?: string;
  signer?: string[];
  fullWeight?: string;
  payee?: string[];
  token?: string;
  tiers?: string;
  reserve?: string;
  refillPerDay?: string;
  refillTarget?: string;
  salt?: string;
};

/** Deploys an account unless it exists, and says what its rules mean. */
export async function createAccount(io: Io, options: CreateAccountOptions): Promise<Report> {
  const { config: path, fullWeight, signer, tiers } = options;
  const isByFile = path !== undefined;
  if (isByFile && [signer, fullWeight, tiers, options.payee, options.reserve].some((given) => given !== undefined)) {
    throw new UsageError("Rules were given twice.", { next: "Give `--config`, or the rules one by one." });
  }
  const session = await openSession(io, options, {
    needsKey: !options.dryRun,
    missing: [
      !isByFile && signer === undefined && '--signer <signer>, like "agent:0x…:1", once for each (or --config)',
      !isByFile && fullWeight === undefined && "--full-weight <weight>, what everything else needs (or --config)",
      !isByFile && tiers === undefined && '--tiers <tiers>, like "1:1,100:3" (or --config)',
      missingConsent(io, options),
    ],
  });
  const { client } = session;
  const { factory } = addresses.multisig;
  if ((await getCode(client, { address: factory })) === undefined) {
    throw new CommandError(`There is no factory of accounts on ${client.chain.name}.`, {
      facts: { Factory: factory },
      next: "Check the chain that the node is of.",
    });
  }
  const written = isByFile ? await readRules(path) : rulesIn(options);
  const tokens: Token[] = [];
  const config = await rulesOf(written, async (named) => {
    const token = await readToken(client, named ?? defaultTokenOf(client.chain.id));
    tokens.push(token);
    return token;
  });
  const salt = saltOf(options.salt ?? written.salt) ?? zeroHash;
  const account = addressFor(config, salt);
  const text = describeRules(config, tokens).map((line) => `  ${line}`);
  const json = { account, chainId: client.chain.id, salt, rules: rulesJson(config) };
  if ((await getCode(client, { address: account })) !== undefined) {
    return {
      text: [`The account was created already: ${account}. Nothing was sent.`],
      json: { ...json, created: false, exists: true, dryRun: options.dryRun ?? false, transactions: [] },
    };
  }

  if (!options.json && !options.yes && !options.dryRun)
    say(io, [`The account will be ${account}.`, ...text, ""].join("\n"));
  const outcome = await perform(session, {
    steps: [
      {
        purpose: `deploy the account ${account}`,
        call: deployCall({ address: factory, config: encodeConfig(config), salt }),
        movements: [],
      },
    ],
    otherwise: factory,
    question: "Deploy this account? Its address is the same on every chain, and so are its first signers.",
  });
  const isCreated = !outcome.isDryRun;
  return {
    text: [
      isCreated ? `Created the account ${account}.` : `Dry run, nothing was sent. The account would be ${account}.`,
      ...text,
      "",
      ...outcomeText(outcome, session),
    ],
    json: { ...json, created: isCreated, exists: isCreated, ...outcomeJson(outcome) },
  };
}

function rulesIn(options: CreateAccountOptions): WrittenRules {
  const { fullWeight = "", payee, refillPerDay, refillTarget, reserve, signer = [], tiers = "", token } = options;
  return {
    fullWeight,
    payees: payee,
    signers: signer,
    tokens: [{ refillPerDay, refillTarget, reserve, tiers, token }],
  };
}

function addressFor(config: MultisigConfig, salt: `0x${string}`): Address {
  try {
    return accountAddress(config, salt);
  } catch (cause) {
    if (!(cause instanceof IntegerOutOfRangeError)) throw cause;
    throw new CommandError("An amount is larger than an account can hold.", { cause, next: "Choose less." });
  }
}
