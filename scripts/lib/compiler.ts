import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { AstNode } from "./ast.js";

/** What the compiler answers, as far as it is read here. */
export type CompilerOutput = {
  errors?: CompilerError[];
  sources: Record<string, { ast: AstNode & { src: string } }>;
  contracts?: Record<string, Record<string, CompiledContract>>;
};
/** `type` is such as `TypeError`; `CompilerError` where the code is right and the compiler gave up. */
export type CompilerError = { severity: string; type: string; formattedMessage: string };
export type CompiledContract = { evm: { bytecode: Bytecode; deployedBytecode: Bytecode } };
export type Bytecode = {
  object: string;
  sourceMap?: string;
  linkReferences: unknown;
  immutableReferences?: unknown;
};

type Solc = {
  compile(input: string, callbacks?: { import(path: string): { contents: string } | { error: string } }): string;
};
let solc: Solc | undefined;

/** Runs the compiler that the lock file pins, in this process: after the first time nothing has to be loaded. */
export function compile(input: object, readImport?: (path: string) => string | undefined): CompilerOutput {
  solc ??= createRequire(import.meta.url)("solc") as Solc;
  const callbacks = {
    import: (path: string) => {
      const contents = readImport?.(path);
      return contents === undefined ? { error: `${path} is not here` } : { contents };
    },
  };
  return JSON.parse(solc.compile(JSON.stringify(input), callbacks));
}

/** The syntax trees of `files` and of all that they import, by path; paths are relative to `root`, or of packages. */
export function treesOf(root: string, files: readonly string[]): CompilerOutput["sources"] {
  const sources = Object.fromEntries(files.map((file) => [file, { content: readFileSync(join(root, file), "utf8") }]));
  const settings = { outputSelection: { "*": { "": ["ast"] } } };
  const output = compile({ language: "Solidity", sources, settings }, (path) =>
    [join(root, path), join(root, "node_modules", path)]
      .filter((candidate) => existsSync(candidate))
      .map((candidate) => readFileSync(candidate, "utf8"))
      .at(0),
  );
  const errors = (output.errors ?? []).filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join("\n"));
  return output.sources;
}
