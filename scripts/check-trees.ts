// Each leaf of a `*.tree` has one test in the `.t.sol` beside it, and each unit test a leaf.
import { readFileSync } from "node:fs";
import { report, repositoryFiles } from "./lib/sources.js";
import { treeProblems } from "./lib/trees.js";

const paths = repositoryFiles(/^test\/unit\/.*(\.tree|\.t\.sol)$/);
const files = new Map(paths.map((path) => [path, readFileSync(path, "utf8")]));

report(`${paths.length} trees and tests`, treeProblems(files));
