import type { Address } from "viem";
import type { Pair } from "../../generated/types.js";
import { parseAddress } from "../parse.js";
import { askForText } from "../prompts.js";
import type { Io } from "../session.js";

/** What is missing when an address was not given and nobody can be asked. */
export function missingAddress(io: Io, text: string | undefined, name: string): string | false {
  return !io.isInteractive && text === undefined && `<${name}>, the address of the ${name}`;
}

/** The plan that was named, or that somebody names now. */
export async function planAddress(io: Io, text: string | undefined): Promise<Address> {
  return text === undefined
    ? askForText(io, { message: "Address of the plan", parse: parseAddress })
    : parseAddress(text);
}

/** The subscription that was named; who uses it is the subscriber where nobody else was named. */
export async function pairOf(
  io: Io,
  subscriberText: string | undefined,
  beneficiaryText: string | undefined,
): Promise<Pair> {
  const subscriber =
    subscriberText === undefined
      ? await askForText(io, { message: "Address of the subscriber", parse: parseAddress })
      : parseAddress(subscriberText);
  return { subscriber, beneficiary: beneficiaryText === undefined ? subscriber : parseAddress(beneficiaryText) };
}
