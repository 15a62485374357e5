import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { addresses } from "@recourse/sdk/addresses";
import { type Abi, type Address, type Hex, parseAbi } from "viem";
import { deployContract, waitForTransactionReceipt } from "viem/actions";
import { compile } from "../../scripts/lib/compiler.js";
import { repositoryRoot } from "../../scripts/lib/generated-files.js";
import { developmentAccount } from "../../scripts/lib/local-chain.js";
import { startWorld, type World } from "../../scripts/lib/world.js";
import { addressVectors, typedDataVectors } from "../shared/vectors.js";

/** A contract that hashes one message of each type by the library of all contracts. */
function hasher(names: readonly string[]): { abi: Abi; bytecode: Hex } {
  const functions = names.map(
    (name) =>
      `function hash${name}(${name} calldata message) external pure returns (bytes32) { return TypedDataLib.hash(message); }`,
  );
  const content = `// SPDX-License-Identifier: MIT
    pragma solidity ^0.8.27;
    import {TypedDataLib} from "contracts/libraries/TypedDataLib.sol";
    import {${names.join(", ")}} from "contracts/types/TypedData.sol";
    contract Hasher { ${functions.join("\n")} }`;
  const settings = { outputSelection: { "Hasher.sol": { Hasher: ["abi", "evm.bytecode"] } } };
  const input = { language: "Solidity", settings, sources: { "Hasher.sol": { content } } };
  const output = compile(input, (path) => {
    const file = join(repositoryRoot, path);
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  });
  const errors = (output.errors ?? []).filter(({ severity }) => severity === "error");
  assert.deepEqual(errors, []);
  const compiled = output.contracts?.["Hasher.sol"]?.Hasher as unknown as {
    abi: Abi;
    evm: { bytecode: { object: string } };
  };
  return { abi: compiled.abi, bytecode: `0x${compiled.evm.bytecode.object}` };
}

/** What the package publishes for other implementations: update on purpose, with `UPDATE_SNAPSHOTS=1`. */
function published(name: string, vectors: unknown): unknown {
  const file = join(repositoryRoot, "sdk/vectors", `${name}.json`);
  const json = JSON.stringify(vectors, (_, value) => (typeof value === "bigint" ? String(value) : value), 2);
  if (process.env.UPDATE_SNAPSHOTS) writeFileSync(file, `${json}\n`);
  assert.equal(readFileSync(file, "utf8"), `${json}\n`);
  return JSON.parse(json);
}

describe("conformance vectors", { timeout: 120_000 }, () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(async () => world?.stop());

  it("are published as they are", () => {
    published("typed-data", typedDataVectors());
    published("addresses", addressVectors());
  });

  it("hash to what the contracts hash them to, one of each type", async () => {
    const vectors = typedDataVectors();
    const { abi, bytecode } = hasher(vectors.map(({ primaryType }) => primaryType));
    const hash = await deployContract(world.client, { abi, account: developmentAccount(0), bytecode });
    const { contractAddress } = await waitForTransactionReceipt(world.client, { hash });
    for (const { message, primaryType, structHash } of vectors) {
      const call = { abi, address: contractAddress as Address, args: [message], functionName: `hash${primaryType}` };
      assert.equal(await world.client.readContract(call), structHash, primaryType);
    }
  });

  it("stand where the factories say", async () => {
    const ofVaults = parseAbi(["function addressOf(bytes terms) view returns (address)"]);
    const ofAccounts = parseAbi(["function addressOf(bytes config, bytes32 salt) view returns (address)"]);
    for (const { address, encoded, kind, salt } of addressVectors()) {
      const factory = { address: addresses[kind].factory, functionName: "addressOf" } as const;
      const told = salt
        ? await world.client.readContract({ ...factory, abi: ofAccounts, args: [encoded, salt] })
        : await world.client.readContract({ ...factory, abi: ofVaults, args: [encoded] });
      assert.equal(told, address, kind);
    }
  });
});
