// Compares every import of the repository with the table "who may import whom" in lib/layers.ts.
import { readFileSync } from "node:fs";
import { importsOf, layerViolations, outsideMentions } from "./lib/layers.js";
import { report, repositoryFiles } from "./lib/sources.js";

const sources = repositoryFiles(/\.(sol|ts|tsx|mjs|js)$/).map((path) => ({ path, text: readFileSync(path, "utf8") }));

report(`layers of ${sources.length} files`, [
  ...layerViolations(sources.map(({ path, text }) => ({ path, imports: importsOf(text) }))),
  ...sources.flatMap(({ path, text }) => outsideMentions(path, text)),
]);
