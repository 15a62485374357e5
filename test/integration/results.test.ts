import assert from "node:assert/strict";
import { test } from "node:test";
import { closingLine, countTests } from "../../scripts/lib/results.js";

test("counts what Hardhat's runners say", () => {
  const output = "  ✔ one\n\n  16 passing (1 s)\n  2 failing\n\n3 passing (12 ms)\n";
  assert.deepEqual(countTests(output), { passed: 19, failed: 2 });
});

test("counts what node:test says, in colour too", () => {
  const output = "\u001b[34mℹ tests 5\u001b[39m\n\u001b[34mℹ pass 4\u001b[39m\n\u001b[34mℹ fail 1\u001b[39m\n";
  assert.deepEqual(countTests(output), { passed: 4, failed: 1 });
});

test("finds no counts in prose", () => {
  assert.deepEqual(countTests("the passing of 3 failing tests\nit passes 4 passing ships"), { passed: 0, failed: 0 });
});

test("ends with the line that a CI reads", () => {
  assert.equal(closingLine({ passed: 3, failed: 0 }), "3 passed, 0 failed");
});
