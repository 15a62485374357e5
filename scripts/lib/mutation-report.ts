import type { Mutant } from "./mutants.js";

/** How a mutant ended: `timeout` counts as killed, `stillborn` does not compile and counts as nothing. */
export type Outcome = "killed" | "timeout" | "survived" | "stillborn";

export type Result = {
  id: string;
  outcome: Outcome;
  /** The first test that failed, as `file:test`. */
  by?: string;
  seconds: number;
  /** What the result depends on, as a hash: it counts as long as that is the same. */
  state: string;
};

/** Why nothing can kill a mutant, or why nothing should. Matched by the lines, so it does not outlive them. */
export type Explanation = Pick<Mutant, "file" | "where" | "before" | "after"> & { reason: string };

/** The `part`th of `parts` equal shares, written `part/parts`. */
export function shareOf<Item>(items: readonly Item[], share: string): Item[] {
  const [, part = 0, parts = 0] = (/^(\d+)\/(\d+)$/.exec(share) ?? []).map(Number);
  if (part < 1 || part > parts) throw new Error(`"${share}" is no share: write 1/4 for the first of four.`);
  return items.filter((_, index) => index % parts === part - 1);
}

/** The reasons by the mutants' ids, and what is wrong with the explanations. */
export function explain(
  mutants: readonly Mutant[],
  explanations: readonly Explanation[],
  results: ReadonlyMap<string, Result> = new Map(),
): { reasons: Map<string, string>; problems: string[] } {
  const reasons = new Map<string, string>();
  const problems = explanations.flatMap((explanation) => {
    const fitting = mutants.filter((mutant) =>
      (["file", "where", "before", "after"] as const).every((field) => mutant[field] === explanation[field]),
    );
    for (const { id } of fitting) reasons.set(id, explanation.reason);
    const name = `${explanation.file}: ${explanation.where}: ${explanation.after}`;
    if (fitting.length === 0) return [`${name}: explained, but there is no such mutant`];
    const isNeeded = fitting.some(({ id }) => !["killed", "timeout"].includes(results.get(id)?.outcome ?? ""));
    return isNeeded ? [] : [`${name}: explained, but it is killed`];
  });
  return { reasons, problems };
}

const columns = ["killed", "timeout", "explained", "survived", "stillborn", "not run"] as const;

/** What became of each mutant, file by file. */
export function summaryOf(
  mutants: readonly Mutant[],
  results: ReadonlyMap<string, Result>,
  reasons: ReadonlyMap<string, string>,
): { file: string; mutants: number; counts: Record<(typeof columns)[number], number> }[] {
  const files = [...new Set(mutants.map(({ file }) => file))].sort();
  return files.map((file) => {
    const own = mutants.filter((mutant) => mutant.file === file);
    const counts = Object.fromEntries(columns.map((column) => [column, 0])) as Record<(typeof columns)[number], number>;
    for (const { id } of own) {
      const outcome = results.get(id)?.outcome ?? "not run";
      counts[outcome === "survived" && reasons.has(id) ? "explained" : outcome] += 1;
    }
    return { file, mutants: own.length, counts };
  });
}

/** The report as Markdown. */
export function renderReport(
  mutants: readonly Mutant[],
  results: ReadonlyMap<string, Result>,
  reasons: ReadonlyMap<string, string>,
): string {
  const summary = summaryOf(mutants, results, reasons);
  const total = {
    file: "all",
    mutants: mutants.length,
    counts: Object.fromEntries(
      columns.map((column) => [column, summary.reduce((sum, { counts }) => sum + counts[column], 0)]),
    ),
  };
  const row = (cells: readonly unknown[]): string => `| ${cells.join(" | ")} |`;
  const survivors = mutants.filter(({ id }) => results.get(id)?.outcome === "survived");
  const list = (isExplained: boolean): string[] =>
    survivors
      .filter(({ id }) => reasons.has(id) === isExplained)
      .map((mutant) => `${renderMutant(mutant)}${isExplained ? `\n\n${reasons.get(mutant.id)}` : ""}`);
  return [
    "# Mutants",
    [
      row(["file", "mutants", ...columns]),
      row(["---", ...["mutants", ...columns].map(() => "---:")]),
      ...[...summary, total].map(({ counts, file, mutants: count }) =>
        row([file, count, ...columns.map((column) => counts[column])]),
      ),
    ].join("\n"),
    "## Survived",
    ...orNone(list(false)),
    "## Explained",
    ...orNone(list(true)),
    "",
  ].join("\n\n");
}

function orNone(items: string[]): string[] {
  return items.length === 0 ? ["None."] : items;
}

/** One mutant as a difference. */
export function renderMutant({ after, before, file, id, line, operator, where }: Mutant): string {
  return `${file}:${line} \`${where}\` ${operator} ${id}\n\n\`\`\`diff\n- ${before}\n+ ${after}\n\`\`\``;
}
