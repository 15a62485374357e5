import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { network } from "hardhat";
import { encodeDeployData, keccak256, parseAbi } from "viem";
import Protocol from "../../ignition/modules/Protocol.js";
import { protocolContracts } from "../../scripts/export-deployments.js";
import { readBuiltContract } from "../../scripts/lib/build-output.js";
import { canonicalContracts } from "../../scripts/lib/canonical.js";
import { repositoryRoot } from "../../scripts/lib/generated-files.js";
import { contractsOfJournal } from "../../scripts/lib/journal.js";

const computed = protocolContracts(repositoryRoot, { onlyProduction: false });
const addressOf = (role: string) => computed.find((contract) => contract.role === role)?.address;

describe("canonical deployment", () => {
  test("computes the addresses at which Ignition deploys", async () => {
    const { ignition } = await network.create();
    const deployed = await ignition.deploy(Protocol, { strategy: "create2" });
    assert.equal(deployed.receiptVerifier.address, addressOf("verifier"));
    assert.equal(deployed.refundWindowImplementation.address, addressOf("implementation"));
    assert.equal(deployed.refundWindowFactory.address, addressOf("factory"));
  });

  test("is what deployments/canonical.json says", (context) => {
    if (!readBuiltContract(repositoryRoot, "RefundWindow").isProduction)
      return context.skip("needs production bytecode");
    const { contracts } = JSON.parse(readFileSync(join(repositoryRoot, "deployments/canonical.json"), "utf8"));
    assert.deepEqual(contracts, computed);
  });

  test("refuses a contract that needs one deployed after it", () => {
    const later = { constructorArgs: [], contractName: "A", id: "M#A" };
    const earlier = { constructorArgs: [later], contractName: "B", id: "M#B" };
    assert.throws(
      () => canonicalContracts([earlier, later], () => ({ abi: [], bytecode: "0x00" }), "0x01"),
      /M#B needs M#A/,
    );
  });
});

describe("contractsOfJournal", () => {
  const abi = parseAbi(["constructor(address owner)"]);
  const owner = "0x0000000000000000000000000000000000000001";
  const compiler = { evmVersion: "cancun", optimizer: { enabled: true, runs: 1 }, version: "0.8.37", viaIR: true };
  const messages = [
    { chainId: 1, type: "DEPLOYMENT_INITIALIZE" },
    ...["RefundWindow#Factory", "RefundWindow#Failed"].map((futureId) => ({
      constructorArgs: [owner],
      contractName: "VaultFactory",
      from: owner,
      futureId,
      type: "DEPLOYMENT_EXECUTION_STATE_INITIALIZE",
    })),
    { futureId: "RefundWindow#Factory", hash: "0x02", receipt: { blockNumber: 7 }, type: "TRANSACTION_CONFIRM" },
    {
      futureId: "RefundWindow#Factory",
      result: { address: "0x03", type: "SUCCESS" },
      type: "DEPLOYMENT_EXECUTION_STATE_COMPLETE",
    },
    { futureId: "RefundWindow#Failed", result: { type: "REVERTED" }, type: "DEPLOYMENT_EXECUTION_STATE_COMPLETE" },
  ];

  test("takes what was deployed, with its transaction and code", () => {
    const journal = `\n${messages.map((message) => JSON.stringify(message)).join("\n")}\n`;
    assert.deepEqual(
      contractsOfJournal(journal, () => ({ abi, bytecode: "0x60", compiler })),
      [
        {
          kind: "refund-window",
          role: "factory",
          contract: "VaultFactory",
          address: "0x03",
          from: owner,
          transaction: "0x02",
          block: 7,
          constructorArguments: [owner],
          initCodeHash: keccak256(encodeDeployData({ abi, args: [owner], bytecode: "0x60" })),
          compiler,
        },
      ],
    );
  });
});
