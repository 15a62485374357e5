import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PeriodUnit } from "@recourse/sdk/subscription";
import { developmentAccount, USDC } from "../../scripts/lib/local-chain.js";
import { parseSigner, parseTiers, parseWeight } from "../../sdk/src/cli/accountRules.js";
import { describeTerms, firstCharges, headline } from "../../sdk/src/cli/describeTerms.js";
import { UsageError } from "../../sdk/src/cli/errors.js";
import { duration, frequency, money, share, table } from "../../sdk/src/cli/format.js";
import {
  parseAddress,
  parseAmount,
  parseBlock,
  parseDuration,
  parsePeriod,
  parseSalt,
  parseSeconds,
  parseShare,
} from "../../sdk/src/cli/parse.js";

const usdc = { symbol: "USDC", decimals: 6, isDollar: true };
const eurc = { symbol: "EURC", decimals: 6, isDollar: false };
const yen = { symbol: "JPYC", decimals: 0, isDollar: false };
const DAY = 86_400;

/** Whether it is refused as something that was typed wrong, in words that name what was typed. */
function assertRefused(parse: () => unknown, message: RegExp): void {
  assert.throws(
    parse,
    (error) => error instanceof UsageError && message.test(error.shortMessage) && error.next !== undefined,
  );
}

describe("what a merchant types", () => {
  const amounts: [text: string, amount: bigint][] = [
    ["9.99", 9_990_000n],
    ["$9.99", 9_990_000n],
    [" $ 10 ", 10_000_000n],
    ["9.99 USDC", 9_990_000n],
    ["9.99usdc", 9_990_000n],
    ["0.000001", 1n],
    ["0", 0n],
    ["1000000", 1_000_000_000_000n],
  ];
  for (const [text, amount] of amounts) {
    it(`reads ${JSON.stringify(text)} as an amount`, () => assert.equal(parseAmount(text, usdc), amount));
  }

  it("reads amounts of tokens that are no dollars", () => {
    assert.equal(parseAmount("9.5", eurc), 9_500_000n);
    assert.equal(parseAmount("500", yen), 500n);
  });

  for (const text of ["", "free", "-1", "9,99", "1.2.3", "1e3", "$", ".5", "0x10", "$9.99.", "9.99 USDC now"]) {
    it(`refuses ${JSON.stringify(text)} as an amount`, () => assertRefused(() => parseAmount(text, usdc), /no amount/));
  }
  it("refuses dollars of a token that is not known to be one", () =>
    assertRefused(() => parseAmount("$9", eurc), /in dollars/));
  it("refuses an amount of another token", () => assertRefused(() => parseAmount("9 EURC", usdc), /not in USDC/));
  it("refuses to round", () => {
    assertRefused(() => parseAmount("0.0000001", usdc), /6 decimals/);
    assertRefused(() => parseAmount("1.5", yen), /0 decimals/);
  });

  const durations: [text: string, seconds: number][] = [
    ["0", 0],
    ["none", 0],
    ["90s", 90],
    ["30m", 1_800],
    ["5 min", 300],
    ["12h", 43_200],
    ["3d", 3 * DAY],
    ["3 days", 3 * DAY],
    ["a day", DAY],
    ["2w", 14 * DAY],
    ["1 day 12 hours", 36 * 3_600],
    ["1d12h", 36 * 3_600],
  ];
  for (const [text, seconds] of durations) {
    it(`reads ${JSON.stringify(text)} as a duration`, () => assert.equal(parseDuration(text), seconds));
  }
  for (const text of ["", "3", "d", "days", "three days", "3 dogs", "-3d", "1.5d", "3d later 2"]) {
    it(`refuses ${JSON.stringify(text)} as a duration`, () => assertRefused(() => parseDuration(text), /no duration/));
  }
  for (const text of ["1 month", "1y"]) {
    it(`refuses ${JSON.stringify(text)}, which has no fixed length, as a duration`, () =>
      assertRefused(() => parseDuration(text), /no fixed length/));
  }

  const { Months, Seconds } = PeriodUnit;
  const periods: [text: string, unit: number, length: number][] = [
    ["1 month", Months, 1],
    ["month", Months, 1],
    ["every month", Months, 1],
    ["monthly", Months, 1],
    ["3mo", Months, 3],
    ["a quarter", Months, 3],
    ["quarterly", Months, 3],
    ["year", Months, 12],
    ["2 years", Months, 24],
    ["annually", Months, 12],
    ["week", Seconds, 7 * DAY],
    ["weekly", Seconds, 7 * DAY],
    ["daily", Seconds, DAY],
    ["30d", Seconds, 30 * DAY],
    ["36 hours", Seconds, 36 * 3_600],
  ];
  for (const [text, unit, length] of periods) {
    it(`reads ${JSON.stringify(text)} as a period`, () => assert.deepEqual(parsePeriod(text), { unit, length }));
  }
  for (const text of ["", "often", "0x1", "months"]) {
    it(`refuses ${JSON.stringify(text)} as a period`, () => assertRefused(() => parsePeriod(text), /no period/));
  }
  it("refuses a period of months and days", () => {
    assertRefused(() => parsePeriod("1 month 3 days"), /mixes units/);
    assertRefused(() => parsePeriod("3 days 1 month"), /no fixed length/);
  });

  it("reads shares to the hundredth of a percent", () => {
    assert.deepEqual(["1%", "2.5 %", "0.01%", "100%"].map(parseShare), [100, 250, 1, 10_000]);
    for (const text of ["", "1", "10000", "0.001%", "101%", "-1%"]) assertRefused(() => parseShare(text), /no share/);
  });

  it("repeats nothing that may be a private key", () => {
    const key = `0x${"5e".repeat(32)}`;
    for (const text of [key, key.slice(2), key.toUpperCase().replace("0X", "0x")]) {
      assertRefused(() => parseAddress(text), /^32 bytes are no address, and may be a private key\.$/);
    }
  });

  it("reads addresses of any case, and none whose checksum is wrong", () => {
    assert.equal(parseAddress(USDC.toLowerCase()), USDC);
    assert.equal(parseAddress(` ${USDC} `), USDC);
    assertRefused(() => parseAddress(USDC.replace("C", "c")), /checksum/);
    assertRefused(() => parseAddress(USDC.slice(0, -1)), /no address\.$/);
    assertRefused(() => parseAddress("shop.eth"), /no address\.$/);
  });

  it("reads salts as texts or bytes", () => {
    assert.equal(parseSalt("gold"), `0x676f6c64${"0".repeat(56)}`);
    assert.equal(parseSalt("0x01"), `0x01${"0".repeat(62)}`);
    assert.equal(parseSalt(""), `0x${"0".repeat(64)}`);
    for (const text of ["0x1", "0xzz", "x".repeat(33)]) assertRefused(() => parseSalt(text), /no salt/);
  });

  it("reads numbers of blocks and times", () => {
    assert.equal(parseBlock("12"), 12n);
    assert.equal(parseSeconds("1778090224"), 1_778_090_224n);
    assertRefused(() => parseBlock("latest"), /no block number/);
    assertRefused(() => parseSeconds("tomorrow"), /no time/);
  });
});

describe("what a merchant reads", () => {
  it("writes amounts with their currency", () => {
    assert.deepEqual(
      [9_990_000n, 10_000_000n, 1n, 0n].map((amount) => money(amount, usdc)),
      ["$9.99", "$10.00", "$0.000001", "$0.00"],
    );
    assert.equal(money(9_500_000n, eurc), "9.5 EURC");
    assert.equal(money(9_000_000n, eurc), "9 EURC");
    assert.equal(money(500n, yen), "500 JPYC");
  });

  it("writes durations and shares", () => {
    assert.deepEqual([3 * DAY, DAY, 36 * 3_600, 90, 0].map(duration), [
      "3 days",
      "1 day",
      "1 day 12 hours",
      "1 minute 30 seconds",
      "none",
    ]);
    assert.deepEqual([100, 250, 1].map(share), ["1 %", "2.5 %", "0.01 %"]);
  });

  it("writes how often as one says it, and reads it again", () => {
    for (const text of ["a month", "every 3 months", "a year", "every 2 years", "a week", "every 4 weeks", "a day"]) {
      assert.equal(frequency(parsePeriod(text)), text);
    }
    for (const text of ["every 30 days", "an hour", "every 36 hours", "every 90 minutes", "every 3601 seconds"]) {
      assert.equal(frequency(parsePeriod(text)), text);
    }
  });

  it("aligns columns", () =>
    assert.deepEqual(
      table([
        ["a", "bb", ""],
        ["ccc", "d", "e"],
      ]),
      ["a    bb", "ccc  d   e"],
    ));

  const [receiver, operator, feeReceiver] = [1, 2, 3].map((i) => developmentAccount(i).address) as [
    `0x${string}`,
    `0x${string}`,
    `0x${string}`,
  ];
  const zeroAddress = "0x0000000000000000000000000000000000000000" as const;
  const terms = {
    receiver,
    operator: receiver,
    feeReceiver: zeroAddress as `0x${string}`,
    feeBps: 0,
    salt: `0x${"0".repeat(64)}`,
    token: USDC,
    price: 9_990_000n,
    periodUnit: PeriodUnit.Months,
    periodLength: 1,
    grace: 3 * DAY,
    trial: 0,
    setupFee: 0n,
    refundWindow: 7 * DAY,
    nonRefundableBps: 0,
  } as const;

  it("puts plain terms into words", () => {
    assert.equal(headline(terms, usdc), "$9.99 a month");
    assert.deepEqual(describeTerms(terms, usdc, "Base"), [
      `$9.99 a month, in USDC on Base, for ${receiver}.`,
      "The first charge comes at once, with the subscription.",
      "Undo within 7 days of a charge: the subscriber can take back all of it, once and without asking anybody; that ends the subscription.",
      "Until the full hour after that the receiver can give the charge back; then the receiver can claim it.",
      "A charge that fails can be repeated for 3 days, without access meanwhile. A period that was not charged by then is skipped and never charged; two in a row end the subscription.",
      "Who cancels keeps what is paid until the period ends.",
      "Nobody can change these terms: another price is another plan.",
    ]);
  });

  it("leaves no term out", () => {
    const all = {
      ...terms,
      operator,
      feeReceiver,
      feeBps: 100,
      trial: 14 * DAY,
      setupFee: 5_000_000n,
      nonRefundableBps: 1_000,
    };
    const words = describeTerms(all, usdc, "Base").join("\n");
    for (const fact of [
      "The first 14 days cost nothing",
      "$5.00 once",
      "all but 10 % of it",
      `${feeReceiver} gets 1 %`,
    ]) {
      assert.ok(words.includes(fact), fact);
    }
    assert.ok(words.includes(`${operator} may close, end, refund and cancel`));
    const atOnce = describeTerms({ ...terms, refundWindow: 0 }, usdc, "Base").join("\n");
    assert.ok(atOnce.includes("Charges are paid out at once. Subscribers cannot undo them."));
    assert.ok(!atOnce.includes("within"));
  });

  const january31 = Date.UTC(2027, 0, 31, 10, 30, 15) / 1_000;
  const dates = (charges: { at: number }[]) => charges.map(({ at }) => new Date(at * 1_000).toISOString().slice(0, 10));

  it("charges on the last day of months that are too short", () => {
    const charges = firstCharges(terms, january31, 5);
    assert.deepEqual(dates(charges), ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]);
    assert.deepEqual(new Set(charges.map(({ amount }) => amount)), new Set([9_990_000n]));
  });

  it("adds the setup fee to the first charge, or puts it in front of a trial", () => {
    const withFee = { ...terms, setupFee: 5_000_000n };
    assert.deepEqual(
      firstCharges(withFee, january31, 2).map(({ amount }) => amount),
      [14_990_000n, 9_990_000n],
    );
    const afterTrial = firstCharges({ ...withFee, trial: 14 * DAY }, january31, 2);
    assert.deepEqual(dates(afterTrial), ["2027-01-31", "2027-02-14", "2027-03-14"]);
    assert.deepEqual(
      afterTrial.map(({ amount }) => amount),
      [5_000_000n, 9_990_000n, 9_990_000n],
    );
  });
});

describe("the rules of an account that somebody types", () => {
  const { address: account } = developmentAccount(30);
  const token = { ...usdc, address: USDC };

  it("reads signers", () => {
    const signer = { account, isContract: false, isHuman: false, weight: 1 };
    assert.deepEqual(parseSigner(`agent:${account.toLowerCase()}:1`), signer);
    assert.deepEqual(parseSigner(`human:${account}:255`), { ...signer, isHuman: true, weight: 255 });
    assert.deepEqual(parseSigner(`human:${account}:2:contract`), {
      ...signer,
      isContract: true,
      isHuman: true,
      weight: 2,
    });
  });
  for (const text of [
    "",
    "agent",
    account,
    `${account}:1`,
    `robot:${account}:1`,
    `agent:${account}`,
    `agent:${account}:1:`,
  ]) {
    it(`refuses ${JSON.stringify(text)} as a signer`, () => assertRefused(() => parseSigner(text), /no signer/));
  }
  it("refuses a signer whose address or weight is wrong", () => {
    assertRefused(() => parseSigner("agent:0x12:1"), /no address/);
    assertRefused(() => parseSigner(`agent:${account}:0`), /no weight/);
  });

  it("reads weights of one byte", () => {
    assert.deepEqual(["1", "255"].map(parseWeight), [1, 255]);
    for (const text of ["", "0", "256", "1.5", "-1", "one"]) assertRefused(() => parseWeight(text), /no weight/);
  });

  it("reads tiers in the token's unit", () => {
    assert.deepEqual(parseTiers("1:1, $100:3", token), [
      { maxValue: 1_000_000n, weight: 1 },
      { maxValue: 100_000_000n, weight: 3 },
    ]);
    assert.deepEqual(parseTiers("none", token), []);
    for (const text of ["", "1", "1:1,", "1-1", "1:1:1"]) assertRefused(() => parseTiers(text, token), /no tiers/);
    assertRefused(() => parseTiers("much:1", token), /no amount/);
  });
});
