/** What gas is spent on. */
export type Purpose = "intrinsic" | "calldata" | "token" | "state" | "calls and code" | "log" | "compute" | "refund";

/** A step of `debug_traceTransaction`. */
export type TraceStep = { depth: number; gas: number; gasCost: number; op: string; stack: readonly string[] };

const INTRINSIC_GAS = 21_000;

/**
 * Splits the gas of a transaction by purpose; the parts add up to `gasUsed`. All that happens inside `token`, called
 * contracts included, is the token's.
 */
export function gasByPurpose(
  steps: readonly TraceStep[],
  { gasUsed, input, token }: { gasUsed: number; input: string; token: string },
): Map<Purpose, number> {
  const spent = new Map<Purpose, number>([
    ["intrinsic", INTRINSIC_GAS],
    ["calldata", calldataGas(input)],
  ]);
  // At which depth the token was entered, while it runs.
  let tokenDepth = Number.POSITIVE_INFINITY;

  for (const [index, step] of steps.entries()) {
    const next = steps[index + 1];
    if (step.depth < tokenDepth) tokenDepth = Number.POSITIVE_INFINITY;
    const purpose = tokenDepth === Number.POSITIVE_INFINITY ? purposeOf(step.op) : "token";
    add(spent, purpose, ownGas(step, next));
    const isTokenEntered = next && next.depth > step.depth && calleeOf(step) === token.toLowerCase();
    if (isTokenEntered) tokenDepth = Math.min(tokenDepth, next.depth);
  }

  const total = [...spent.values()].reduce((sum, gas) => sum + gas, 0);
  add(spent, "refund", gasUsed - total);
  return spent;
}

function add(spent: Map<Purpose, number>, purpose: Purpose, gas: number): void {
  spent.set(purpose, (spent.get(purpose) ?? 0) + gas);
}

/** EIP-2028: 4 for a zero byte, 16 for any other. */
export function calldataGas(input: string): number {
  const bytes = input.slice(2).match(/../g) ?? [];
  return bytes.reduce((sum, byte) => sum + (byte === "00" ? 4 : 16), 0);
}

/** What a step costs by itself, without the gas that it hands to a callee. */
function ownGas(step: TraceStep, next: TraceStep | undefined): number {
  if (!next || next.depth < step.depth) return step.gasCost;
  if (next.depth > step.depth) return step.gasCost - next.gas;
  return step.gas - next.gas;
}

function calleeOf({ stack }: TraceStep): string {
  const word = stack.at(-2)?.replace(/^0x/, "").padStart(40, "0") ?? "";
  return `0x${word.slice(-40).toLowerCase()}`;
}

function purposeOf(op: string): Purpose {
  if (/^(SLOAD|SSTORE|TLOAD|TSTORE)$/.test(op)) return "state";
  if (/^LOG\d$/.test(op)) return "log";
  if (/CALL$|CALLCODE|^EXTCODE|^BALANCE$|^CREATE/.test(op)) return "calls and code";
  return "compute";
}
