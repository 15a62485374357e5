import assert from "node:assert/strict";
import { test } from "node:test";
import { importsOf, layerViolations, outsideMentions } from "../../scripts/lib/layers.js";

const allowed: [path: string, name: string][] = [
  ["contracts/RefundWindow.sol", "./base/Vault.sol"],
  ["contracts/RefundWindow.sol", "@openzeppelin/contracts/utils/math/SafeCast.sol"],
  ["contracts/base/Vault.sol", "../libraries/TokenLib.sol"],
  ["contracts/libraries/TokenLib.sol", "../interfaces/external/IERC3009Bytes.sol"],
  ["contracts/interfaces/IRefundWindow.sol", "./IVault.sol"],
  ["ignition/modules/Protocol.ts", "./RefundWindow.js"],
  ["sdk/src/index.ts", "viem"],
  ["sdk/src/ethers/index.ts", "ethers"],
  ["sdk/src/ethers/index.ts", "../errors.js"],
  ["apps/facilitator/src/main.ts", "@recourse/sdk/exact/facilitator"],
  ["test/integration/demo.test.ts", "ethers"],
];

const forbidden: [path: string, name: string][] = [
  ["contracts/RefundWindow.sol", "./Escrow.sol"],
  ["contracts/RefundWindow.sol", "../test/mocks/Token3009.sol"],
  ["contracts/types/Terms.sol", "../interfaces/IVault.sol"],
  ["contracts/interfaces/IVault.sol", "../libraries/TokenLib.sol"],
  ["contracts/interfaces/external/IERC3009Bytes.sol", "../IVault.sol"],
  ["contracts/libraries/TokenLib.sol", "../interfaces/IVault.sol"],
  ["contracts/base/Vault.sol", "../RefundWindow.sol"],
  ["ignition/modules/Protocol.ts", "@recourse/sdk"],
  ["sdk/src/index.ts", "hardhat"],
  ["sdk/src/index.ts", "../../artifacts/contracts/RefundWindow.sol/RefundWindow.json"],
  ["sdk/src/index.ts", "ethers"],
  ["sdk/src/ethers/index.ts", "@nomicfoundation/hardhat-ethers"],
  ["apps/facilitator/src/main.ts", "../../../sdk/src/index.js"],
  ["scripts/demo.ts", "ethers"],
  ["scripts/demo.ts", "../../elsewhere/code.js"],
];

for (const [path, name] of allowed) {
  test(`${path} may import ${name}`, () => {
    assert.deepEqual(layerViolations([{ path, imports: [name] }]), []);
  });
}

for (const [path, name] of forbidden) {
  test(`${path} may not import ${name}`, () => {
    assert.equal(layerViolations([{ path, imports: [name] }]).length, 1);
  });
}

test("finds imports of both languages, in any form, and none in comments", () => {
  const source = `
    import {A} from "./A.sol";
    import "./B.sol";
    import type { C } from "c";
    export * from './d.js';
    const e = await import("e"); const f = require("f");
    // import "./not.js";
    /* import "./neither.js"; */
  `;
  assert.deepEqual(importsOf(source), ["./A.sol", "./B.sol", "c", "./d.js", "e", "f"]);
});

test("a folder beside the repository is not mentioned, one inside it may be", () => {
  // Put together here, so that this file does not mention it itself.
  const mention = ["..", "shared"].join("/");
  assert.equal(outsideMentions("scripts/demo.ts", `read("${["..", mention].join("/")}/x.md")`).length, 1);
  assert.deepEqual(outsideMentions("test/integration/demo.test.ts", `import "${mention}/x.js"`), []);
});
