/** A node of solc's syntax tree, or of its inline assembly. */
type Node = { nodeType: string; src: string; [field: string]: unknown };

/** What one kind of change is called, and what it breaks. */
export const operators = {
  relational: "a boundary moves, or equal becomes unequal",
  condition: "a condition is negated, or always or never holds",
  logical: "`&&` becomes `||`, or one operand is dropped",
  arithmetic: "an arithmetic, bit or assignment operator becomes another",
  negation: "`!`, `~` or `-` is dropped",
  statement: "an assignment, call, event, check or return is deleted",
  ternary: "only one branch of `?:` is left",
  argument: "two arguments of the same type change places",
  constant: "a number or an enum's member becomes the next, a boolean its opposite, a text empty",
  context: "`msg.sender` becomes `tx.origin`",
  modifier: "a modifier is removed",
} as const;

export type Operator = keyof typeof operators;

/** One change of one source. */
export type Mutant = {
  /** Stays the same while the line that is changed, its function and its file do. */
  id: string;
  file: string;
  /** The function, modifier or constant that is changed. */
  where: string;
  operator: Operator;
  /** From 1. */
  line: number;
  /** The changed lines before and after, without the space around them. */
  before: string;
  after: string;
  /** In bytes, as the compiler counts. */
  start: number;
  end: number;
  replacement: string;
};

type Change = Pick<Mutant, "where" | "operator" | "start" | "end" | "replacement">;

/** The member of an enum that follows each member, by the id of its declaration. */
export type NextMembers = ReadonlyMap<unknown, string>;

/** Those of all enums in `trees`. */
export function nextMembersOf(trees: readonly Node[]): NextMembers {
  const lists = nodesIn(trees)
    .filter(({ nodeType }) => nodeType === "EnumDefinition")
    .map(({ members }) => members as Node[]);
  return new Map(
    lists.flatMap((members) =>
      members.map(({ id }, index) => [id, String(members[(index + 1) % members.length]?.name)] as const),
    ),
  );
}

function nodesIn(value: unknown): Node[] {
  if (Array.isArray(value)) return value.flatMap(nodesIn);
  if (!isNode(value)) return [];
  return [value, ...Object.values(value).flatMap(nodesIn)];
}

/** All mutants of one source by its syntax tree, in the order of the text. */
export function mutantsOf(file: string, text: string, tree: Node, nextMembers: NextMembers = new Map()): Mutant[] {
  const source = Buffer.from(text);
  const seen = new Set<string>();
  const times = new Map<string, number>();
  return changesIn({ source, nextMembers }, tree, file)
    .sort((a, b) => a.start - b.start || a.end - b.end)
    .filter(({ end, replacement, start }) => {
      const key = `${start}:${end}:${replacement}`;
      return source.toString("utf8", start, end) !== replacement && !seen.has(key) && seen.add(key);
    })
    .map((change) => {
      const { line, before, after } = changedLines(source, change);
      const what = [file, change.where, change.operator, before, after].join("\0");
      const time = times.get(what) ?? 0;
      times.set(what, time + 1);
      return { id: hash(`${what}\0${time}`), file, line, before, after, ...change };
    });
}

/** `text` with the mutant in it. */
export function applyMutant(text: string, { end, replacement, start }: Change): string {
  const source = Buffer.from(text);
  return Buffer.concat([source.subarray(0, start), Buffer.from(replacement), source.subarray(end)]).toString("utf8");
}

function changedLines(source: Buffer, change: Change): Pick<Mutant, "line" | "before" | "after"> {
  const from = source.lastIndexOf("\n", change.start - 1) + 1;
  const newline = source.indexOf("\n", Math.max(change.end - 1, change.start));
  const to = newline === -1 ? source.length : newline;
  const before = source.toString("utf8", from, to);
  const shifted = { ...change, start: change.start - from, end: change.end - from };
  return {
    line: source.toString("utf8", 0, from).split("\n").length,
    before: oneLine(before),
    after: oneLine(applyMutant(before, shifted)),
  };
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** FNV-1a in 64 bits: short, and the same on every machine. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) value = BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100000001b3n);
  return value.toString(16).padStart(16, "0").slice(0, 12);
}

/* WHERE TO LOOK */

/** What holds no code of ours: types, documentation, declarations. */
const skippedTypes = new Set([
  "ImportDirective",
  "PragmaDirective",
  "StructuredDocumentation",
  "StructDefinition",
  "EnumDefinition",
  "ErrorDefinition",
  "EventDefinition",
  "UserDefinedValueTypeDefinition",
  "UsingForDirective",
  "InheritanceSpecifier",
  "OverrideSpecifier",
  "ParameterList",
]);
const skippedFields = new Set(["typeName", "typeDescriptions", "documentation"]);

function changesIn(context: Context, tree: Node, file: string): Change[] {
  const changes: Change[] = [];
  const visit = (value: unknown, where: string): void => {
    if (Array.isArray(value)) {
      for (const item of value) visit(item, where);
    } else if (isNode(value) && !skippedTypes.has(value.nodeType)) {
      const inner = placeOf(value) ?? where;
      for (const change of changesAt(value, context)) changes.push({ where: inner, ...change });
      for (const [field, child] of Object.entries(value)) if (!skippedFields.has(field)) visit(child, inner);
    }
  };
  visit(tree, file);
  return changes;
}

function placeOf(node: Node): string | undefined {
  if (node.nodeType === "FunctionDefinition") return node.kind === "constructor" ? "constructor" : String(node.name);
  if (node.nodeType === "ModifierDefinition") return String(node.name);
  if (node.nodeType === "VariableDeclaration" && (node.stateVariable || node.constant)) return String(node.name);
  return undefined;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "nodeType" in value && "src" in value;
}

/* WHAT TO CHANGE */

type Edit = Omit<Change, "where">;
type Context = { source: Buffer; nextMembers: NextMembers };

const deletableTypes = new Set([
  "ExpressionStatement",
  "EmitStatement",
  "Return",
  "Break",
  "Continue",
  "YulExpressionStatement",
  "YulAssignment",
]);

function changesAt(node: Node, context: Context): Edit[] {
  if (deletableTypes.has(node.nodeType)) return [deletion(node, context)];
  switch (node.nodeType) {
    case "BinaryOperation":
      return binary(node, context);
    case "UnaryOperation":
      return unary(node, context);
    case "Assignment":
      return assignment(node, context);
    case "IfStatement":
      return ifStatement(node, context);
    case "ForStatement":
    case "WhileStatement":
      return node.condition ? [replace("condition", node.condition as Node, "false")] : [];
    case "Conditional":
      return conditional(node, context);
    case "FunctionCall":
      return argumentSwaps(node, context);
    case "Literal":
      return literal(node, context);
    case "YulLiteral":
      return yulLiteral(node, context);
    case "YulFunctionCall":
      return yulCall(node);
    case "MemberAccess":
      return member(node, context);
    case "ModifierInvocation":
      return node.kind === "modifierInvocation" ? [replace("modifier", node, "")] : [];
    default:
      return [];
  }
}

const boundaries: Record<string, string> = { "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==" };
const calculations: Record<string, string> = {
  "+": "-",
  "-": "+",
  "*": "/",
  "/": "*",
  "%": "*",
  "**": "*",
  "<<": ">>",
  ">>": "<<",
  "&": "|",
  "|": "&",
  "^": "&",
};
const connectives: Record<string, string> = { "&&": "||", "||": "&&" };

function binary(node: Node, context: Context): Edit[] {
  const [left, right] = [node.leftExpression as Node, node.rightExpression as Node];
  const operator = String(node.operator);
  const swapTo = (kind: Operator, other: string): Edit => between(kind, left, right, operator, other, context);

  if (boundaries[operator]) return [swapTo("relational", boundaries[operator])];
  if (calculations[operator]) return [swapTo("arithmetic", calculations[operator])];
  if (!connectives[operator]) return [];
  return [
    swapTo("logical", connectives[operator]),
    replace("logical", node, textOf(left, context)),
    replace("logical", node, textOf(right, context)),
  ];
}

function unary(node: Node, context: Context): Edit[] {
  const operator = String(node.operator);
  const operand = node.subExpression as Node;
  if (operator === "++" || operator === "--") {
    const other = operator === "++" ? "--" : "++";
    const text = textOf(operand, context);
    return [replace("arithmetic", node, node.prefix ? other + text : text + other)];
  }
  return ["!", "~", "-"].includes(operator) ? [replace("negation", node, textOf(operand, context))] : [];
}

function assignment(node: Node, context: Context): Edit[] {
  const operator = String(node.operator);
  if (operator === "=") return [];
  const [left, right] = [node.leftHandSide as Node, node.rightHandSide as Node];
  const other = calculations[operator.slice(0, -1)];
  return [...(other ? [`${other}=`] : []), "="].map((to) => between("arithmetic", left, right, operator, to, context));
}

/** A check that only reverts is deleted; to let it always revert would tell nothing. */
function ifStatement(node: Node, context: Context): Edit[] {
  const condition = node.condition as Node;
  const negated = negation(condition, context);
  const always = replace("condition", condition, "true");
  const only = node.falseBody ? undefined : onlyStatement(node.trueBody as Node);
  if (only?.nodeType === "RevertStatement") return [...negated, deletion(node, context)];
  // Deleting the only statement is the same as never doing it.
  if (only && deletableTypes.has(only.nodeType)) return [...negated, always];
  return [...negated, always, replace("condition", condition, "false")];
}

function onlyStatement(body: Node): Node | undefined {
  const statements = body.nodeType === "Block" ? (body.statements as Node[]) : [body];
  return statements.length === 1 ? statements[0] : undefined;
}

/** Of an equality or a `!` the other operators make the opposite already. */
function negation(condition: Node, context: Context): Edit[] {
  const operator = String(condition.operator ?? "");
  if (operator === "==" || operator === "!=" || operator === "!") return [];
  return [replace("condition", condition, `!(${textOf(condition, context)})`)];
}

function conditional(node: Node, context: Context): Edit[] {
  const { condition, falseExpression, trueExpression } = node as Record<string, unknown> as Record<string, Node>;
  if (!condition || !trueExpression || !falseExpression) return [];
  return [
    ...negation(condition, context),
    replace("ternary", node, textOf(trueExpression, context)),
    replace("ternary", node, textOf(falseExpression, context)),
  ];
}

/** A block stands for what is deleted, so that a body without braces stays a statement. */
function deletion(node: Node, context: Context): Edit {
  const { end, start } = rangeOf(node);
  const isSentence = context.source.toString("utf8", end, end + 1) === ";" || node.nodeType === "IfStatement";
  const isFollowed = context.source.toString("utf8", end, end + 1) === ";";
  return { operator: "statement", start, end: end + (isFollowed ? 1 : 0), replacement: isSentence ? "{}" : "" };
}

function argumentSwaps(node: Node, context: Context): Edit[] {
  const values = node.arguments as Node[];
  return values.slice(1).flatMap((second, index) => {
    const first = values[index] as Node;
    const [firstText, secondText] = [textOf(first, context), textOf(second, context)];
    if (firstText === secondText || typeOf(first) !== typeOf(second)) return [];
    const [{ end, start }, next] = [rangeOf(first), rangeOf(second)];
    const middle = context.source.toString("utf8", end, next.start);
    return [{ operator: "argument", start, end: next.end, replacement: secondText + middle + firstText }];
  });
}

/** Numbers without a variable have a type of their own each; places of storage and memory do not matter here. */
function typeOf(node: Node): string {
  const { typeIdentifier = "" } = node.typeDescriptions as { typeIdentifier?: string };
  return typeIdentifier.replace(/^t_rational_.*/, "number").replace(/_(storage|memory|calldata)(_ptr)?$/, "");
}

function literal(node: Node, context: Context): Edit[] {
  const text = textOf(node, context);
  if (node.kind === "bool") return [replace("constant", node, text === "true" ? "false" : "true")];
  if (node.kind === "string" || node.kind === "unicodeString") return [replace("constant", node, '""')];
  if (node.kind !== "number") return [];
  const [, digits = "", rest = ""] = /^(0x[0-9a-fA-F_]+|[0-9_]+)(.*)$/s.exec(text) ?? [];
  return digits ? [replace("constant", node, `${next(digits)}${rest}`)] : [];
}

function yulLiteral(node: Node, context: Context): Edit[] {
  const text = textOf(node, context);
  return node.kind === "number" ? [replace("constant", node, next(text))] : [];
}

function next(digits: string): string {
  return String(BigInt(digits.replaceAll("_", "")) + 1n);
}

const yulFunctions: Record<string, { operator: Operator; other: string }> = {
  add: { operator: "arithmetic", other: "sub" },
  sub: { operator: "arithmetic", other: "add" },
  mul: { operator: "arithmetic", other: "div" },
  div: { operator: "arithmetic", other: "mul" },
  shl: { operator: "arithmetic", other: "shr" },
  shr: { operator: "arithmetic", other: "shl" },
  and: { operator: "arithmetic", other: "or" },
  or: { operator: "arithmetic", other: "and" },
  lt: { operator: "relational", other: "gt" },
  gt: { operator: "relational", other: "lt" },
};

function yulCall(node: Node): Edit[] {
  const name = node.functionName as Node;
  const swap = yulFunctions[String(name.name)];
  return swap ? [replace(swap.operator, name, swap.other)] : [];
}

function member(node: Node, context: Context): Edit[] {
  const text = textOf(node, context);
  if (text === "msg.sender") return [replace("context", node, "tx.origin")];
  const nextMember = context.nextMembers.get(node.referencedDeclaration);
  if (nextMember) return [replace("constant", node, `${textOf(node.expression as Node, context)}.${nextMember}`)];
  if (/^type\(u?int\d*\)\.max$/.test(text)) return [replace("constant", node, `(${text} - 1)`)];
  return [];
}

/* TEXT */

function rangeOf(node: Node): { start: number; end: number } {
  const [start = 0, length = 0] = node.src.split(":").map(Number);
  return { start, end: start + length };
}

function textOf(node: Node, { source }: Context): string {
  const { end, start } = rangeOf(node);
  return source.toString("utf8", start, end);
}

function replace(operator: Operator, node: Node, replacement: string): Edit {
  return { operator, ...rangeOf(node), replacement };
}

/** Replaces the operator's token between its two sides. */
function between(
  kind: Operator,
  left: Node,
  right: Node,
  operator: string,
  replacement: string,
  { source }: Context,
): Edit {
  const from = rangeOf(left).end;
  const start = from + source.subarray(from, rangeOf(right).start).indexOf(operator);
  return { operator: kind, start, end: start + operator.length, replacement };
}
