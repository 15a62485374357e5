import assert from "node:assert/strict";
import { test } from "node:test";
import { leavesOf, testsOf, treeProblems } from "../../scripts/lib/trees.js";

const tree = `release
├── when caller is not payer
│   └── it should revert with NotPayer
└── when caller is payer
    ├── it should move exactly amount
    └── it should emit Released
`;
const tests = `contract ReleaseTest {
    function test_Release_A() external {}
    function test_Release_B() external {}
    function testFuzz_Release_C(
        uint256 x
    ) external {}
    function helper() internal {}
}`;

test("counts leaves and tests", () => {
  assert.deepEqual(leavesOf(tree), [
    "it should revert with NotPayer",
    "it should move exactly amount",
    "it should emit Released",
  ]);
  assert.deepEqual(testsOf(tests), ["test_Release_A", "test_Release_B", "testFuzz_Release_C"]);
});

test("accepts a tree whose every leaf is a test", () => {
  assert.deepEqual(
    treeProblems(
      new Map([
        ["u/release.tree", tree],
        ["u/release.t.sol", tests],
      ]),
    ),
    [],
  );
});

test("tells what is missing", () => {
  const shorter = tests.replace("test_Release_B", "helper2");
  assert.deepEqual(
    treeProblems(
      new Map([
        ["u/release.tree", tree],
        ["u/release.t.sol", shorter],
      ]),
    ),
    ["u/release.tree has 3 leaves, but there are 2 tests"],
  );
  assert.deepEqual(treeProblems(new Map([["u/release.tree", tree]])), ["u/release.tree has no tests beside it"]);
  assert.deepEqual(treeProblems(new Map([["u/release.t.sol", tests]])), ["u/release.t.sol has no tree beside it"]);
  assert.deepEqual(
    treeProblems(
      new Map([
        ["u/pay.tree", tree],
        ["u/pay.t.sol", tests],
      ]),
    ),
    ["u/pay.tree does not begin with pay"],
  );
});
