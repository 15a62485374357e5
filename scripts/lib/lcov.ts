/** What a tracefile tells of one source. */
export type SourceCoverage = {
  /** How often each line was reached. */
  lines: Map<number, number>;
  /** Each way at a fork: its line, and how often it was taken. */
  branches: { line: number; taken: number }[];
};

/** Reads an LCOV tracefile. A source that appears several times is added up. */
export function parseLcov(text: string): Map<string, SourceCoverage> {
  const sources = new Map<string, SourceCoverage>();
  let current: SourceCoverage = { lines: new Map(), branches: [] };
  for (const record of text.split(/\r?\n/)) {
    const separator = record.indexOf(":");
    const [kind, value] = [record.slice(0, separator), record.slice(separator + 1)];
    const fields = value.split(",");
    if (kind === "SF") {
      current = sources.get(value) ?? { lines: new Map(), branches: [] };
      sources.set(value, current);
    } else if (kind === "DA") {
      const [line, hits] = [Number(fields[0]), Number(fields[1])];
      current.lines.set(line, (current.lines.get(line) ?? 0) + hits);
    } else if (kind === "BRDA") {
      current.branches.push({ line: Number(fields[0]), taken: fields[3] === "-" ? 0 : Number(fields[3]) });
    }
  }
  return sources;
}

export type FileCoverage = {
  file: string;
  lines: { all: number; missed: number[] };
  /** Undefined where branches were not counted. */
  branches: { all: number; missed: number[] } | undefined;
};

/** Lines by one tool and branches by another, for each of `files`; what no tool has seen has no code. */
export function coverageOf(
  files: readonly string[],
  lines: ReadonlyMap<string, SourceCoverage>,
  branches: ReadonlyMap<string, SourceCoverage>,
): FileCoverage[] {
  return files.flatMap((file) => {
    const [counted, forked] = [lines.get(file), branches.get(file)];
    if (!counted && !forked) return [];
    const reached = [...(counted?.lines ?? [])];
    return [
      {
        file,
        lines: { all: reached.length, missed: reached.filter(([, hits]) => hits === 0).map(([line]) => line) },
        branches: forked && {
          all: forked.branches.length,
          missed: forked.branches.filter(({ taken }) => taken === 0).map(({ line }) => line),
        },
      },
    ];
  });
}

/** `95.00 % (19/20)`. */
export function shareCovered({ all, missed }: { all: number; missed: readonly number[] }): string {
  const percent = all === 0 ? 100 : ((all - missed.length) / all) * 100;
  return `${percent.toFixed(2)} % (${all - missed.length}/${all})`;
}
