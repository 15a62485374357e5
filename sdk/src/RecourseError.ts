/** The error in which this one was found. */
export type CauseOption = { cause?: unknown };

export type RecourseErrorOptions = CauseOption & {
  docsPath?: string | undefined;
  facts?: Readonly<Record<string, unknown>> | undefined;
  next?: string | undefined;
};

/** What went wrong, the facts, what to do, and where to read more. Match by class or `name`, never by text. */
export class RecourseError extends Error {
  override readonly name: string = "RecourseError";
  /** What happened, in one sentence. */
  readonly shortMessage: string;
  /** The numbers and names behind it. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** What to do about it. */
  readonly next: string | undefined;
  /** Where to read more, in the repository. */
  readonly docsPath: string | undefined;

  constructor(shortMessage: string, options: RecourseErrorOptions = {}) {
    const { cause, docsPath, facts = {}, next } = options;
    const parts = [
      shortMessage,
      columns(facts),
      [next && `Next: ${next}`, docsPath && `Docs: ${docsPath}`].filter(Boolean).join("\n"),
    ];
    super(parts.filter((part) => part !== "").join("\n\n"), cause === undefined ? {} : { cause });
    this.shortMessage = shortMessage;
    this.facts = facts;
    this.next = next;
    this.docsPath = docsPath;
  }
}

function columns(facts: Readonly<Record<string, unknown>>): string {
  const width = Math.max(0, ...Object.keys(facts).map((label) => label.length)) + 1;
  return Object.entries(facts)
    .map(([label, fact]) => `${`${label}:`.padEnd(width)} ${Array.isArray(fact) ? fact.join(", ") : String(fact)}`)
    .join("\n");
}
