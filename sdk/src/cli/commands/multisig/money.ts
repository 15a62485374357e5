import { erc20Abi } from "viem";
import { readContract } from "viem/actions";
import { fundCall } from "../../../generated/actions/multisig/fund.js";
import { isRevoked } from "../../../generated/actions/multisig/isRevoked.js";
import { refillCall } from "../../../generated/actions/multisig/refill.js";
import { revokeCall } from "../../../generated/actions/multisig/revoke.js";
import { accountNamed, keyOf, ownSigner, parseId, readFunds, readMultisig, tokenOf } from "../../accounts.js";
import { CommandError, OptionsMissingError } from "../../errors.js";
import { money } from "../../format.js";
import { parseAmount } from "../../parse.js";
import { type CommonOptions, type Io, missingConsent, openSession, type Report, senderOf } from "../../session.js";
import { movementsOf, outcomeJson, outcomeText, perform, type Step } from "../../transaction.js";
import { missingAddress } from "../arguments.js";

export type MoneyOptions = CommonOptions & { amount?: string; token?: string };

/** Pays money in, which agents cannot spend sooner than refills make it. */
export async function fundAccount(io: Io, text: string | undefined, options: MoneyOptions): Promise<Report> {
  const session = await openSession(io, options, {
    needsKey: true,
    missing: [
      missingAddress(io, text, "account"),
      options.amount === undefined && "--amount <amount>, like 25",
      missingConsent(io, options),
    ],
  });
  const { client } = session;
  const account = await readMultisig(client, await accountNamed(io, text));
  const { address } = account;
  const token = tokenOf(account, options.token);
  const amount = parseAmount(options.amount ?? "", token);
  const sender = senderOf(session, address);
  const erc20 = { abi: erc20Abi, address: token.address } as const;
  const [balance, allowance] = await Promise.all([
    readContract(client, { ...erc20, args: [sender], functionName: "balanceOf" }),
    readContract(client, { ...erc20, args: [sender, address], functionName: "allowance" }),
  ]);
  if (balance < amount) {
    throw new CommandError(`${sender} has too little ${token.symbol}.`, {
      facts: { Balance: money(balance, token), "To pay": money(amount, token) },
      next: "Fund with less, or send it some.",
    });
  }
  const approval: Step = {
    purpose: `let the account take ${money(amount, token)} from ${sender}`,
    call: { ...erc20, args: [address, amount], functionName: "approve" },
    movements: [],
  };
  const needsApproval = allowance < amount;
  const funding: Step = {
    purpose: `fund ${address} with ${money(amount, token)}`,
    call: fundCall({ address, amount, token: token.address }),
    movements: movementsOf({ from: sender, to: address, amount }),
    isDependent: needsApproval,
  };
  const outcome = await perform(session, {
    steps: needsApproval ? [approval, funding] : [funding],
    otherwise: sender,
    question: `Pay ${money(amount, token)} into ${address}? Its agents can spend it only as refills make it spendable.`,
    token,
  });
  return {
    text: outcomeText(outcome, session),
    json: { account: address, token: token.address, amount: String(amount), ...outcomeJson(outcome) },
  };
}

/** Makes a part of the reserve spendable, as far as the rate allows. */
export async function refillAccount(io: Io, text: string | undefined, options: MoneyOptions): Promise<Report> {
  const session = await openSession(io, options, {
    needsKey: !options.dryRun,
    missing: [missingAddress(io, text, "account"), missingConsent(io, options)],
  });
  const { client } = session;
  const account = await readMultisig(client, await accountNamed(io, text));
  const { address } = account;
  const token = tokenOf(account, options.token);
  const funds = (await readFunds(client, account)).find((each) => each.token === token);
  const gain = funds ? funds.afterRefill - funds.amount : 0n;
  const isShort = funds !== undefined && funds.balance < funds.reserve;
  const outcome = await perform(session, {
    steps: [
      {
        purpose:
          gain === 0n && isShort
            ? `lower the reserve, of which ${money(funds.reserve - funds.balance, token)} is not there; nothing becomes spendable yet`
            : `make about ${money(gain, token)} of the reserve spendable`,
        call: refillCall({ address, token: token.address }),
        movements: [],
      },
    ],
    otherwise: address,
    question: `Refill what the agents of ${address} can spend?`,
    token,
  });
  return {
    text: outcomeText(outcome, session),
    json: { account: address, token: token.address, ...outcomeJson(outcome) },
  };
}

/** Ends a standing approval, by the key of a human signer. */
export async function revokeApproval(
  io: Io,
  [text, approvalText]: readonly [account?: string, approval?: string],
  options: CommonOptions,
): Promise<Report> {
  if (approvalText === undefined) throw new OptionsMissingError(["<approval>, the id of the standing approval"]);
  const approval = parseId(approvalText);
  const session = await openSession(io, options, {
    needsKey: true,
    missing: [missingAddress(io, text, "account"), missingConsent(io, options)],
  });
  const { client } = session;
  const account = await readMultisig(client, await accountNamed(io, text));
  const { address } = account;
  if (await isRevoked(client, { address, approval })) {
    return {
      text: [`${approval} is revoked already. Nothing was sent.`],
      json: { account: address, approval, dryRun: options.dryRun ?? false, transactions: [] },
    };
  }
  const key = keyOf(session).address;
  ownSigner(account, key);
  const outcome = await perform(session, {
    steps: [{ purpose: `revoke ${approval}`, call: revokeCall({ address, approval }), movements: [] }],
    otherwise: key,
    question: "Revoke this standing approval? It cannot be given back.",
  });
  return { text: outcomeText(outcome, session), json: { account: address, approval, ...outcomeJson(outcome) } };
}
