import { type Abi, type AbiEvent, type AbiParameter, toFunctionSelector } from "viem";
import { type AstNode, type BuiltContract, sourcePath } from "./build-output.js";
import { type NatSpec, parseNatSpec } from "./natspec.js";

/** A type as Solidity names it, resolved as far as the SDK needs. */
export type SolidityType =
  | { kind: "elementary"; name: string }
  | { kind: "valueType"; name: string; base: string }
  | { kind: "enum"; name: string }
  | { kind: "struct"; name: string }
  | { kind: "array"; of: SolidityType };

export type Field = { name: string; type: SolidityType; doc: string };
export type StructModel = { name: string; source: string; doc: NatSpec; fields: Field[] };
export type EnumModel = { name: string; source: string; doc: NatSpec; members: { name: string; doc: string }[] };
export type ValueTypeModel = { name: string; source: string; doc: NatSpec; base: string };
export type ErrorModel = { name: string; source: string; doc: NatSpec; fields: Field[] };
export type EventModel = { name: string; contract: string; source: string; doc: NatSpec };
export type ConstantModel = { name: string; source: string; type: string; value: bigint; doc: NatSpec };

export type FunctionModel = {
  name: string;
  source: string;
  selector: string;
  isView: boolean;
  doc: NatSpec;
  inputs: Field[];
  outputs: Field[];
  /** Events of this contract that the function can emit, and external functions that it calls. */
  emits: string[];
  calls: string[];
};

/** All that the SDK is generated from, of one contract. */
export type ContractModel = {
  name: string;
  source: string;
  abi: Abi;
  functions: FunctionModel[];
  events: EventModel[];
  errors: ErrorModel[];
  structs: StructModel[];
  enums: EnumModel[];
  valueTypes: ValueTypeModel[];
  constants: ConstantModel[];
  /** Arguments of OpenZeppelin's EIP712 constructor, for contracts that verify signatures. */
  eip712?: { name: string; version: string };
};

/** Reads the model of a contract from its build output. */
export function contractModel(built: BuiltContract): ContractModel {
  const tree = indexTree(built);
  const contract = tree.all("ContractDefinition").find(({ node }) => node.name === built.name);
  if (!contract) throw new Error(`${built.name} is not in its own build output.`);
  const bases = (contract.node.linearizedBaseContracts as number[]).map((id) => tree.get(id));
  const eip712 = eip712Of(contract.node);
  const ours = ({ source }: Located) => source.startsWith("contracts/");

  return {
    name: built.name,
    source: built.source,
    abi: built.abi,
    functions: functionsOf(built.abi, bases, tree),
    events: uniqueByName(
      built.abi.filter((item) => item.type === "event").map(({ name }) => eventOf(name, built, { bases, tree })),
    ),
    errors: uniqueByName(built.abi.filter((item) => item.type === "error").map((item) => errorOf(item, tree))),
    structs: tree
      .all("StructDefinition")
      .filter(ours)
      .filter(isPlain)
      .map((struct) => structOf(struct, tree)),
    enums: tree.all("EnumDefinition").filter(ours).map(enumOf),
    valueTypes: tree
      .all("UserDefinedValueTypeDefinition")
      .filter(ours)
      .map((located) => valueTypeOf(located, built.texts[located.source] ?? "")),
    constants: bases.filter(ours).flatMap((base) => constantsOf(base)),
    ...(eip712 && { eip712 }),
  };
}

/* TREE */

type Located = { node: AstNode; source: string };
type Tree = { get(id: number): Located; all(nodeType: string): Located[] };

function indexTree({ sources }: BuiltContract): Tree {
  const byId = new Map<number, Located>();
  const byType = new Map<string, Located[]>();
  for (const [name, unit] of Object.entries(sources)) {
    const source = sourcePath(name);
    for (const node of descendants(unit)) {
      byId.set(node.id, { node, source });
      const alike = byType.get(node.nodeType);
      if (alike) alike.push({ node, source });
      else byType.set(node.nodeType, [{ node, source }]);
    }
  }
  return {
    all: (nodeType) => byType.get(nodeType) ?? [],
    get: (id) => {
      const located = byId.get(id);
      if (!located) throw new Error(`The syntax tree has no node ${id}.`);
      return located;
    },
  };
}

/** Every node below `value`, `value` included, in the order of the source. */
export function descendants(value: unknown): AstNode[] {
  const found: AstNode[] = [];
  const visit = (item: unknown): void => {
    if (Array.isArray(item)) item.forEach(visit);
    else if (typeof item === "object" && item !== null) {
      if ("nodeType" in item) found.push(item as AstNode);
      Object.values(item).forEach(visit);
    }
  };
  visit(value);
  return found;
}

function docOf(node: AstNode): NatSpec {
  return parseNatSpec((node.documentation as { text?: string } | null | undefined)?.text);
}

/* FUNCTIONS */

/** Functions that one of our interfaces declares; what only a dependency declares is no action of the SDK. */
function functionsOf(abi: Abi, bases: Located[], tree: Tree): FunctionModel[] {
  const definitions = bases.flatMap(({ node, source }) =>
    (node.nodes as AstNode[])
      .filter(({ nodeType }) => nodeType === "FunctionDefinition")
      .map((definition) => ({ isInterface: node.contractKind === "interface", node: definition, source })),
  );
  return abi
    .filter((item) => item.type === "function")
    .flatMap((item) => {
      const selector = toFunctionSelector(item);
      const alike = definitions.filter(({ node }) => `0x${node.functionSelector}` === selector);
      const declaration = alike.find(({ isInterface, source }) => isInterface && source.startsWith("contracts/"));
      const body = alike.find(({ isInterface }) => !isInterface)?.node;
      if (!declaration) return [];
      const isView = item.stateMutability === "view" || item.stateMutability === "pure";
      return { ...functionOf(declaration, tree), isView, selector, ...reachableFrom(body, definitions, tree) };
    });
}

/** The interface has the words and the names. */
function functionOf({ node, source }: Located, tree: Tree) {
  const doc = docOf(node);
  return {
    name: node.name as string,
    source,
    doc,
    inputs: fieldsOf(node.parameters, tree).map((field) => ({ ...field, doc: doc.params[field.name] ?? "" })),
    outputs: fieldsOf(node.returnParameters, tree).map((field, i) => returnDoc(field, doc.returns[i] ?? "")),
  };
}

/** `@return name What it is.`: the name is repeated in the text when the output has one. */
function returnDoc(field: Field, text: string): Field {
  const doc = field.name !== "" && text.startsWith(`${field.name} `) ? text.slice(field.name.length + 1) : text;
  return { ...field, doc };
}

/** Follows internal calls, to overrides where there are, and collects what is emitted and what is called outside. */
function reachableFrom(
  start: AstNode | undefined,
  definitions: Located[],
  tree: Tree,
): { emits: string[]; calls: string[] } {
  const emits = new Set<string>();
  const calls = new Set<string>();
  const seen = new Set<number>();

  const visit = (definition: AstNode): void => {
    if (seen.has(definition.id)) return;
    seen.add(definition.id);
    const nodes = descendants(definition.body);
    for (const { eventCall } of nodes.filter(({ nodeType }) => nodeType === "EmitStatement")) {
      emits.add(((eventCall as AstNode).expression as AstNode).name as string);
    }
    for (const { expression } of nodes.filter(({ nodeType }) => nodeType === "FunctionCall")) {
      const id = (expression as AstNode).referencedDeclaration;
      if (typeof id !== "number" || id < 0) continue;
      const { node: callee } = tree.get(id);
      if (callee.nodeType !== "FunctionDefinition") continue;
      const target = overrideOf(callee, definitions);
      if (target.implemented) visit(target);
      else if (target.functionSelector) calls.add(`0x${target.functionSelector}`);
    }
  };
  if (start) visit(start);
  return { calls: [...calls], emits: [...emits].sort() };
}

/** `definitions` are ordered from the most derived contract to the most basic. */
function overrideOf(callee: AstNode, definitions: Located[]): AstNode {
  const overrides = (node: AstNode) => ((node.baseFunctions as number[] | undefined) ?? []).includes(callee.id);
  return definitions.find(({ node }) => overrides(node) && node.implemented)?.node ?? callee;
}

/* ERRORS AND EVENTS */

function errorOf(item: { name: string; inputs: readonly AbiParameter[] }, tree: Tree): ErrorModel {
  const definition = tree.all("ErrorDefinition").find(({ node }) => node.name === item.name);
  if (!definition) throw new Error(`Error ${item.name} is in an ABI, but not in the syntax tree.`);
  const { node, source } = definition;
  return { name: item.name, source, doc: docOf(node), fields: fieldsOf(node.parameters, tree) };
}

/** Contracts that are compiled together can have events of one name: the contract's own and its bases' come first. */
function eventOf(
  name: string,
  built: BuiltContract,
  { bases, tree }: { bases: readonly Located[]; tree: Tree },
): EventModel {
  const isIt = ({ nodeType, name: itsName }: AstNode) => nodeType === "EventDefinition" && itsName === name;
  const ofBases = bases.flatMap(({ node, source }) =>
    (node.nodes as AstNode[]).map((member) => ({ node: member, source })),
  );
  const definition = [...ofBases, ...tree.all("EventDefinition")].find(({ node }) => isIt(node));
  if (!definition) throw new Error(`Event ${name} is in an ABI, but not in the syntax tree.`);
  return { name, contract: built.name, source: definition.source, doc: docOf(definition.node) };
}

/** The ABI of an event of somebody else's standard, of which only the syntax tree tells. */
export function eventAbiOf(built: BuiltContract, contract: string, event: string): AbiEvent {
  const tree = indexTree(built);
  const [definition, ...others] = tree
    .all("ContractDefinition")
    .filter(({ node, source }) => node.name === contract && !source.startsWith("contracts/"))
    .flatMap(({ node }) => (node.nodes as AstNode[]).filter((member) => member.nodeType === "EventDefinition"))
    .filter(({ name }) => name === event);
  if (!definition || others.length > 0) throw new Error(`${built.name} does not use one ${contract}.${event}.`);
  const { parameters } = definition.parameters as { parameters: AstNode[] };
  const inputs = parameters.map(({ indexed, name, typeDescriptions }) => ({
    indexed: indexed === true,
    name: name as string,
    type: (typeDescriptions as { typeString: string }).typeString,
  }));
  return { inputs, name: event, type: "event" };
}

/* TYPES */

/** Structs with mappings or packed words are storage, not something that a caller passes. */
function isPlain({ node }: Located): boolean {
  return !descendants(node).some(({ nodeType }) => nodeType === "Mapping");
}

function structOf({ node, source }: Located, tree: Tree): StructModel {
  const doc = docOf(node);
  const fields = fieldsOf({ parameters: node.members }, tree);
  return {
    name: node.name as string,
    source,
    doc,
    fields: fields.map((field) => ({ ...field, doc: doc.params[field.name] ?? "" })),
  };
}

function enumOf({ node, source }: Located): EnumModel {
  const members = (node.members as AstNode[]).map((member) => ({
    name: member.name as string,
    doc: docOf(member).notice,
  }));
  return { name: node.name as string, source, doc: docOf(node), members };
}

/** The tree has no documentation of value types, so it is read where it stands: above the definition. */
function valueTypeOf({ node, source }: Located, text: string): ValueTypeModel {
  const base = (node.underlyingType as AstNode).name as string;
  const [start] = (node.src as string).split(":");
  const before = Buffer.from(text).subarray(0, Number(start)).toString();
  const [comment = ""] = /(?:[ \t]*\/\/\/.*\n)+$/.exec(before) ?? [];
  return { name: node.name as string, source, doc: parseNatSpec(comment.replace(/^[ \t]*\/\/\//gm, "")), base };
}

function fieldsOf(list: unknown, tree: Tree): Field[] {
  return (list as { parameters: AstNode[] }).parameters.map((node) => ({
    name: node.name as string,
    type: typeOf(node.typeName as AstNode, tree),
    doc: "",
  }));
}

function typeOf(node: AstNode, tree: Tree): SolidityType {
  if (node.nodeType === "ElementaryTypeName") return { kind: "elementary", name: node.name as string };
  if (node.nodeType === "ArrayTypeName") return { kind: "array", of: typeOf(node.baseType as AstNode, tree) };
  if (node.nodeType === "UserDefinedTypeName") {
    const { node: declaration } = tree.get(node.referencedDeclaration as number);
    const name = declaration.name as string;
    if (declaration.nodeType === "StructDefinition") return { kind: "struct", name };
    if (declaration.nodeType === "EnumDefinition") return { kind: "enum", name };
    if (declaration.nodeType === "ContractDefinition") return { kind: "elementary", name: "address" };
    if (declaration.nodeType === "UserDefinedValueTypeDefinition") {
      return { kind: "valueType", name, base: (declaration.underlyingType as AstNode).name as string };
    }
  }
  throw new Error(`The generator does not know the type ${node.nodeType}.`);
}

/* CONSTANTS */

/** Integer constants whose value the compiler knows from one literal, with its unit: `1 hours`. */
function constantsOf({ node, source }: Located): ConstantModel[] {
  return (node.nodes as AstNode[])
    .filter(({ nodeType, constant }) => nodeType === "VariableDeclaration" && constant === true)
    .flatMap((declaration) => {
      const { typeDescriptions } = declaration.value as { typeDescriptions: { typeString: string } };
      const value = /^int_const (\d+)$/.exec(typeDescriptions.typeString)?.[1];
      const type = (declaration.typeName as AstNode).name as string;
      if (value === undefined) return [];
      return { name: declaration.name as string, source, type, value: BigInt(value), doc: docOf(declaration) };
    });
}

/* EIP-712 */

function eip712Of(contract: AstNode): { name: string; version: string } | undefined {
  const start = (contract.nodes as AstNode[]).find(({ kind }) => kind === "constructor");
  const modifiers = (start?.modifiers ?? []) as { modifierName: { name: string }; arguments: { value: string }[] }[];
  const [name, version] = modifiers.find(({ modifierName }) => modifierName.name === "EIP712")?.arguments ?? [];
  return name && version && { name: name.value, version: version.value };
}

/** The EIP-712 type strings written in the source of a library: `Refund(bytes32 paymentId,…)`. */
export function typeStringsOf(built: BuiltContract, path: string): string[] {
  const unit = Object.entries(built.sources).find(([source]) => sourcePath(source) === path)?.[1];
  if (!unit) throw new Error(`${path} is not in the build output of ${built.name}.`);
  return descendants(unit)
    .filter(({ nodeType, kind }) => nodeType === "Literal" && kind === "string")
    .map(({ value }) => value as string);
}

export function uniqueByName<Named extends { name: string }>(items: readonly Named[]): Named[] {
  const byName = new Map<string, Named>();
  for (const item of items) {
    const known = byName.get(item.name);
    if (known && stringify(known) !== stringify(item)) throw new Error(`There are two different ${item.name}.`);
    byName.set(item.name, item);
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Everything but where it stands: two interfaces may declare the same error in the same words. */
function stringify(value: object): string {
  return JSON.stringify({ ...value, source: undefined }, (_, item) => (typeof item === "bigint" ? `${item}n` : item));
}
