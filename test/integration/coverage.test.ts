import assert from "node:assert/strict";
import { test } from "node:test";
import { coverageOf, parseLcov, shareCovered } from "../../scripts/lib/lcov.js";

const lines = parseLcov(`TN:
SF:contracts/A.sol
DA:3,1
DA:4,0
LH:1
LF:2
end_of_record
SF:contracts/types/T.sol
DA:7,12
end_of_record
SF:node_modules/X.sol
DA:1,0
end_of_record
`);
const branches = parseLcov(`SF:contracts/A.sol
DA:3,1
BRDA:3,0,0,5
BRDA:3,0,1,0
BRDA:9,1,0,-
end_of_record
`);

test("reads lines and branches of a tracefile", () => {
  assert.deepEqual(
    [...(lines.get("contracts/A.sol")?.lines ?? [])],
    [
      [3, 1],
      [4, 0],
    ],
  );
  assert.deepEqual(branches.get("contracts/A.sol")?.branches, [
    { line: 3, taken: 5 },
    { line: 3, taken: 0 },
    { line: 9, taken: 0 },
  ]);
});

test("adds up what is told twice", () => {
  const twice = parseLcov("SF:A.sol\nDA:1,2\nend_of_record\nSF:A.sol\nDA:1,3\nDA:2,0\nend_of_record\n");
  assert.deepEqual(
    [...(twice.get("A.sol")?.lines ?? [])],
    [
      [1, 5],
      [2, 0],
    ],
  );
});

test("tells what is missed in the files that are asked for, and what has no branches counted", () => {
  assert.deepEqual(coverageOf(["contracts/A.sol", "contracts/I.sol", "contracts/types/T.sol"], lines, branches), [
    { file: "contracts/A.sol", lines: { all: 2, missed: [4] }, branches: { all: 3, missed: [3, 9] } },
    { file: "contracts/types/T.sol", lines: { all: 1, missed: [] }, branches: undefined },
  ]);
});

test("writes shares", () => {
  assert.equal(shareCovered({ all: 3, missed: [1] }), "66.67 % (2/3)");
  assert.equal(shareCovered({ all: 0, missed: [] }), "100.00 % (0/0)");
});
