import { posix } from "node:path";

/** A source file and what it imports, as written. Paths are relative to the repository, with `/`. */
export type SourceFile = { path: string; imports: readonly string[] };

type Layer = {
  /** The first layer whose pattern fits a path is its layer. */
  files: RegExp;
  /** When given, nothing else may be imported. */
  only?: RegExp;
  /** May not be imported, whatever `only` says. */
  never?: RegExp;
  rule: string;
};

const openZeppelin = "@openzeppelin/contracts/";
/** Nothing else of Solady: the rest is OpenZeppelin's part. */
const soladyDates = "solady/src/utils/DateTimeLib.sol$";
const soladyCodeStorage = "solady/src/utils/SSTORE2.sol$";

/** Who may import whom. Imports are matched as repository paths or package names. */
const layers: readonly Layer[] = [
  {
    files: /^contracts\/types\//,
    only: new RegExp(`^(contracts/types/|${openZeppelin})`),
    rule: "types stand at the bottom and import only types",
  },
  {
    files: /^contracts\/interfaces\/external\//,
    only: /^contracts\/interfaces\/external\//,
    rule: "interfaces of standards import nothing of ours",
  },
  {
    files: /^contracts\/interfaces\//,
    only: new RegExp(`^(contracts/(types|interfaces)/|${openZeppelin})`),
    rule: "interfaces import only types and interfaces",
  },
  {
    files: /^contracts\/libraries\//,
    only: new RegExp(`^(contracts/(types|libraries|interfaces/external)/|${openZeppelin}|${soladyDates})`),
    rule: "libraries import only types, libraries, interfaces of standards, and Solady's calendar",
  },
  {
    files: /^contracts\//,
    only: new RegExp(`^(contracts/(base|interfaces|libraries|types)/|${openZeppelin}|${soladyCodeStorage})`),
    rule: "products never import each other, nor anything from outside contracts/ but OpenZeppelin and Solady's SSTORE2",
  },
  {
    files: /^ignition\//,
    never: /^(sdk|apps|scripts|test|artifacts)\/|^@recourse\//,
    rule: "deployment modules know contracts, not what is built on them",
  },
  {
    files: /^sdk\/src\/ethers\//,
    never: /^(?!sdk\/src\/)[a-z]+\/.*\.(ts|js|json|sol)$|^hardhat\b|^@nomicfoundation\/|^node:fs/,
    rule: "the sdk never reads artifacts and never imports hardhat",
  },
  {
    files: /^sdk\/src\//,
    never: /^(?!sdk\/)[a-z]+\/.*\.(ts|js|json|sol)$|^hardhat\b|^@nomicfoundation\/|^ethers\b/,
    rule: "the sdk never reads artifacts, never imports hardhat, and ethers only in sdk/src/ethers",
  },
  {
    files: /^apps\//,
    never: /^(sdk|contracts|ignition|scripts|test|artifacts)\/|^hardhat\b|^@nomicfoundation\/|^ethers\b/,
    rule: "apps use the published sdk, by its package name",
  },
  {
    files: /^(scripts|test)\/(?!integration\/).*\.(ts|mjs)$/,
    never: /^ethers\b/,
    rule: "ethers only in sdk/src/ethers and its tests",
  },
];

/** One sentence for each import that the table does not allow. */
export function layerViolations(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, imports }) => imports.flatMap((name) => violation(path, resolveImport(path, name))));
}

function violation(path: string, target: string): string[] {
  if (target.startsWith("../")) return [`${path} imports ${target}: nothing outside the repository`];
  const layer = layers.find(({ files }) => files.test(path));
  if (!layer) return [];
  const isAllowed = (layer.only?.test(target) ?? true) && !layer.never?.test(target);
  return isAllowed ? [] : [`${path} imports ${target}: ${layer.rule}`];
}

function resolveImport(path: string, name: string): string {
  return name.startsWith(".") ? posix.join(posix.dirname(path), name) : name;
}

/** What a Solidity or TypeScript source imports, as written. */
export function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const pattern = /\b(?:from|import|require)\s*\(?\s*["']([^"']+)["']/g;
  return [...code.matchAll(pattern)].map(([, name = ""]) => name);
}

/** Mentions of a `shared` folder that would lie beside the repository. A clone has none. */
export function outsideMentions(path: string, source: string): string[] {
  return [...source.matchAll(/(?:\.\.\/)+shared\b/g)]
    .map(([mention]) => posix.join(posix.dirname(path), mention))
    .filter((target) => target.startsWith("../"))
    .map((target) => `${path} mentions ${target}, which a clone does not have`);
}
