import { PeriodUnit, type SubscriptionPlanTerms } from "../generated/types.js";

/** What a merchant pastes into its server. */
export function snippetOf(terms: SubscriptionPlanTerms, chainId: number): string {
  return `import { PeriodUnit } from "@recourse/sdk/subscription";
import { subscription } from "@recourse/sdk/subscription/server";
import { declareSIWxExtension } from "@x402/extensions/sign-in-with-x";

const network = "eip155:${chainId}";
const plan = {
${fieldsOf(terms)
  .map(([name, value]) => `  ${name}: ${value},`)
  .join("\n")}
} as const;

// A route of the official middleware: paymentMiddleware({ "GET /feed": feed }, server). Who has paid signs in: the server
// has the scheme with \`access\`, as the README shows under "Charge by the month".
export const feed = {
  accepts: [subscription({ network, plan })],
  extensions: declareSIWxExtension({ network }),
};`;
}

/** All of them, in the order of the contract. */
function fieldsOf(terms: SubscriptionPlanTerms): [name: string, value: string][] {
  return Object.entries(terms).map(([name, value]) => [name, literal(name, value)]);
}

function literal(name: string, value: string | number | bigint): string {
  if (name === "periodUnit") return `PeriodUnit.${value === PeriodUnit.Months ? "Months" : "Seconds"}`;
  return typeof value === "string" ? `"${value}"` : `${value}${typeof value === "bigint" ? "n" : ""}`;
}
