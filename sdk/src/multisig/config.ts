import {
  type Address,
  bytesToHex,
  concatHex,
  getAddress,
  type Hex,
  hexToBytes,
  isAddressEqual,
  numberToHex,
  zeroAddress,
} from "viem";
import {
  ConfigFullWeightWrongError,
  ConfigMalformedError,
  ConfigPayeeWrongError,
  ConfigSignersOutOfBoundsError,
  ConfigSignerWrongError,
  ConfigTierWrongError,
  ConfigTokenWrongError,
} from "../generated/errors.js";
import type { MultisigConfig, Signer, TokenRules } from "../generated/types.js";

const VERSION = 1;
const MAX_SIGNERS = 16;
const MAX_PAYEES = 32;
const MAX_TOKENS = 8;
const MAX_TIERS = 8;
const IS_HUMAN = 1;
const IS_CONTRACT = 2;
const ADDRESS_SIZE = 20;
const AMOUNT_SIZE = 12;

/**
 * The packed form of an account's rules, checked as the contract checks them. The order of signers, payees and tokens does
 * not matter: they are sorted.
 *
 * @throws {ConfigSignersOutOfBoundsError} when there are no signers, or more than 16.
 * @throws {ConfigSignerWrongError} when a signer is there twice, is zero or weighs nothing.
 * @throws {ConfigFullWeightWrongError} when full weight cannot be reached, or agents reach it without a human.
 * @throws {ConfigPayeeWrongError} when payees are too many, or one is there twice or is zero.
 * @throws {ConfigTokenWrongError} when tokens are too many, one is there twice or zero, or its refill has no rate or no target.
 * @throws {ConfigTierWrongError} when tiers are too many, do not rise, or need more than full weight.
 */
export function encodeConfig(config: MultisigConfig): Hex {
  const { fullWeight, payees, signers, tokens } = sortConfig(config);
  checkSigners(signers, fullWeight);
  checkPayees(payees);
  checkTokens(tokens, fullWeight);

  const packed = concatHex([
    ...[VERSION, fullWeight, signers.length, payees.length, tokens.length].map(byte),
    ...signers.flatMap(({ account, isContract, isHuman, weight }) => [
      byte((isHuman ? IS_HUMAN : 0) | (isContract ? IS_CONTRACT : 0)),
      byte(weight),
      account,
    ]),
    ...payees,
    ...tokens.flatMap(({ refillPerDay, refillTarget, reserve, tiers, token }) => [
      token,
      ...[reserve, refillPerDay, refillTarget].map(amount),
      byte(tiers.length),
      ...tiers.flatMap(({ maxValue, weight }) => [amount(maxValue), byte(weight)]),
    ]),
  ]);
  // Addresses come with a checksum in their case.
  return packed.toLowerCase() as Hex;
}

/**
 * Rules out of their packed form, as an account that is told to `reconfigure` would have them.
 *
 * @throws {ConfigMalformedError} when they are in another format, or longer or shorter than they say.
 */
export function decodeConfig(packed: Hex): MultisigConfig {
  const bytes = hexToBytes(packed);
  let position = 0;
  const take = (length: number): Hex => {
    const end = position + length;
    if (end > bytes.length) throw new ConfigMalformedError();
    const taken = bytes.slice(position, end);
    position = end;
    return bytesToHex(taken);
  };
  const takeNumber = () => Number(take(1));
  const takeAddress = () => getAddress(take(ADDRESS_SIZE));
  const takeAmount = () => BigInt(take(AMOUNT_SIZE));
  const times = <Item>(count: number, item: () => Item) => Array.from({ length: count }, item);

  if (takeNumber() !== VERSION) throw new ConfigMalformedError();
  const [fullWeight, signers, payees, tokens] = [takeNumber(), takeNumber(), takeNumber(), takeNumber()];
  const config = {
    fullWeight,
    signers: times(signers, () => {
      const [flags, weight, account] = [takeNumber(), takeNumber(), takeAddress()];
      return { account, isContract: (flags & IS_CONTRACT) !== 0, isHuman: (flags & IS_HUMAN) !== 0, weight };
    }),
    payees: times(payees, takeAddress),
    tokens: times(tokens, () => {
      const [token, reserve, refillPerDay, refillTarget] = [takeAddress(), takeAmount(), takeAmount(), takeAmount()];
      const tiers = times(takeNumber(), () => ({ maxValue: takeAmount(), weight: takeNumber() }));
      return { refillPerDay, refillTarget, reserve, tiers, token };
    }),
  };
  if (position !== bytes.length) throw new ConfigMalformedError();
  return config;
}

/** The same rules in the order in which the account has them; signatures name signers by their place in it. */
export function sortConfig(config: MultisigConfig): MultisigConfig {
  return {
    ...config,
    payees: config.payees.toSorted(byAddress((payee) => payee)),
    signers: config.signers.toSorted(byAddress(({ account }) => account)),
    tokens: config.tokens.toSorted(byAddress(({ token }) => token)),
  };
}

function byAddress<Item>(addressOf: (item: Item) => Address): (one: Item, other: Item) => number {
  return (one, other) => (BigInt(addressOf(one)) < BigInt(addressOf(other)) ? -1 : 1);
}

function checkSigners(signers: readonly Signer[], fullWeight: number): void {
  const { length } = signers;
  if (length === 0 || length > MAX_SIGNERS) throw new ConfigSignersOutOfBoundsError({ count: BigInt(length) });
  const wrong = signers.findIndex(
    ({ account, weight }, index) => weight === 0 || isTaken(account, signers[index - 1]?.account),
  );
  if (wrong >= 0) throw new ConfigSignerWrongError({ index: BigInt(wrong) });

  const agentsWeight = weightOf(signers.filter(({ isHuman }) => !isHuman));
  const totalWeight = weightOf(signers);
  if (fullWeight <= agentsWeight || fullWeight > totalWeight) {
    throw new ConfigFullWeightWrongError({
      agentsWeight: BigInt(agentsWeight),
      fullWeight: BigInt(fullWeight),
      totalWeight: BigInt(totalWeight),
    });
  }
}

/** What these signers weigh together. */
export function weightOf(signers: readonly Pick<Signer, "weight">[]): number {
  return signers.reduce((sum, { weight }) => sum + weight, 0);
}

function checkPayees(payees: readonly Address[]): void {
  if (payees.length > MAX_PAYEES) throw new ConfigPayeeWrongError({ index: BigInt(payees.length) });
  const wrong = payees.findIndex((payee, index) => isTaken(payee, payees[index - 1]));
  if (wrong >= 0) throw new ConfigPayeeWrongError({ index: BigInt(wrong) });
}

function checkTokens(tokens: readonly TokenRules[], fullWeight: number): void {
  if (tokens.length > MAX_TOKENS) throw new ConfigTokenWrongError({ index: BigInt(tokens.length) });
  for (const [index, { refillPerDay, refillTarget, tiers, token }] of tokens.entries()) {
    const hasHalfARefill = (refillPerDay === 0n) !== (refillTarget === 0n);
    if (isTaken(token, tokens[index - 1]?.token) || hasHalfARefill) {
      throw new ConfigTokenWrongError({ index: BigInt(index) });
    }
    checkTiers(tiers, fullWeight, index);
  }
}

function checkTiers(tiers: TokenRules["tiers"], fullWeight: number, tokenIndex: number): void {
  const wrong = tiers.findIndex(({ maxValue, weight }, index) => {
    const below = tiers[index - 1] ?? { maxValue: 0n, weight: 1 };
    return maxValue <= below.maxValue || weight < below.weight || weight > fullWeight;
  });
  const index = tiers.length > MAX_TIERS ? tiers.length : wrong;
  if (index >= 0) throw new ConfigTierWrongError({ index: BigInt(index), tokenIndex: BigInt(tokenIndex) });
}

/** Sorted, an address is there twice when the one before is the same. */
function isTaken(address: Address, before: Address | undefined): boolean {
  return isAddressEqual(address, zeroAddress) || (before !== undefined && isAddressEqual(address, before));
}

function byte(value: number): Hex {
  return numberToHex(value, { size: 1 });
}

function amount(value: bigint): Hex {
  return numberToHex(value, { size: AMOUNT_SIZE });
}
