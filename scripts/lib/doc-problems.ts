import { type AstNode, type AstSources, childOf, childrenOf, nameOf, nodesIn, parametersOf } from "./ast.js";

/** What the comment above a declaration says. */
export type Doc = {
  notice: string;
  dev: string;
  params: Map<string, string>;
  returns: string[];
  reverts: string[];
  inherits: boolean;
};

/** Reads `text` as the compiler keeps it: a line without a tag belongs to the tag before it. */
export function parseDoc(text: string): Doc {
  const doc: Doc = { notice: "", dev: "", params: new Map(), returns: [], reverts: [], inherits: false };
  const tags = text
    .split("\n")
    .map((line) => line.trim())
    .join("\n")
    .split(/\n(?=@)/);
  for (const entry of tags) {
    const [, tag = "notice", body = ""] = /^(?:@(\S+)\s*)?([\s\S]*)$/.exec(entry.trim()) ?? [];
    const [, word = "", rest = ""] = /^(\S+)\s*([\s\S]*)$/.exec(body) ?? [];
    if (tag === "notice") doc.notice += body;
    if (tag === "dev") doc.dev += body;
    if (tag === "param") doc.params.set(word, rest);
    if (tag === "return") doc.returns.push(body);
    if (tag === "custom:reverts") doc.reverts.push(word);
    if (tag === "inheritdoc") doc.inherits = true;
  }
  return doc;
}

function docOf(node: AstNode): Doc {
  const documentation = node.documentation;
  const text = typeof documentation === "string" ? documentation : (documentation as { text?: string } | null)?.text;
  return parseDoc(text ?? "");
}

/**
 * What is wrong with the docs in `sources`: declarations without docs, parameters that are described by their own name,
 * and lists of reverts that differ from the errors the body can raise. Only sources for which `isOurs` is looked at.
 */
export function docProblemsIn(sources: AstSources, isOurs: (source: string) => boolean): string[] {
  const ours = Object.entries(sources).filter(([source]) => isOurs(source));
  const others = Object.entries(sources).filter(([source]) => !isOurs(source));
  const index = new Index(
    ours.flatMap(([, ast]) => nodesIn(ast)),
    others.flatMap(([, ast]) => nodesIn(ast)),
  );
  return ours.flatMap(([source, ast]) =>
    childrenOf(ast, "nodes")
      .flatMap((node) => [
        ...declarationProblems(node, node),
        ...(node.nodeType === "ContractDefinition"
          ? [
              ...childrenOf(node, "nodes").flatMap((member) => declarationProblems(member, node)),
              ...revertProblems(node, index),
            ]
          : []),
      ])
      .map((problem) => `${source}: ${problem}`),
  );
}

/* DOCS */

function declarationProblems(node: AstNode, owner: AstNode): string[] {
  const problems = docProblems(node, owner);
  const name = node === owner ? nameOf(node) : `${nameOf(owner)}.${nameOf(node)}`;
  return problems.map((problem) => `${name}: ${problem}`);
}

function docProblems(node: AstNode, owner: AstNode): string[] {
  const doc = docOf(node);
  switch (node.nodeType) {
    case "StructDefinition":
      return [...noticeProblems(doc), ...paramProblems(doc, childrenOf(node, "members"))];
    case "EventDefinition":
      return [...noticeProblems(doc), ...paramProblems(doc, parametersOf(node))];
    case "ErrorDefinition":
      return [...noticeProblems(doc), ...(doc.dev ? [] : ["no @dev that says what to do about it"])];
    case "EnumDefinition":
      return noticeProblems(doc);
    case "FunctionDefinition":
      if (!node.functionSelector || node.kind === "constructor") return [];
      if (owner.contractKind === "contract")
        return doc.inherits ? [] : ["not documented by @inheritdoc of an interface"];
      return [
        ...noticeProblems(doc),
        ...paramProblems(doc, parametersOf(node)),
        ...(doc.returns.length < parametersOf(node, "returnParameters").length ? ["a @return is missing"] : []),
      ];
    default:
      return [];
  }
}

function noticeProblems(doc: Doc): string[] {
  return doc.notice ? [] : ["no @notice"];
}

function paramProblems(doc: Doc, parameters: AstNode[]): string[] {
  return parameters.flatMap((parameter) => {
    const name = nameOf(parameter);
    const description = doc.params.get(name);
    if (!description) return [`no @param ${name}`];
    return saysOnlyItsName(name, description) ? [`@param ${name} says only its own name`] : [];
  });
}

function saysOnlyItsName(name: string, description: string): boolean {
  const letters = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, "");
  return letters(description.replace(/\b(the|a|an)\b/gi, "")) === letters(name);
}

/* REVERTS */

/** Declarations of one compilation by id. */
class Index {
  readonly byId: ReadonlyMap<number, AstNode>;
  /** The contract in which a function or an error is declared. */
  readonly ownerOf: ReadonlyMap<number, AstNode>;
  readonly errorNames: ReadonlySet<string>;
  /** Errors of dependencies: whether they are listed is a matter of how much they say. */
  readonly otherErrorNames: ReadonlySet<string>;

  constructor(nodes: AstNode[], otherNodes: AstNode[]) {
    const contracts = nodes.filter(({ nodeType }) => nodeType === "ContractDefinition");
    this.byId = new Map(nodes.map((node) => [node.id, node]));
    this.ownerOf = new Map(
      contracts.flatMap((owner) => childrenOf(owner, "nodes").map(({ id }) => [id, owner] as const)),
    );
    this.errorNames = errorNamesIn(nodes);
    this.otherErrorNames = errorNamesIn(otherNodes);
  }
}

function errorNamesIn(nodes: AstNode[]): Set<string> {
  return new Set(nodes.filter(({ nodeType }) => nodeType === "ErrorDefinition").map(nameOf));
}

/** Compares, for each function that `contract` can be called with, what the interface says with what the body does. */
function revertProblems(contract: AstNode, index: Index): string[] {
  if (contract.contractKind !== "contract" || contract.abstract) return [];
  return basesOf(contract, index)
    .flatMap((base) => childrenOf(base, "nodes"))
    .filter((node) => node.nodeType === "FunctionDefinition" && node.functionSelector && node.implemented)
    .flatMap((implementation) => {
      const declaration = documentedDeclaration(implementation, index);
      if (!declaration) return [];
      const owner = index.ownerOf.get(declaration.id);
      const listed = docOf(declaration).reverts;
      const raised = errorsOf(implementation, contract, index)
        .filter((error) => !isDeclaredByHeir(error, owner, index))
        .map(nameOf);
      return listDifference(listed, raised, index).map(
        (problem) => `${owner ? nameOf(owner) : ""}.${nameOf(declaration)}: ${problem}`,
      );
    });
}

function listDifference(listed: string[], raised: string[], { errorNames: known, otherErrorNames }: Index): string[] {
  const isError = (name: string) => known.has(name) || otherErrorNames.has(name);
  return [
    ...listed.filter((name) => !isError(name)).map((name) => `lists ${name}, which is no error`),
    ...listed.filter((name, position) => listed.indexOf(name) !== position).map((name) => `lists ${name} twice`),
    ...listed.filter((name) => known.has(name) && !raised.includes(name)).map((name) => `lists ${name}, never raised`),
    ...raised.filter((name) => !listed.includes(name)).map((name) => `does not list ${name}`),
  ];
}

/** The interface function that carries the docs of `implementation`. */
function documentedDeclaration(implementation: AstNode, index: Index): AstNode | undefined {
  return baseFunctionsOf(implementation, index).find(({ id }) => index.ownerOf.get(id)?.contractKind === "interface");
}

/** An interface cannot list what only its heirs know: errors of one kind of vault are listed by that kind. */
function isDeclaredByHeir(error: AstNode, owner: AstNode | undefined, index: Index): boolean {
  const home = index.ownerOf.get(error.id);
  return home !== undefined && owner !== undefined && home !== owner && basesOf(home, index).includes(owner);
}

/** The errors that a call of `entry` on `contract` can raise by itself; those of other contracts it calls are theirs. */
function errorsOf(entry: AstNode, contract: AstNode, index: Index): AstNode[] {
  const errors = new Set<AstNode>();
  const seen = new Set<AstNode>();
  const waiting = [entry];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    for (const target of calledBy(next, contract, index)) {
      if (target.nodeType === "ErrorDefinition") errors.add(target);
      else waiting.push(target);
    }
  }
  return [...errors];
}

function calledBy(callable: AstNode, contract: AstNode, index: Index): AstNode[] {
  const modifiers = childrenOf(callable, "modifiers").flatMap((use) => childOf(use, "modifierName") ?? []);
  const calls = nodesIn(callable.body).filter(({ nodeType }) => nodeType === "FunctionCall");
  const callees = calls.flatMap((call) => childOf(call, "expression") ?? []).filter((callee) => !isExternal(callee));
  return [...modifiers, ...callees].flatMap((callee) => {
    const target = index.byId.get(Number(callee.referencedDeclaration));
    if (!target) return [];
    return isSuper(callee) ? target : mostDerived(target, contract, index);
  });
}

function isExternal(callee: AstNode): boolean {
  return typeOf(childOf(callee, "expression")).startsWith("t_contract$") && !isSuper(callee);
}

function isSuper(callee: AstNode): boolean {
  return (
    typeOf(childOf(callee, "expression")).startsWith("t_super$") || childOf(callee, "expression")?.name === "super"
  );
}

function typeOf(node: AstNode | undefined): string {
  return (node?.typeDescriptions as { typeIdentifier?: string } | undefined)?.typeIdentifier ?? "";
}

/** What runs in `contract` when `target` is called: the override nearest to it. */
function mostDerived(target: AstNode, contract: AstNode, index: Index): AstNode {
  const overrides = basesOf(contract, index)
    .flatMap((base) => childrenOf(base, "nodes"))
    .find((node) => node === target || baseFunctionsOf(node, index).includes(target));
  return overrides ?? target;
}

/** The functions that `node` overrides, near ones first. */
function baseFunctionsOf(node: AstNode, index: Index): AstNode[] {
  const ids = [node.baseFunctions, node.baseModifiers].flatMap((list) => (Array.isArray(list) ? list : []));
  const bases = ids.flatMap((id: number) => index.byId.get(id) ?? []);
  return bases.flatMap((base) => [base, ...baseFunctionsOf(base, index)]);
}

/** `contract` and what it inherits from, most derived first; only ours. */
function basesOf(contract: AstNode, index: Index): AstNode[] {
  const ids = contract.linearizedBaseContracts as number[];
  return ids.flatMap((id) => index.byId.get(id) ?? []);
}
