import assert from "node:assert/strict";
import { test } from "node:test";
import { gasRow, table } from "../../scripts/lib/gas-table.js";
import { calldataGas, gasByPurpose } from "../../scripts/lib/trace.js";

test("counts calldata by byte", () => {
  assert.equal(calldataGas("0x00ff01"), 4 + 16 + 16);
  assert.equal(calldataGas("0x"), 0);
});

test("splits gas by purpose, and what a call hands on is not its own cost", () => {
  const token = "0x00000000000000000000000000000000000000aa";
  const step = (depth: number, op: string, gas: number, gasCost: number, stack: string[] = []) => ({
    depth,
    op,
    gas,
    gasCost,
    stack,
  });
  const steps = [
    step(1, "PUSH1", 1_000, 3),
    step(1, "SLOAD", 997, 100),
    step(1, "CALL", 897, 600, ["0xaa", "0x1f4"]),
    step(2, "SSTORE", 500, 200),
    step(2, "STATICCALL", 300, 250, ["0xbb", "0x64"]),
    step(3, "STOP", 150, 0),
    step(2, "STOP", 200, 0),
    step(1, "LOG1", 497, 375),
    step(1, "STOP", 122, 0),
  ];

  const parts = gasByPurpose(steps, { gasUsed: 21_016 + 3 + 100 + 100 + 300 + 375 - 50, input: "0x01", token });

  assert.deepEqual(Object.fromEntries(parts), {
    intrinsic: 21_000,
    calldata: 16,
    compute: 3,
    state: 100,
    "calls and code": 100,
    token: 300,
    log: 375,
    refund: -50,
  });
});

test("a row has the ratio to its peer", () => {
  assert.deepEqual(gasRow("refundWindow.pay", 72_162), {
    id: "refundWindow.pay",
    gas: 72_162,
    peer: "commerce-payments authorize",
    peerGas: 144_325,
    ratio: 0.5,
  });
  assert.throws(() => gasRow("unknown", 1), /No peer/);
});

test("a table has columns", () => {
  assert.equal(
    table([
      { id: "a", gas: 1_000 },
      { id: "long", gas: 5 },
    ]),
    "id      gas\na     1,000\nlong      5",
  );
});
