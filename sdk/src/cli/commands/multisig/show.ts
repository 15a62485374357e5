import type { Spendable } from "../../../generated/types.js";
import { accountNamed, describeRules, readMultisig, readSpendable, rulesJson } from "../../accounts.js";
import { money, table } from "../../format.js";
import { type CommonOptions, type Io, openSession, type Report } from "../../session.js";
import type { Token } from "../../token.js";
import { missingAddress } from "../arguments.js";

/** An account: its rules, what its agents can spend, and its numbers. */
export async function showAccount(io: Io, text: string | undefined, options: CommonOptions): Promise<Report> {
  const session = await openSession(io, options, { needsKey: false, missing: [missingAddress(io, text, "account")] });
  const { client } = session;
  const account = await readMultisig(client, await accountNamed(io, text));
  const spendable = await readSpendable(client, account);
  const { address, chainId, config, epoch, nonce, tokens } = account;
  return {
    text: [
      `${address} on ${client.chain.name}`,
      ...describeRules(config, tokens).map((line) => `  ${line}`),
      "",
      ...tokens.flatMap((token, index) => spendableText(spendable[index] as Spendable, token)),
      `Its rules have changed ${epoch} times (epoch ${epoch}); its next execute is number ${nonce}.`,
    ],
    json: {
      account: address,
      chainId,
      epoch: String(epoch),
      nonce: String(nonce),
      rules: rulesJson(config),
      spendable: tokens.map((token, index) => ({
        token: token.address,
        ...spendableJson(spendable[index] as Spendable),
      })),
    },
  };
}

function spendableText({ afterRefill, amount, perDay, reserve, target }: Spendable, token: Token): string[] {
  const text = (value: bigint) => money(value, token);
  return [
    `${token.symbol}, without a human`,
    ...table([
      ["  spendable now", text(amount)],
      ["  after a refill now", text(afterRefill)],
      [
        "  grows to",
        perDay === 0n ? "no more" : `${text(target)}, by up to ${text(perDay)} a day, as far as there is money`,
      ],
      ["  reserved", text(reserve)],
    ]),
  ];
}

function spendableJson(spendable: Spendable): Report["json"] {
  return Object.fromEntries(Object.entries(spendable).map(([name, value]) => [name, String(value)]));
}
