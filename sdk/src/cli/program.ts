import { Command, CommanderError } from "commander";
import { cancelSubscription } from "./commands/cancel.js";
import { claimRevenue } from "./commands/claim.js";
import { createPlan } from "./commands/create.js";
import { listPlans } from "./commands/list.js";
import { approveRequest, listApprovals, rejectRequest } from "./commands/multisig/approvals.js";
import { runCollector } from "./commands/multisig/collector.js";
import { createAccount } from "./commands/multisig/create.js";
import { executeCalls } from "./commands/multisig/execute.js";
import { fundAccount, refillAccount, revokeApproval } from "./commands/multisig/money.js";
import { showAccount } from "./commands/multisig/show.js";
import { refundCharge } from "./commands/refund.js";
import { showPlan } from "./commands/show.js";
import { closePlan, endPlan } from "./commands/stage.js";
import { AbortedError, errorText, shownError, UsageError } from "./errors.js";
import { type Io, type Report, say } from "./session.js";

const DONE = 0;
const FAILED = 1;
const MISUSED = 2;

/**
 * Runs the command with these arguments, and says what it found or what went wrong.
 *
 * @returns The exit code: 0 when it was done, 1 when it failed, 2 when what was typed is wrong or not enough.
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const isJson = args.includes("--json");
  try {
    await program(io, isJson).parseAsync([...args], { from: "user" });
    return DONE;
  } catch (error) {
    // Commander has shown its help, because somebody asked for it or named no command.
    if (error instanceof CommanderError && error.exitCode === 0) return DONE;
    if (error instanceof CommanderError && error.code === "commander.help" && !isJson) return MISUSED;
    const known = error instanceof CommanderError ? usageErrorOf(error) : error;
    const shown = shownError(known, secretsIn(args, io));
    if (isJson) writeJson(io, { error: shown });
    else say(io, known instanceof AbortedError ? shown.message : errorText(shown));
    return known instanceof UsageError ? MISUSED : FAILED;
  }
}

function usageErrorOf({ code, message }: CommanderError): UsageError {
  const text = code === "commander.help" ? "No command was given." : message.replace(/^error: /, "");
  return new UsageError(text, { next: "Look at `--help`." });
}

/** The node's URL can have a key in it, and errors like to quote it. */
function secretsIn(args: readonly string[], { env }: Io): string[] {
  const urls = args.flatMap((arg) => /\w+:\/\/.*/.exec(arg)?.[0] ?? []);
  const { RECOURSE_COLLECTOR_URL: collector, RECOURSE_PRIVATE_KEY: key, RECOURSE_RPC_URL: url } = env;
  return [...urls, ...[collector, url, key].filter((secret) => secret !== undefined && secret !== "")] as string[];
}

function writeJson({ output }: Io, document: Record<string, unknown>): void {
  output.write(`${JSON.stringify(document, null, 2)}\n`);
}

function program(io: Io, isJson: boolean): Command {
  const root = new Command("recourse")
    .description("Refund windows, escrow and subscriptions for x402: what people do by hand.")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.output.write(text),
      writeErr: (text) => isJson || io.messages.write(text),
      outputError: () => {},
    });
  const plan = root.command("plan").description("Subscription plans: create, look at, and manage them.");

  /** Runs a command, and writes its report. */
  const reporting =
    <Args extends unknown[]>(work: (...args: Args) => Promise<Report>) =>
    async (...args: Args) => {
      const report = await work(...args);
      if (isJson) writeJson(io, report.json);
      else io.output.write(`${report.text.join("\n")}\n`);
    };
  const addTo = (group: Command, name: string, description: string) =>
    group
      .command(name)
      .description(description)
      .option("--rpc <url>", "node of the chain (or RECOURSE_RPC_URL)")
      .option("--key-file <path>", "file with the private key (or the key in RECOURSE_PRIVATE_KEY)")
      .option("--json", "one JSON document, and nothing else");
  const addSendingTo = (group: Command, name: string, description: string) =>
    addTo(group, name, description)
      .option("--dry-run", "show what would happen, and send nothing")
      .option("-y, --yes", "do not ask");
  const add = (name: string, description: string) => addTo(plan, name, description);
  const addSending = (name: string, description: string) => addSendingTo(plan, name, description);

  addSending("create", "Deploy a plan, unless it exists, and say how it is sold")
    .option("--price <amount>", 'of one period, like "$9.99"')
    .option("--every <period>", 'how often, like "1 month", "30d", "weekly"')
    .option("--receiver <address>", "who earns the charges (default: the key's address)")
    .option("--operator <address>", "the server's key, which may refund and cancel (default: the receiver)")
    .option("--token <address>", "what is charged in (default: the chain's USDC, as x402 knows it)")
    .option("--trial <duration>", "free time at the beginning, like 14d (default: none)")
    .option("--setup-fee <amount>", "taken once, with the subscription (default: none)")
    .option("--grace <duration>", "how long a failed charge can be repeated (default: 3d, at most half a period)")
    .option("--refund-window <duration>", "how long a charge can be undone (default: 7d, or what the period allows)")
    .option("--non-refundable <share>", 'of a charge, that cannot be undone, like "10%" (default: none)')
    .option("--fee <share>", 'of what is paid out, for another, like "1%" (default: none)')
    .option("--fee-receiver <address>", "who gets the fee")
    .option("--salt <text>", "makes another plan of the same terms")
    .action((options) => reporting(createPlan)(io, options));

  add("list", "The plans of a merchant")
    .option("--merchant <address>", "receiver or operator (default: the key's address)")
    .option("--from-block <number>", "where to begin reading (default: where the factory was made)")
    .action((options) => reporting(listPlans)(io, options));

  add("show", "A plan's terms, subscribers and money")
    .argument("[plan]", "the plan's address")
    .option("--from-block <number>", "where to begin reading (default: where the plan was made)")
    .action((address, options) => reporting(showPlan)(io, address, options));

  addSending("close", "Take no more subscribers; those there are go on being charged")
    .argument("[plan]", "the plan's address")
    .action((address, options) => reporting(closePlan)(io, address, options));

  addSending("end", "Charge nobody any more; what is paid stays paid")
    .argument("[plan]", "the plan's address")
    .action((address, options) => reporting(endPlan)(io, address, options));

  addSending("refund", "Give the newest charge of a subscription back; the subscription goes on")
    .argument("[plan]", "the plan's address")
    .argument("[subscriber]", "who pays")
    .argument("[beneficiary]", "who may use it (default: the subscriber)")
    .option(
      "--closes-at <seconds>",
      "which charge is meant, as `plan show --json` says: a repeated command refunds no other",
    )
    .action((address, subscriber, beneficiary, options) =>
      reporting(refundCharge)(io, [address, subscriber, beneficiary], options),
    );

  addSending("cancel", "End a subscription when what is paid is over")
    .argument("[plan]", "the plan's address")
    .argument("[subscriber]", "who pays")
    .argument("[beneficiary]", "who may use it (default: the subscriber)")
    .option("--now", "end it now, and give the price of the running period back")
    .action((address, subscriber, beneficiary, options) =>
      reporting(cancelSubscription)(io, [address, subscriber, beneficiary], options),
    );

  addSending("claim", "Have what matured paid out to the receiver")
    .argument("[plan]", "the plan's address")
    .option("--from-block <number>", "where to begin reading (default: where the plan was made)")
    .action((address, options) => reporting(claimRevenue)(io, address, options));

  const multisig = root
    .command("multisig")
    .description("Accounts of agents and humans: create, look at, approve, and run a collector of approvals.");
  const COLLECTOR = ["--collector <url>", "where approvals are collected (or RECOURSE_COLLECTOR_URL)"] as const;
  const every = (value: string, before: string[] = []) => [...before, value];

  addSendingTo(multisig, "create", "Deploy an account, unless it exists")
    .option("--config <file>", "all rules as JSON, instead of the options below")
    .option("--signer <signer>", 'like "agent:0x…:1", "human:0x…:2" or "human:0x…:2:contract"; repeatable', every)
    .option("--full-weight <weight>", "what everything needs that is no payment within a tier")
    .option("--payee <address>", "who may be paid; repeatable (default: anybody)", every)
    .option("--token <address>", "what the account spends (default: the chain's USDC, as x402 knows it)")
    .option("--tiers <tiers>", 'amounts and weights, like "1:1,100:3": up to 1 with weight 1')
    .option("--reserve <amount>", "what no payment without a human touches (default: none)")
    .option("--refill-per-day <amount>", "by how much refills lower the reserve (default: no refills)")
    .option("--refill-target <amount>", "until so much is spendable")
    .option("--salt <text>", "makes another account of the same rules")
    .action((options) => reporting(createAccount)(io, options));

  addTo(multisig, "show", "An account's rules, what its agents can spend, and its numbers")
    .argument("[account]", "the account's address")
    .action((address, options) => reporting(showAccount)(io, address, options));

  addSendingTo(multisig, "fund", "Pay money in; agents spend it only as refills make it spendable")
    .argument("[account]", "the account's address")
    .option("--amount <amount>", "how much, like 25")
    .option("--token <address>", "which token (default: the only one with rules)")
    .action((address, options) => reporting(fundAccount)(io, address, options));

  addSendingTo(multisig, "refill", "Make a part of the reserve spendable, as far as the rate allows; anybody may")
    .argument("[account]", "the account's address")
    .option("--token <address>", "which token (default: the only one with rules)")
    .action((address, options) => reporting(refillAccount)(io, address, options));

  addTo(multisig, "approvals", "What an account's signers are asked at a collector")
    .argument("[account]", "the account's address")
    .option(...COLLECTOR)
    .option("--approved", "those that enough have signed, too: a standing approval is revoked by its id")
    .action((address, options) => reporting(listApprovals)(io, address, options));

  addSendingTo(multisig, "approve", "Show a request, ask, sign it, and bring the signature to the collector")
    .argument("[id]", "of the request, as `multisig approvals` shows it")
    .option(...COLLECTOR)
    .action((id, options) => reporting(approveRequest)(io, id, options));

  addSendingTo(multisig, "reject", "Refuse a request, with a reason for whoever asked")
    .argument("[id]", "of the request, as `multisig approvals` shows it")
    .option(...COLLECTOR)
    .option("--reason <text>", "why")
    .action((id, options) => reporting(rejectRequest)(io, id, options));

  addSendingTo(multisig, "revoke", "End a standing approval, by the key of a human signer")
    .argument("[account]", "the account's address")
    .argument("[approval]", "the id of the standing approval, as `multisig approvals --approved` shows it")
    .action((address, approval, options) => reporting(revokeApproval)(io, [address, approval], options));

  addSendingTo(multisig, "execute", "Collect full weight for a call of the account, and send it; repeated, it goes on")
    .argument("[account]", "the account's address")
    .option(...COLLECTOR)
    .option("--set-reserve <amount>", "set what agents cannot touch")
    .option("--token <address>", "of which token (default: the only one with rules)")
    .option("--reconfigure <file>", "give the account other rules, as JSON; all approvals of before end")
    .option("--to <address>", "call a contract")
    .option("--data <hex>", "what to call it with")
    .option("--value <wei>", "how much of the chain's own coin to send")
    .option("--deadline <duration>", "how long to wait, and the call to be valid", "1d")
    .action((address, options) => reporting(executeCalls)(io, address, options));

  addTo(multisig, "collector", "Run a collector of approvals, until it is told to stop")
    .option("--port <number>", "where to listen (default: 8402)")
    .option("--host <address>", "on which address to listen (default: 127.0.0.1)")
    .option("--file <path>", "keep requests in a SQLite file (default: in memory)")
    .option("--account <address>", "whom to serve; repeatable (default: every account of the chain)", every)
    .action((options) => runCollector(io, options));

  return root;
}
