import { type Address, isAddressEqual } from "viem";
import { planStage } from "../../generated/actions/subscriptionPlan/planStage.js";
import { headline } from "../describeTerms.js";
import { counted, table } from "../format.js";
import { deployedVaultsIn, logsOf } from "../history.js";
import { parseAddress, parseBlock } from "../parse.js";
import { decodeTerms, planFactory, stageName, termsJson, tokenJson } from "../plans.js";
import { type CommonOptions, type Io, openSession, type Report, withProgress } from "../session.js";
import { readToken, type Token } from "../token.js";

export type ListOptions = CommonOptions & { merchant?: string; fromBlock?: string };

/** The plans of a merchant: those whose receiver or operator it is. */
export async function listPlans(io: Io, options: ListOptions): Promise<Report> {
  const named = options.merchant === undefined ? undefined : parseAddress(options.merchant);
  const fromBlock = options.fromBlock === undefined ? undefined : parseBlock(options.fromBlock);
  const session = await openSession(io, options, { needsKey: named === undefined, missing: [] });
  const { account, client } = session;
  const merchant = named ?? (account?.address as Address);

  const address = await planFactory(client);
  const plans = await withProgress(session, async (onProgress) => {
    const logs = await logsOf(client, { address, fromBlock, onProgress });
    const mine = deployedVaultsIn(logs)
      .map(({ blockNumber, encodedTerms, vault }) => ({ blockNumber, plan: vault, terms: decodeTerms(encodedTerms) }))
      .filter(({ terms }) => [terms.receiver, terms.operator].some((party) => isAddressEqual(party, merchant)));
    onProgress(`Reading ${counted(mine.length, "plan")}`);
    const tokens = new Map<Address, Promise<Token>>();
    for (const { terms } of mine) {
      if (!tokens.has(terms.token)) tokens.set(terms.token, readToken(client, terms.token));
    }
    return Promise.all(
      mine.map(async ({ blockNumber, plan, terms }) => ({
        blockNumber,
        plan,
        terms,
        stage: stageName(await planStage(client, { address: plan })),
        token: (await tokens.get(terms.token)) as Token,
      })),
    );
  });

  return {
    text: [
      `${merchant} has ${counted(plans.length, "plan")} on ${client.chain.name}${plans.length === 0 ? "." : ":"}`,
      ...table(plans.map(({ plan, stage, terms, token }) => [`  ${plan}`, stage, headline(terms, token)])),
    ],
    json: {
      chainId: client.chain.id,
      merchant,
      plans: plans.map(({ blockNumber, plan, stage, terms, token }) => ({
        plan,
        stage,
        block: Number(blockNumber),
        words: headline(terms, token),
        terms: termsJson(terms),
        token: tokenJson(token),
      })),
    },
  };
}
