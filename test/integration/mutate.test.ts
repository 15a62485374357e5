import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { treesOf } from "../../scripts/lib/compiler.js";
import { contractsWith, importsOf } from "../../scripts/lib/dependents.js";
import { applyMutant, type Mutant, mutantsOf, nextMembersOf } from "../../scripts/lib/mutants.js";
import { explain, type Result, renderReport, shareOf, summaryOf } from "../../scripts/lib/mutation-report.js";

/** The mutants of a contract with `members`, parsed by the compiler itself. */
function mutantsIn(members: string): { text: string; mutants: Mutant[] } {
  const text = `// A comment whose letters – é, 火 – take more than a byte.
pragma solidity ^0.8.27;
contract C {
${members}
}
`;
  const folder = mkdtempSync(join(tmpdir(), "recourse-"));
  try {
    writeFileSync(join(folder, "C.sol"), text);
    const tree = treesOf(folder, ["C.sol"])["C.sol"]?.ast;
    assert.ok(tree);
    return { text, mutants: mutantsOf("C.sol", text, tree, nextMembersOf([tree])) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the lines with a mutant become, with the operator. */
function changes(members: string): string[] {
  return mutantsIn(members).mutants.map(({ after, operator }) => `${operator}: ${after}`);
}

/** The same for the inside of a function. */
function changesInside(statement: string): string[] {
  return changes(`function f(uint a, uint b) external returns (uint r) {\n${statement}\n}\nuint x;`);
}

test("moves boundaries, swaps and drops conditions", () => {
  assert.deepEqual(changesInside("if (a < b && b != 7) r = a;"), [
    "condition: if (!(a < b && b != 7)) r = a;",
    "condition: if (true) r = a;",
    "logical: if (a < b) r = a;",
    "logical: if (b != 7) r = a;",
    "relational: if (a <= b && b != 7) r = a;",
    "logical: if (a < b || b != 7) r = a;",
    "relational: if (a < b && b == 7) r = a;",
    "constant: if (a < b && b != 8) r = a;",
    "statement: if (a < b && b != 7) {}",
  ]);
});

test("deletes a check, and does not let it always revert", () => {
  const members = "error E(uint a, uint b);\nfunction f(uint a, uint b) external {\nif (a > b) revert E(a, b);\n}";
  assert.deepEqual(changes(members), [
    "statement: {}",
    "condition: if (!(a > b)) revert E(a, b);",
    "relational: if (a >= b) revert E(a, b);",
    "argument: if (a > b) revert E(b, a);",
  ]);
});

test("changes calculations and assignments", () => {
  assert.deepEqual(changesInside("r = a + b * 2;"), [
    "statement: {}",
    "arithmetic: r = a - b * 2;",
    "arithmetic: r = a + b / 2;",
    "constant: r = a + b * 3;",
  ]);
  assert.deepEqual(changesInside("x -= a;"), ["statement: {}", "arithmetic: x += a;", "arithmetic: x = a;"]);
  assert.deepEqual(changesInside("++x;"), ["arithmetic: --x;", "statement: {}"]);
});

test("empties loops without breaking their heads", () => {
  assert.deepEqual(changesInside("for (uint i = 0; i < a; ++i) r += i;"), [
    "constant: for (uint i = 1; i < a; ++i) r += i;",
    "condition: for (uint i = 0; false; ++i) r += i;",
    "relational: for (uint i = 0; i <= a; ++i) r += i;",
    "statement: for (uint i = 0; i < a; ) r += i;",
    "arithmetic: for (uint i = 0; i < a; --i) r += i;",
    "statement: for (uint i = 0; i < a; ++i) {}",
    "arithmetic: for (uint i = 0; i < a; ++i) r -= i;",
    "arithmetic: for (uint i = 0; i < a; ++i) r = i;",
  ]);
});

test("leaves one branch of a choice", () => {
  assert.deepEqual(changesInside("r = a > b ? a : x;"), [
    "statement: {}",
    "condition: r = !(a > b) ? a : x;",
    "ternary: r = a;",
    "ternary: r = x;",
    "relational: r = a >= b ? a : x;",
  ]);
});

test("swaps arguments of one type, by place and by name", () => {
  const call = (values: string): string => `function g(uint a, uint b, bool c) external { ${values} }`;
  const swapped = (values: string): string[] => changes(call(values)).filter((change) => change.startsWith("argument"));

  assert.deepEqual(swapped("this.g(a, b, c);"), [`argument: ${call("this.g(b, a, c);")}`]);
  assert.deepEqual(swapped("this.g({c: c, a: a, b: b});"), [`argument: ${call("this.g({c: c, a: b, b: a});")}`]);
  assert.deepEqual(swapped("this.g(a, a, c);"), []);
});

test("changes constants, members of enums, modifiers and the sender", () => {
  assert.deepEqual(changes("enum E { A, B, C } E e = E.C; uint constant DAY = 24 hours; bool b = true;"), [
    "constant: enum E { A, B, C } E e = E.A; uint constant DAY = 24 hours; bool b = true;",
    "constant: enum E { A, B, C } E e = E.C; uint constant DAY = 25 hours; bool b = true;",
    "constant: enum E { A, B, C } E e = E.C; uint constant DAY = 24 hours; bool b = false;",
  ]);
  assert.deepEqual(changes("modifier m() {\n_;\n}\nfunction f() external m\n{\nmsg.sender;\n}"), [
    "modifier: function f() external",
    "context: tx.origin;",
    "statement: {}",
  ]);
});

test("changes inline assembly", () => {
  assert.deepEqual(changesInside("assembly {\nr := add(a, 0x1f)\n}"), [
    "statement: ",
    "arithmetic: r := sub(a, 0x1f)",
    "constant: r := add(a, 32)",
  ]);
});

test("makes of every mutant a source that differs from the original in those lines only", () => {
  const { mutants, text } = mutantsIn('string s = unicode"é";\nuint x = 1;\nuint y = 1;');
  assert.deepEqual(
    mutants.map((mutant) => applyMutant(text, mutant)),
    [text.replace('unicode"é"', '""'), text.replace("x = 1", "x = 2"), text.replace("y = 1", "y = 2")],
  );
  assert.deepEqual(
    mutants.map(({ line, where }) => [line, where]),
    [
      [4, "s"],
      [5, "x"],
      [6, "y"],
    ],
  );
});

test("keeps the ids of mutants whose lines only moved", () => {
  const ids = (members: string): string[] => mutantsIn(members).mutants.map(({ id }) => id);
  const twice = "function f() external { x = 1; }\nuint x;\nfunction g() external { x = 1; x = 1; }";

  assert.deepEqual(ids(`\n\n${twice}`), ids(twice));
  assert.equal(new Set(ids(twice)).size, ids(twice).length);
});

/* RESULTS */

const mutant: Mutant = {
  id: "1",
  file: "contracts/A.sol",
  where: "f",
  operator: "constant",
  line: 3,
  before: "x = 1;",
  after: "x = 2;",
  start: 0,
  end: 1,
  replacement: "2",
};
const mutants: Mutant[] = [
  mutant,
  { ...mutant, id: "2", after: "x = 3;" },
  { ...mutant, id: "3", file: "contracts/B.sol" },
];
const results = new Map<string, Result>([
  ["1", { id: "1", outcome: "survived", seconds: 1, state: "s" }],
  ["2", { id: "2", outcome: "killed", by: "test/a.t.sol:test_A()", seconds: 1, state: "s" }],
]);
const { file, where, before, after } = mutant;

test("explains survivors by their lines", () => {
  const { problems, reasons } = explain(
    mutants,
    [{ file, where, before, after, reason: "It makes no difference." }],
    results,
  );
  assert.deepEqual(problems, []);
  assert.deepEqual([...reasons], [["1", "It makes no difference."]]);
});

test("refuses explanations of what is not there, or is killed", () => {
  const explanations = [
    { file, where, before: "y = 1;", after, reason: "" },
    { file, where, before, after: "x = 3;", reason: "" },
  ];
  assert.deepEqual(explain(mutants, explanations, results).problems, [
    "contracts/A.sol: f: x = 2;: explained, but there is no such mutant",
    "contracts/A.sol: f: x = 3;: explained, but it is killed",
  ]);
});

test("counts what became of the mutants of each file", () => {
  const none = { killed: 0, timeout: 0, explained: 0, survived: 0, stillborn: 0, "not run": 0 };
  assert.deepEqual(summaryOf(mutants, results, new Map()), [
    { file: "contracts/A.sol", mutants: 2, counts: { ...none, killed: 1, survived: 1 } },
    { file: "contracts/B.sol", mutants: 1, counts: { ...none, "not run": 1 } },
  ]);
  assert.match(renderReport(mutants, results, new Map()), /## Survived\n\ncontracts\/A\.sol:3 `f` constant 1\n/);
  assert.match(renderReport(mutants, results, new Map([["1", "Because."]])), /## Survived\n\nNone\.\n/);
});

test("divides the work without rest", () => {
  const items = [1, 2, 3, 4, 5];
  assert.deepEqual(
    ["1/2", "2/2"].map((share) => shareOf(items, share)),
    [
      [1, 3, 5],
      [2, 4],
    ],
  );
  for (const share of ["0/2", "3/2", "half"]) assert.throws(() => shareOf(items, share), /no share/);
});

/* WHAT IS COMPILED */

test("finds the contracts that have code of a file in them", () => {
  const names = new Map([
    [0, "Lib"],
    [1, "A"],
    [2, "Factory"],
    [3, "Other"],
  ]);
  const source = (name: string, sourceMap: string, nodes: object[] = []) => ({
    ast: { id: 1, nodeType: "SourceUnit", nodes },
    contracts: [{ name, sourceMaps: ["", sourceMap] }],
    names,
  });
  const sources = {
    Lib: { ast: { id: 1, nodeType: "SourceUnit", nodes: [] }, contracts: [{ name: "Lib", sourceMaps: [""] }], names },
    A: source("A", "1:2:1:-;;3:4:0", [{ id: 2, nodeType: "ImportDirective", absolutePath: "Lib" }]),
    Factory: source("Factory", "1:2:2;:3", [
      { id: 2, nodeType: "ImportDirective", absolutePath: "A" },
      {
        id: 3,
        nodeType: "NewExpression",
        typeName: { id: 4, nodeType: "T", typeDescriptions: { typeString: "contract A" } },
      },
    ]),
    Other: source("Other", "1:2:3", [{ id: 2, nodeType: "ImportDirective", absolutePath: "A" }]),
  };
  assert.deepEqual(contractsWith("Lib", sources), [
    { source: "A", name: "A" },
    { source: "Factory", name: "Factory" },
  ]);
  assert.deepEqual(contractsWith("Other", sources), [{ source: "Other", name: "Other" }]);
  assert.deepEqual([...importsOf(["Factory"], sources)], ["Factory", "A", "Lib"]);
});
