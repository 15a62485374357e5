import { readdirSync, readFileSync } from "node:fs";

/** A node of the compiler's syntax tree; what else it has depends on `nodeType`. */
export type AstNode = { nodeType: string; id: number; [field: string]: unknown };

/** The syntax trees of one compilation by source name. Ids are unique within one compilation only. */
export type AstSources = Record<string, AstNode>;

/** Every compilation of the last build. */
export function builtSources(folder = "artifacts/build-info"): AstSources[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".output.json"))
    .map((name) => {
      const { output } = JSON.parse(readFileSync(`${folder}/${name}`, "utf8"));
      const sources: [string, { ast: AstNode }][] = Object.entries(output.sources);
      return Object.fromEntries(sources.map(([source, { ast }]) => [source, ast]));
    });
}

/** All nodes in `value`, itself included, outer ones first. */
export function nodesIn(value: unknown): AstNode[] {
  if (Array.isArray(value)) return value.flatMap(nodesIn);
  if (typeof value !== "object" || value === null) return [];
  const inner = Object.values(value).flatMap(nodesIn);
  return isNode(value) ? [value, ...inner] : inner;
}

function isNode(value: object): value is AstNode {
  return "nodeType" in value && "id" in value;
}

/** The nodes in the field `name`, which the compiler leaves out or sets to null when there are none. */
export function childrenOf(node: AstNode, name: string): AstNode[] {
  const value = node[name];
  return Array.isArray(value) ? value.filter((child) => child !== null) : [];
}

/** The node in the field `name`. */
export function childOf(node: AstNode, name: string): AstNode | undefined {
  return (node[name] as AstNode | null | undefined) ?? undefined;
}

export function nameOf(node: AstNode): string {
  return String(node.name ?? "");
}

/** The parameters of a function, event or error, or what a function returns. */
export function parametersOf(node: AstNode, field = "parameters"): AstNode[] {
  const list = childOf(node, field);
  return list ? childrenOf(list, "parameters") : [];
}
