import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Abi, Hex } from "viem";

/** A node of solc's syntax tree; only what all nodes share is typed, the rest is read where it is needed. */
export type AstNode = { id: number; nodeType: string; [key: string]: unknown };

/** What Hardhat's build leaves of one contract: its artifact, and the syntax trees of all files it was compiled from. */
export type BuiltContract = {
  name: string;
  abi: Abi;
  bytecode: Hex;
  /** Path in the repository. */
  source: string;
  /** Compiled with the IR pipeline, as what is deployed. */
  isProduction: boolean;
  /** Syntax trees by solc's source name: `project/contracts/…` or `npm/@openzeppelin/contracts@…/…`. */
  sources: Record<string, AstNode>;
  /** The text of the files by their path in the repository. */
  texts: Record<string, string>;
};

/** The parts of Hardhat's files that are read here. */
type Artifact = { abi: Abi; buildInfoId: string; bytecode: Hex; sourceName: string };
type BuildInput = { input: { settings: { viaIR?: boolean }; sources: Record<string, { content: string }> } };
type BuildOutput = { output: { sources: Record<string, { ast: AstNode }> } };

/** Reads one contract from `artifacts/`. Build first. */
export function readBuiltContract(root: string, name: string): BuiltContract {
  const artifact: Artifact = readJson(join(root, "artifacts/contracts", `${name}.sol`, `${name}.json`));
  const buildInfo = join(root, "artifacts/build-info", artifact.buildInfoId);
  const { output }: BuildOutput = readJson(`${buildInfo}.output.json`);
  const { input }: BuildInput = readJson(`${buildInfo}.json`);
  return {
    name,
    abi: artifact.abi,
    bytecode: artifact.bytecode,
    source: artifact.sourceName,
    isProduction: input.settings.viaIR === true,
    sources: Object.fromEntries(Object.entries(output.sources).map(([source, { ast }]) => [source, ast])),
    texts: Object.fromEntries(
      Object.entries(input.sources).map(([source, { content }]) => [sourcePath(source), content]),
    ),
  };
}

function readJson<Content>(path: string): Content {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** `project/contracts/X.sol` and `npm/@openzeppelin/contracts@5.7.0/X.sol` as a reader knows them. */
export function sourcePath(source: string): string {
  return source.replace(/^project\//, "").replace(/^npm\/((?:@[^/]+\/)?[^@/]+)@[^/]+/, "$1");
}
