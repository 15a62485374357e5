/**
 * Breaks one promise at a time in a copy of the project and runs there the invariant that must notice it.
 *
 *     node --import tsx scripts/check-mutants.ts [part of a mutant's name]
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { copyProject, removeCopy } from "./lib/project-copy.js";

type Mutant = { name: string; file: string; find: string; replace: string; caughtBy: string };

const vault = "contracts/base/Vault.sol";
const refundWindow = "contracts/RefundWindow.sol";
const ledger = "contracts/libraries/MaturityLedger.sol";

const mutants: Mutant[] = [
  {
    name: "what leaves a bucket is still a liability",
    file: ledger,
    find: "totals.liabilities() - amount, running,",
    replace: "totals.liabilities(), running,",
    caughtBy: "RW1",
  },
  {
    name: "withdrawn credit is still a liability",
    file: vault,
    find: "        _ledgers[token].settle(amount);\n",
    replace: "",
    caughtBy: "RW2",
  },
  {
    name: "credit can be withdrawn twice",
    file: vault,
    find: "        credit.balance = 0;\n",
    replace: "",
    caughtBy: "RW2",
  },
  {
    name: "failed payout is not owed",
    file: vault,
    find: "        _ledgers[token].owe(amount);\n",
    replace: "",
    caughtBy: "RW2",
  },
  {
    name: "older bucket is forgotten when a newer one begins",
    file: ledger,
    find: "if (running != 0) ledger.earlier[totals.runningBucket()] = running;",
    replace: "",
    caughtBy: "RW2",
  },
  {
    name: "second refund forgets the first",
    file: refundWindow,
    find: "refunded += amount;",
    replace: "refunded = amount;",
    caughtBy: "RW3",
  },
  {
    name: "fee is paid on top",
    file: refundWindow,
    find: "amount: amount - fee, payoutGas",
    replace: "amount: amount, payoutGas",
    caughtBy: "RW4",
  },
  {
    name: "claimed bucket stays full",
    file: ledger,
    find: "if (amount != 0) remove(ledger, bucket, amount);",
    replace: "",
    caughtBy: "RW5",
  },
  {
    name: "paused token blocks the exit",
    file: vault,
    find: "if (!TokenLib.trySend(token, to, amount, payoutGas)) _credit(token, owner, amount);",
    replace: "TokenLib.send(token, to, amount); if (amount == 0) _credit(token, owner, amount);",
    caughtBy: "RW6",
  },
  {
    name: "window closes a second early",
    file: refundWindow,
    find: "if (by == payer && block.timestamp < holding.closesAt())",
    replace: "if (by == payer && block.timestamp + 1 < holding.closesAt())",
    caughtBy: "RW6",
  },
  {
    name: "non-refundable share of what is left, not of the original",
    file: refundWindow,
    find: "uint256 nonRefundable = (holding.paid() *",
    replace: "uint256 nonRefundable = (held *",
    caughtBy: "RW7",
  },
  {
    name: "event tells the part as the total",
    file: refundWindow,
    find: "amount: amount, refunded: refunded});",
    replace: "amount: amount, refunded: amount});",
    caughtBy: "RW8",
  },
  {
    name: "event tells the failed payout as the whole credit",
    file: vault,
    find: "emit Credited(token, owner, amount, balance);",
    replace: "emit Credited(token, owner, amount, amount);",
    caughtBy: "RW8",
  },
  {
    name: "bucket can be claimed a second early",
    file: refundWindow,
    find: "if (block.timestamp < maturesAt) revert ClaimBeforeMaturity",
    replace: "if (block.timestamp + 1 < maturesAt) revert ClaimBeforeMaturity",
    caughtBy: "RW9",
  },
  {
    name: "seller can refund to anybody",
    file: refundWindow,
    find: "if (to != payer) revert RefundNotToPayer(id, to, payer);",
    replace: "",
    caughtBy: "RW9",
  },
  {
    name: "used message is valid again",
    file: refundWindow,
    find: `        uint256 meanwhile = refunded - request.expectedRefunded;
        if (request.expectedHeld != held + meanwhile || request.amount <= meanwhile) {
            revert PaymentChanged(id, held, refunded);
        }
        uint256 amount = request.amount - meanwhile;
`,
    replace: "        uint256 amount = request.amount;\n",
    caughtBy: "RW9",
  },
];

const root = fileURLToPath(new URL("..", import.meta.url));
const copy = copyProject(root, ["contracts", "test/invariant", "test/mocks", "test/utils"]);
const timeLimit = 300_000;

/** Whether the invariant tests whose names contain `name` pass. */
function pass(name: string): boolean {
  const hardhat = join(root, "node_modules/.bin/hardhat");
  const tests = ["RefundWindow.t.sol", "RefundWindowHandler.sol"].map((file) => join("test/invariant", file));
  const run = spawnSync(hardhat, ["test", "solidity", ...tests, "--grep", `invariant_${name}`], {
    cwd: copy,
    encoding: "utf8",
    timeout: timeLimit,
  });
  if (run.status === 0 && /[1-9]\d* passing/.test(run.stdout)) return true;
  if (new RegExp(`\\d+\\) invariant_${name}`).test(run.stdout)) return false;
  throw new Error(`The tests did not run:\n${run.stdout}${run.stderr}`);
}

function survives(mutant: Mutant): boolean {
  const path = join(copy, mutant.file);
  const source = readFileSync(path, "utf8");
  if (source.split(mutant.find).length !== 2) throw new Error(`"${mutant.name}" does not fit ${mutant.file} once.`);

  writeFileSync(
    path,
    source.replace(mutant.find, () => mutant.replace),
  );
  const survived = pass(mutant.caughtBy);
  writeFileSync(path, source);

  console.log(`| ${mutant.name} | ${mutant.caughtBy} | ${survived ? "SURVIVED" : "killed"} |`);
  return survived;
}

try {
  // Compiling is most of the work, and no invariant is about gas.
  const config = join(copy, "hardhat.config.ts");
  const settings = readFileSync(config, "utf8");
  writeFileSync(config, settings.replace("optimizer: { enabled: true", "optimizer: { enabled: false"));

  if (!pass("RW")) throw new Error("An invariant fails without a mutant.");

  console.log("| mutant | must be caught by | outcome |\n|---|---|---|");
  const chosen = mutants.filter(({ name }) => name.includes(process.argv[2] ?? ""));
  const survivors = chosen.filter(survives);
  console.log(`\n${chosen.length - survivors.length} of ${chosen.length} killed.`);
  process.exitCode = survivors.length === 0 ? 0 : 1;
} finally {
  removeCopy(copy);
}
