import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import type { AstNode } from "../../scripts/lib/ast.js";
import { docProblemsIn, parseDoc } from "../../scripts/lib/doc-problems.js";

const solc = createRequire(import.meta.url)("solc");

function problemsOf(content: string, dependency = ""): string[] {
  const head = "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.27;\n";
  const input = {
    language: "Solidity",
    sources: {
      "A.sol": { content: `${head}import "./Dependency.sol";\n${content}` },
      "Dependency.sol": { content: `${head}${dependency}` },
    },
    settings: { outputSelection: { "*": { "": ["ast"] } } },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const errors = (output.errors ?? []).filter(({ severity }: { severity: string }) => severity === "error");
  assert.deepEqual(errors, []);
  const sources: [string, { ast: AstNode }][] = Object.entries(output.sources);
  const asts = Object.fromEntries(sources.map(([source, { ast }]) => [source, ast]));
  return docProblemsIn(asts, (source) => source === "A.sol").map((problem) => problem.replace("A.sol: ", ""));
}

/** An interface whose only function lists `reverts`, and a contract in which it runs `body`. */
function project(reverts: string[], body: string): string {
  return `
    interface IBase {
      /// @notice It ended.
      /// @dev Begin anew.
      error Ended();
      /// @notice It never began.
      /// @dev Begin.
      error NotBegun();

      /// @notice Goes on.
      ${reverts.map((name) => `/// @custom:reverts ${name} when so.`).join("\n")}
      function go() external;
    }
    interface IProduct is IBase {
      /// @notice Only the product knows this.
      /// @dev Ask it.
      error ProductsOwn();
    }
    library Lib {
      function check(uint256 x) internal pure { if (x == 0) revert IBase.NotBegun(); }
    }
    abstract contract Base is IBase {
      modifier notEnded() { if (block.number == 0) revert Ended(); _; }
      function _hook() internal virtual;
    }
    contract Product is Base, IProduct {
      using Lib for uint256;
      ${body}
    }`;
}

test("finds errors in modifiers, libraries and overrides, and accepts a list that names them", () => {
  const body = `
    /// @inheritdoc IBase
    function go() external notEnded { _hook(); }
    function _hook() internal view override { block.number.check(); }`;
  assert.deepEqual(problemsOf(project(["Ended", "NotBegun"], body)), []);
  assert.deepEqual(problemsOf(project(["Ended"], body)), ["IBase.go: does not list NotBegun"]);
});

test("finds errors behind require and in catch", () => {
  const body = `
    /// @inheritdoc IBase
    function go() external { require(block.number != 1, Ended()); try IBase(msg.sender).go() {} catch { revert NotBegun(); } }
    function _hook() internal override {}`;
  assert.deepEqual(problemsOf(project(["Ended", "NotBegun"], body)), []);
});

test("lets a list name errors of dependencies, or not", () => {
  const dependency = "library Reader { error Unreadable(); function read() internal pure { revert Unreadable(); } }";
  const body = `
    /// @inheritdoc IBase
    function go() external pure { Reader.read(); }
    function _hook() internal override {}`;
  assert.deepEqual(problemsOf(project(["Unreadable"], body), dependency), []);
  assert.deepEqual(problemsOf(project([], body), dependency), []);
});

test("refuses names that are no errors, are never raised, or stand twice", () => {
  const body = `
    /// @inheritdoc IBase
    function go() external notEnded {}
    function _hook() internal override {}`;
  assert.deepEqual(problemsOf(project(["Ended", "Ended", "Nothing", "NotBegun"], body)), [
    "IBase.go: lists Nothing, which is no error",
    "IBase.go: lists Ended twice",
    "IBase.go: lists NotBegun, never raised",
  ]);
});

test("does not ask an interface for errors that only its heirs know, nor for those of other contracts", () => {
  const body = `
    /// @inheritdoc IBase
    function go() external { if (block.number == 2) revert ProductsOwn(); IBase(msg.sender).go(); }
    function _hook() internal override {}`;
  assert.deepEqual(problemsOf(project([], body)), []);
});

test("asks for docs, and for more than a name", () => {
  const problems = problemsOf(`
    interface I {
      /// @notice A pair.
      /// @param left What comes first.
      struct Pair { uint256 left; uint256 right; }
      error Undocumented();
      /// @notice It moved.
      /// @param amount The amount.
      event Moved(uint256 amount);
      /// @notice Reads.
      /// @param key What to read.
      function read(uint256 key) external view returns (uint256);
    }
    contract C is I {
      function read(uint256 key) external pure returns (uint256) { return key; }
    }`);
  assert.deepEqual(problems, [
    "I.Pair: no @param right",
    "I.Undocumented: no @notice",
    "I.Undocumented: no @dev that says what to do about it",
    "I.Moved: @param amount says only its own name",
    "I.read: a @return is missing",
    "C.read: not documented by @inheritdoc of an interface",
  ]);
});

test("joins the lines of a tag", () => {
  const doc = parseDoc("One\n two.\n @param a What\n   it is.\n @custom:reverts E when so.");
  assert.equal(doc.notice, "One\ntwo.");
  assert.equal(doc.params.get("a"), "What\nit is.");
  assert.deepEqual(doc.reverts, ["E"]);
});
