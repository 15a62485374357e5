// Checks the docs in contracts/: complete, saying more than names, and true about what can be raised.
import { builtSources } from "./lib/ast.js";
import { docProblemsIn } from "./lib/doc-problems.js";
import { report } from "./lib/sources.js";

// A file is compiled along with each contract that uses it, so the same problem may be found more than once.
const problems = builtSources().flatMap((sources) =>
  docProblemsIn(sources, (source) => source.startsWith("project/contracts/")),
);
report("docs of the contracts", [...new Set(problems)].sort());
