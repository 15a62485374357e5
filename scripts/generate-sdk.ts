/**
 * Writes `sdk/src/generated`, `sdk/src/ethers/generated` and `docs/errors.md` from the build output, its NatSpec, and
 * `deployments/canonical.json`. Any build profile will do: nothing here depends on bytecode.
 *
 *   npm run sdk:generate   write
 *   npm run sdk:check      compare, and fail when a file is stale
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readBuiltContract } from "./lib/build-output.js";
import type { CanonicalContract } from "./lib/canonical.js";
import { contractModel, eventAbiOf, typeStringsOf } from "./lib/contract-model.js";
import { type Files, format, publishFiles, repositoryRoot } from "./lib/generated-files.js";
import { renderAbis } from "./lib/render/abis.js";
import { renderActions } from "./lib/render/actions.js";
import { renderAddresses, renderConstants } from "./lib/render/constants.js";
import { renderErrors, renderErrorsPage, renderWireCodes } from "./lib/render/errors.js";
import { errorsOf, type SdkContract, sdkAbi } from "./lib/render/sdk-contract.js";
import { renderTypedData } from "./lib/render/typed-data.js";
import { renderTypes } from "./lib/render/types.js";
import { renderEthers } from "./lib/typechain.js";

/** Whose functions become actions; `calls` names contracts whose errors and events reach the caller. */
const CONTRACTS = [
  { addressDoc: "The verifier.", calls: [], name: "ReceiptVerifier" },
  { addressDoc: "The vault.", calls: ["ReceiptVerifier"], name: "RefundWindow" },
  { addressDoc: "The vault.", calls: ["ReceiptVerifier"], name: "Escrow" },
  { addressDoc: "The plan.", calls: ["ReceiptVerifier"], name: "SubscriptionPlan" },
  { addressDoc: "The factory.", calls: ["RefundWindow", "Escrow", "SubscriptionPlan"], name: "VaultFactory" },
  { addressDoc: "The account.", calls: [], name: "Multisig" },
  { addressDoc: "The factory.", calls: ["Multisig"], name: "MultisigFactory" },
] as const;

/** What the SDK checks before a contract does, and computes instead of it. */
const CONSTANTS = [
  "BPS",
  "CREATE2_SALT",
  "MAX_CAPTURE_WINDOW",
  "MAX_FEE_BPS",
  "MAX_PERIOD_MONTHS",
  "MAX_PERIOD_SECONDS",
  "MAX_RESOLUTION_PERIOD",
  "MAX_TRIAL",
  "MAX_WINDOW",
  "MIN_CAPTURE_WINDOW",
  "MIN_ITEM_GAS",
  "MIN_PAYOUT_GAS",
  "MIN_PERIOD_MONTHS",
  "MIN_PERIOD_SECONDS",
  "MIN_RESOLUTION_PERIOD",
  "MIN_WINDOW",
];

/** Structs that the SDK encodes without a contract. */
const ENCODED_STRUCTS = ["EscrowTerms", "PaymentRef", "RefundWindowTerms", "SubscriptionPlanTerms"];

/** What the SDK reads from the logs of a token, as the standards declare it. */
const TOKEN_EVENTS = [
  ["IERC3009", "AuthorizationUsed"],
  ["IERC20", "Transfer"],
] as const;

/** Folders in which everything is generated. */
export const OWNED_FOLDERS = ["sdk/src/generated", "sdk/src/ethers/generated"];

/** All generated files, by their path in the repository. */
export function generateSdk(root: string): Files {
  const built = new Map(CONTRACTS.map(({ name }) => [name as string, readBuiltContract(root, name)]));
  const models = new Map([...built].map(([name, contract]) => [name, contractModel(contract)]));
  const contracts = CONTRACTS.map(({ addressDoc, calls, name }): SdkContract => {
    return { ...get(models, name), addressDoc, callees: calls.map((callee) => get(models, callee)) };
  });
  checkReverts(contracts);

  const typeStrings = typeStringsOf(get(built, "Multisig"), "contracts/libraries/TypedDataLib.sol");
  const tokenEvents = TOKEN_EVENTS.map(([standard, event]) =>
    eventAbiOf(get(built, "ReceiptVerifier"), standard, event),
  );
  const canonical = JSON.parse(readFileSync(join(root, "deployments/canonical.json"), "utf8"));
  const generated: Files = {
    "abis.ts": renderAbis(contracts, ENCODED_STRUCTS, tokenEvents),
    "addresses.ts": renderAddresses(canonical.contracts as CanonicalContract[]),
    "constants.ts": renderConstants(contracts, CONSTANTS),
    "errors.ts": renderErrors(contracts),
    "typedData.ts": renderTypedData(contracts, typeStrings),
    "types.ts": renderTypes(contracts),
    "wireCodes.ts": renderWireCodes(contracts),
    ...Object.assign({}, ...contracts.map(renderActions)),
  };
  const abis = Object.fromEntries(contracts.map((contract) => [contract.name, sdkAbi(contract)]));
  const ethers = renderEthers(abis, contracts.map(({ source }) => source).join(" and "));
  return {
    "docs/errors.md": renderErrorsPage(contracts),
    ...format({ ...below("sdk/src/generated", generated), ...below("sdk/src/ethers/generated", ethers) }),
  };
}

function below(folder: string, files: Files): Files {
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]));
}

/** A `@custom:reverts` that names no error of the ABI is a promise that nobody keeps. */
function checkReverts(contracts: readonly SdkContract[]): void {
  const known = new Set(errorsOf(contracts).map(({ name }) => name));
  const unknown = contracts.flatMap(({ functions, name }) =>
    functions.flatMap((fn) =>
      fn.doc.reverts.filter(({ error }) => !known.has(error)).map(({ error }) => `${name}.${fn.name}: ${error}`),
    ),
  );
  if (unknown.length > 0)
    throw new Error(`@custom:reverts names errors that are in no ABI:\n  ${unknown.join("\n  ")}`);
}

function get<Value>(map: ReadonlyMap<string, Value>, name: string): Value {
  const value = map.get(name);
  if (value === undefined) throw new Error(`${name} is not among the contracts.`);
  return value;
}

if (import.meta.main) {
  await publishFiles(generateSdk(repositoryRoot), "npm run sdk:generate", OWNED_FOLDERS);
}
