import assert from "node:assert/strict";
import { test } from "node:test";
import { timeline } from "../../scripts/lib/timeline.js";

const DAY = 86_400;

test("draws with whom the money of each payment is, a third of a day a sign", () => {
  const lives = [
    { name: "ann", moves: [{ at: 0, holder: "vault" }] },
    {
      name: "bernard",
      moves: [
        { at: DAY, holder: "vault" },
        { at: 3 * DAY, holder: "dispute" },
        { at: 5 * DAY, holder: "split" },
      ],
    },
  ] as const;
  assert.deepEqual(timeline(lives, { start: 0, end: 6 * DAY - 1 }), [
    "         day 0          day 5",
    "ann      ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒",
    "bernard  ···▒▒▒▒▒▒??????▚▚▚",
    "         · with the buyer   ▒ in the vault   ? disputed, in the vault   ▚ divided",
  ]);
});

test("a move counts from the moment after it", () => {
  const lives = [{ name: "a", moves: [{ at: DAY / 3, holder: "shop" }] }] as const;
  assert.equal(timeline(lives, { start: 0, end: DAY - 1 })[1], "a  ·██");
});
