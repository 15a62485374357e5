import { stripVTControlCharacters } from "node:util";

/** How many tests passed and failed. */
export type Counts = { passed: number; failed: number };

/**
 * Adds up what the test runners say in `output`: Hardhat's `12 passing (1 s)` and `3 failing`, or the lines
 * `ℹ pass 12` and `ℹ fail 3` of node:test.
 */
export function countTests(output: string): Counts {
  const plain = stripVTControlCharacters(output);
  return {
    passed: sum(plain, /^\s*(\d+) passing\b/gm) + sum(plain, /^(?:ℹ|#) pass (\d+)$/gm),
    failed: sum(plain, /^\s*(\d+) failing\b/gm) + sum(plain, /^(?:ℹ|#) fail (\d+)$/gm),
  };
}

function sum(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].reduce((total, [, count]) => total + Number(count), 0);
}

/** The closing line that a CI reads. */
export function closingLine({ passed, failed }: Counts): string {
  return `${passed} passed, ${failed} failed`;
}
