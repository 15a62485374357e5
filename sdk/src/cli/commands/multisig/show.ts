import { accountNamed, describeRules, type Funds, readFunds, readMultisig, rulesJson } from "../../accounts.js";
import { money, table } from "../../format.js";
import { type CommonOptions, type Io, openSession, type Report } from "../../session.js";
import { missingAddress } from "../arguments.js";

/** An account: its rules, what its agents can spend, and its numbers. */
export async function showAccount(io: Io, text: string | undefined, options: CommonOptions): Promise<Report> {
  const session = await openSession(io, options, { needsKey: false, missing: [missingAddress(io, text, "account")] });
  const { client } = session;
  const account = await readMultisig(client, await accountNamed(io, text));
  const funds = await readFunds(client, account);
  const { address, chainId, config, epoch, nonce, tokens } = account;
  return {
    text: [
      `${address} on ${client.chain.name}`,
      ...describeRules(config, tokens).map((line) => `  ${line}`),
      "",
      ...funds.flatMap(fundsText),
      `Its rules have changed ${epoch} times (epoch ${epoch}); its next execute is number ${nonce}.`,
    ],
    json: {
      account: address,
      chainId,
      epoch: String(epoch),
      nonce: String(nonce),
      rules: rulesJson(config),
      spendable: funds.map(fundsJson),
    },
  };
}

function fundsText({ afterRefill, amount, balance, perDay, reserve, target, token }: Funds): string[] {
  const text = (value: bigint) => money(value, token);
  return [
    token.symbol,
    ...table([
      ["  in the account", text(balance)],
      ["  spendable now without a human", text(amount)],
      ["  after a refill now", text(afterRefill)],
      [
        "  grows to",
        perDay === 0n ? "no more" : `${text(target)}, by up to ${text(perDay)} a day, as far as there is money`,
      ],
      ["  reserved", text(reserve)],
    ]),
    ...missingText({ balance, reserve }, text),
  ];
}

/** An account that has less than its reserve lets agents spend nothing, however much is funded. */
function missingText({ balance, reserve }: Pick<Funds, "balance" | "reserve">, text: (value: bigint) => string) {
  if (balance >= reserve) return [];
  return [
    `  ${text(reserve - balance)} of the reserve is not there: agents spend nothing until it is. Send it by an ordinary`,
    "  transfer (`fund` raises the reserve as well), or lower the reserve by `execute --set-reserve`.",
  ];
}

function fundsJson({ token, ...amounts }: Funds): Report["json"] {
  const texts = Object.entries(amounts).map(([name, value]) => [name, String(value)]);
  return { token: token.address, ...Object.fromEntries(texts) };
}
