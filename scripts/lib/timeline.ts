/** With whom the money of a payment is. */
export type Holder = "buyer" | "vault" | "dispute" | "shop" | "split";

/** From `at` on, the money is with `holder`. */
export type Move = { at: number; holder: Holder };

/** The life of one payment: its moves in the order of time, the first one from the buyer's purse. */
export type Life = { name: string; moves: readonly Move[] };

const SIGNS: Record<Holder, string> = { buyer: "·", vault: "▒", dispute: "?", shop: "█", split: "▚" };
const WORDS: Record<Holder, string> = {
  buyer: "with the buyer",
  vault: "in the vault",
  dispute: "disputed, in the vault",
  shop: "with the shop",
  split: "divided",
};
const DAY = 86_400;
const COLUMNS_PER_DAY = 3;
const MARKED_DAYS = 5;

/** Draws with whom the money of each payment is at each moment, a line a payment, from the day of `start` to that of `end`. */
export function timeline(lives: readonly Life[], { end, start }: { start: number; end: number }): string[] {
  const days = Math.floor((end - start) / DAY) + 1;
  const width = Math.max(...lives.map(({ name }) => name.length));
  const columns = Array.from({ length: days * COLUMNS_PER_DAY }, (_, column) => column);
  const lines = lives.map(({ moves, name }) => {
    const signs = columns.map((column) => SIGNS[holderAt(moves, start + ((column + 1) * DAY) / COLUMNS_PER_DAY)]);
    return `${name.padEnd(width)}  ${signs.join("")}`;
  });
  const used = (Object.keys(SIGNS) as Holder[]).filter((holder) => lines.some((line) => line.includes(SIGNS[holder])));
  return [
    `${" ".repeat(width)}  ${ruler(days)}`,
    ...lines,
    `${" ".repeat(width)}  ${used.map((holder) => `${SIGNS[holder]} ${WORDS[holder]}`).join("   ")}`,
  ];
}

/** The last move before a moment tells; before the first one the money is the buyer's. */
function holderAt(moves: readonly Move[], moment: number): Holder {
  return moves.findLast(({ at }) => at < moment)?.holder ?? "buyer";
}

function ruler(days: number): string {
  const marks = Array.from({ length: Math.ceil(days / MARKED_DAYS) }, (_, mark) => `day ${mark * MARKED_DAYS}`);
  return marks
    .map((mark) => mark.padEnd(MARKED_DAYS * COLUMNS_PER_DAY))
    .join("")
    .trimEnd();
}
