import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { generateSdk, OWNED_FOLDERS } from "../../scripts/generate-sdk.js";
import { readBuiltContract } from "../../scripts/lib/build-output.js";
import { contractModel } from "../../scripts/lib/contract-model.js";
import { repositoryRoot, staleFiles } from "../../scripts/lib/generated-files.js";
import { kebabCase, label, snakeCase } from "../../scripts/lib/names.js";
import { jsDoc, parseNatSpec } from "../../scripts/lib/natspec.js";
import { encodeType, renderTypedData } from "../../scripts/lib/render/typed-data.js";
import { typeScriptType } from "../../scripts/lib/render/types.js";
import { errorsAbi, vaultFactoryAbi } from "../../sdk/src/abis.js";
import { contractErrors, wireCodeOf } from "../../sdk/src/errors.js";

/** Every Solidity file below contracts/. */
const sources = readdirSync(join(repositoryRoot, "contracts"), { encoding: "utf8", recursive: true })
  .filter((path) => path.endsWith(".sol"))
  .map((path) => readFileSync(join(repositoryRoot, "contracts", path), "utf8"));

const namesIn = (pattern: RegExp) =>
  sources.flatMap((text) => [...text.matchAll(pattern)].map(([, name]) => `${name}`));
const known = new Set<string>(errorsAbi.map(({ name }) => name));

describe("generated SDK", () => {
  test("is what the generator writes now", () => {
    assert.deepEqual(staleFiles(repositoryRoot, generateSdk(repositoryRoot), OWNED_FOLDERS), []);
  });

  test("has every error that contracts/ declares", () => {
    const declared = namesIn(/^\s*error (\w+)\(/gm);
    assert.ok(declared.length > 20, "the pattern finds errors");
    assert.deepEqual(
      declared.filter((name) => !known.has(name)),
      [],
    );
  });

  test("has every error that a @custom:reverts names", () => {
    const named = namesIn(/@custom:reverts (\w+)/g);
    assert.ok(named.length > 40, "the pattern finds tags");
    assert.deepEqual(
      named.filter((name) => !known.has(name)),
      [],
    );
  });

  test("has a class and a wire code for every error of an ABI", () => {
    assert.deepEqual(new Set(Object.keys(contractErrors)), known);
    assert.deepEqual(new Set(Object.keys(wireCodeOf)), known);
    assert.equal(wireCodeOf.PaymentAlreadyKnown, "invalid_exact_evm_recourse_payment_already_known");
  });

  test("gives the factory's ABI the errors of the vault, which bubble through it", () => {
    const names = vaultFactoryAbi
      .filter(({ type }) => type === "error")
      .map((item) => ("name" in item ? item.name : ""));
    assert.ok(names.includes("TermsWindowOutOfBounds"));
    assert.ok(names.includes("TokenRefusedAuthorization"));
    assert.equal(new Set(names).size, names.length, "no error twice");
  });
});

describe("staleFiles", () => {
  test("names what differs, what is missing, and what should not be there", () => {
    const stale = staleFiles(repositoryRoot, { "nowhere/missing.ts": "", "remappings.txt": "other" }, [
      "ignition/modules",
    ]);
    assert.ok(stale.includes("ignition/modules/Protocol.ts"));
    assert.deepEqual(stale.slice(-2), ["nowhere/missing.ts", "remappings.txt"]);
  });
});

describe("parseNatSpec", () => {
  const natSpec = parseNatSpec(
    "@notice Sends the\n money.\n @dev Ask\n first.\n @custom:reverts NotPayer when the caller is not the payer.\n" +
      " @custom:reverts AmountZero when it is zero.\n @param amount In units.\n @return left What stays.",
  );

  test("joins lines and keeps tags apart", () => {
    assert.equal(natSpec.notice, "Sends the money.");
    assert.equal(natSpec.dev, "Ask first.");
    assert.deepEqual(natSpec.params, { amount: "In units." });
    assert.deepEqual(natSpec.returns, ["left What stays."]);
  });

  test("splits the errors of @custom:reverts from their reasons", () => {
    assert.deepEqual(natSpec.reverts, [
      { error: "NotPayer", when: "when the caller is not the payer." },
      { error: "AmountZero", when: "when it is zero." },
    ]);
  });

  test("takes text without a tag as the notice", () => {
    assert.equal(parseNatSpec("Never paid.").notice, "Never paid.");
    assert.equal(parseNatSpec(undefined).notice, "");
  });
});

test("jsDoc puts one sentence on one line, and paragraphs and tags apart", () => {
  assert.equal(jsDoc(["One."]), "/** One. */\n");
  assert.equal(jsDoc([]), "");
  assert.equal(
    jsDoc(["One.", "", "Two."], ["@throws {X} when."]),
    "/**\n * One.\n *\n * Two.\n *\n * @throws {X} when.\n */\n",
  );
});

test("names keep abbreviations and digits together", () => {
  assert.equal(snakeCase("SafeERC20FailedOperation"), "safe_erc20_failed_operation");
  assert.equal(kebabCase("RefundWindow"), "refund-window");
  assert.equal(label("expectedLength"), "Expected length");
});

test("integers up to 48 bits are numbers, larger ones bigints, as in viem", () => {
  assert.equal(typeScriptType({ kind: "elementary", name: "uint48" }), "number");
  assert.equal(typeScriptType({ kind: "elementary", name: "uint56" }), "bigint");
  assert.equal(typeScriptType({ kind: "array", of: { kind: "elementary", name: "uint32" } }), "readonly number[]");
});

test("encodeType writes value types and enums as what EIP-712 calls them", () => {
  const fields = [
    { doc: "", name: "id", type: { base: "bytes32", kind: "valueType", name: "PaymentId" } },
    { doc: "", name: "method", type: { kind: "enum", name: "Method" } },
    { doc: "", name: "amounts", type: { kind: "array", of: { kind: "elementary", name: "uint256" } } },
  ] as const;
  assert.equal(
    encodeType({ doc: parseNatSpec(), fields: [...fields], name: "Message", source: "" }),
    "Message(bytes32 id,uint8 method,uint256[] amounts)",
  );
});

test("typed data is refused when the contracts hash other types than the structs say", () => {
  const model = contractModel(readBuiltContract(repositoryRoot, "RefundWindow"));
  const contracts = [{ ...model, addressDoc: "The vault.", callees: [] }];
  const right = ["Refund", "Dispute", "WithdrawDispute", "Concede", "Resolve", "Withdraw", "Release"].map((name) => {
    const struct = model.structs.find((candidate) => candidate.name === name);
    assert.ok(struct);
    return encodeType(struct);
  });
  const wrong = right.map((text) => text.replace("uint256 amount", "uint128 amount"));
  assert.match(renderTypedData(contracts, right), /primaryType: "Refund"/);
  assert.throws(
    () => renderTypedData(contracts, wrong),
    /another type than Refund\(bytes32 paymentId,address by,uint256 amount/,
  );
  assert.throws(() => renderTypedData(contracts, [...right, "Appeal(bytes32 paymentId)"]), /structs that nobody signs/);
});

test("the model follows a function to the events of its internal calls and overrides, and to calls outside", () => {
  const vault = contractModel(readBuiltContract(repositoryRoot, "RefundWindow"));
  const factory = contractModel(readBuiltContract(repositoryRoot, "VaultFactory"));
  const pay = vault.functions.find(({ name }) => name === "pay");
  const deployAndPay = factory.functions.find(({ name }) => name === "deployAndPay");
  assert.deepEqual(pay?.emits, ["Paid"], "pay emits through the override of _book");
  assert.deepEqual(deployAndPay?.emits, ["VaultDeployed"]);
  assert.ok(pay && deployAndPay?.calls.includes(pay.selector), "the factory calls the vault");
});
