import { type AstNode, childOf, childrenOf, nodesIn } from "./ast.js";

/** One source of a compilation, as far as it tells whose code is where. */
export type BuiltSource = {
  ast: AstNode;
  contracts: { name: string; sourceMaps: string[] }[];
  /** The sources of the same compilation by the index that source maps use. */
  names: ReadonlyMap<number, string>;
};

export type Contract = { source: string; name: string };

/**
 * The contracts whose bytecode has code of `file` in it: those of which some instruction stems from there, and those that
 * deploy such a one.
 */
export function contractsWith(file: string, sources: Readonly<Record<string, BuiltSource>>): Contract[] {
  const all = Object.entries(sources).flatMap(([source, { contracts, names }]) =>
    contracts
      .filter(({ sourceMaps }) => sourceMaps.some((map) => map !== ""))
      .map(({ name, sourceMaps }) => ({ source, name, origins: originsOf(sourceMaps, names) })),
  );
  const found = new Set(all.filter(({ origins }) => origins.has(file)));
  const created = new Map(Object.entries(sources).map(([source, { ast }]) => [source, createdIn(ast)]));
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    const names = new Set([...found].map(({ name }) => name));
    for (const contract of all) {
      const deployed = [...contract.origins].flatMap((origin) => created.get(origin) ?? []);
      if (deployed.some((name) => names.has(name))) found.add(contract);
    }
  }
  return [...found].map(({ name, source }) => ({ source, name }));
}

/** `roots` and all that they import. */
export function importsOf(roots: readonly string[], sources: Readonly<Record<string, { ast: AstNode }>>): Set<string> {
  const found = new Set(roots);
  for (const name of found) {
    const ast = sources[name]?.ast;
    const imports = ast ? childrenOf(ast, "nodes").filter(({ nodeType }) => nodeType === "ImportDirective") : [];
    for (const { absolutePath } of imports) found.add(String(absolutePath));
  }
  return found;
}

/** The sources that the instructions of a contract stem from. An empty field of a source map repeats the last one. */
function originsOf(sourceMaps: readonly string[], names: ReadonlyMap<number, string>): Set<string> {
  const entries = sourceMaps.flatMap((map) => map.split(";"));
  const indices = new Set(entries.map((entry) => entry.split(":")[2] || "-1"));
  return new Set([...indices].flatMap((index) => names.get(Number(index)) ?? []));
}

/** The names of the contracts whose code the code of a source has in it, to deploy it. */
function createdIn(ast: AstNode): string[] {
  return nodesIn(ast).flatMap((node) => {
    if (node.nodeType === "NewExpression") return contractIn(childOf(node, "typeName"));
    if (node.memberName === "creationCode" || node.memberName === "runtimeCode") {
      return contractIn(childOf(node, "expression"));
    }
    return [];
  });
}

/** `X` where the compiler's type is `contract X` or `type(contract X)`. */
function contractIn(node: AstNode | undefined): string[] {
  const { typeString = "" } = (node?.typeDescriptions ?? {}) as { typeString?: string };
  const [, name] = /^(?:type\()?contract (\w+)\)?$/.exec(typeString) ?? [];
  return name === undefined ? [] : [name];
}
