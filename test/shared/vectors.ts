import * as escrow from "@recourse/sdk/escrow";
import { accountAddress, encodeConfig, type MultisigConfig } from "@recourse/sdk/multisig";
import * as refundWindow from "@recourse/sdk/refund-window";
import * as subscription from "@recourse/sdk/subscription";
import {
  type Address,
  getAddress,
  type Hex,
  hashStruct,
  hashTypedData,
  hexToBigInt,
  keccak256,
  slice,
  stringToHex,
  type TypedDataDomain,
  zeroHash,
} from "viem";
import * as generated from "../../sdk/src/generated/typedData.js";

/** What a message hashes to, for whoever writes another implementation. */
export type TypedDataVector = {
  domain: TypedDataDomain;
  types: Record<string, readonly { name: string; type: string }[]>;
  primaryType: string;
  message: Record<string, unknown>;
  structHash: Hex;
  digest: Hex;
};

type Place = { address: Address; chainId: number };
type Build = (
  parameters: { message: unknown; domain?: unknown } & Place,
) => Omit<TypedDataVector, "digest" | "structHash">;

/** One of each type that the suite has, with other bits in every field. */
export function typedDataVectors(): TypedDataVector[] {
  const builds = Object.entries(generated).filter(([name]) => name.endsWith("TypedData")) as unknown as [
    string,
    Build,
  ][];
  return builds.map(([name, build]) => {
    const place = { address: addressOf(`${name} verifying contract`), chainId: 8453 };
    const parameters = { ...place, domain: generated.refundWindowDomain(place) };
    const { primaryType, types } = build({ ...parameters, message: {} });
    const typedData = build({ ...parameters, message: sampleOf(types, primaryType, name) });
    const data = typedData.message as never;
    return {
      ...typedData,
      structHash: hashStruct({ data, primaryType: primaryType as never, types: types as never }),
      digest: hashTypedData(typedData as Parameters<typeof hashTypedData>[0]),
    };
  });
}

/** A message of this type: each value follows from where it stands. */
function sampleOf(types: TypedDataVector["types"], type: string, path: string): Record<string, unknown> {
  const fields = types[type] ?? [];
  return Object.fromEntries(fields.map(({ name, type: each }) => [name, sampleValue(types, each, `${path}.${name}`)]));
}

function sampleValue(types: TypedDataVector["types"], type: string, path: string): unknown {
  if (type.endsWith("[]")) return [0, 1].map((index) => sampleValue(types, type.slice(0, -2), `${path}[${index}]`));
  if (type in types) return sampleOf(types, type, path);
  const bits = keccak256(stringToHex(path));
  const samples: Readonly<Record<string, unknown>> = {
    address: addressOf(path),
    bool: true,
    bytes: slice(bits, 0, 5),
    bytes32: bits,
    string: `of ${path}`,
    uint256: hexToBigInt(bits),
  };
  if (!(type in samples)) throw new Error(`There is no sample of ${type}.`);
  return samples[type];
}

function addressOf(path: string): Address {
  return getAddress(slice(keccak256(stringToHex(path)), 12));
}

type VaultKind = "refund-window" | "escrow" | "subscription-plan";

/** Where a vault, a plan or an account stands, by what it is made of. */
export type AddressVector = {
  kind: VaultKind | "multisig";
  /** Terms of a vault or a plan, rules of an account. */
  terms: object;
  /** As the factory takes them. */
  encoded: Hex;
  /** Of accounts. */
  salt?: Hex;
  address: Address;
};

const parties = { receiver: addressOf("receiver"), operator: addressOf("operator"), salt: keccak256("0x01") };
const fee = { feeBps: 250, feeReceiver: addressOf("fee receiver") };

const rules: MultisigConfig = {
  fullWeight: 5,
  signers: [
    { account: "0x1000000000000000000000000000000000000001", weight: 1, isHuman: false, isContract: false },
    { account: "0x2000000000000000000000000000000000000002", weight: 2, isHuman: true, isContract: false },
    { account: "0x3000000000000000000000000000000000000003", weight: 3, isHuman: true, isContract: true },
  ],
  payees: ["0x4000000000000000000000000000000000000004"],
  tokens: [
    {
      token: "0x5000000000000000000000000000000000000005",
      reserve: 20_000_000n,
      refillPerDay: 5_000_000n,
      refillTarget: 6_000_000n,
      tiers: [
        { maxValue: 1_000_000n, weight: 1 },
        { maxValue: 100_000_000n, weight: 3 },
      ],
    },
  ],
};

/** Two of each kind: the least, and one that uses everything. */
export function addressVectors(): AddressVector[] {
  const noFee = { feeBps: 0, feeReceiver: "0x0000000000000000000000000000000000000000" } as const;
  const arbitrated = { arbiter: addressOf("arbiter"), resolutionPeriod: 604_800, silenceFavorsPayer: true };
  const plain = { arbiter: noFee.feeReceiver, resolutionPeriod: 0, silenceFavorsPayer: false };
  const plan = { ...parties, token: addressOf("token"), price: 9_990_000n, periodUnit: 1, periodLength: 1 } as const;
  const windows = [
    { ...parties, ...noFee, window: 86_400, nonRefundableBps: 0, ...plain },
    { ...parties, ...fee, window: 1_209_600, nonRefundableBps: 300, ...arbitrated },
  ];
  const escrows = [
    { ...parties, ...noFee, captureWindow: 86_400 },
    { ...parties, ...fee, captureWindow: 604_800 },
  ];
  const plans = [
    { ...plan, ...noFee, grace: 86_400, trial: 0, setupFee: 0n, refundWindow: 0, nonRefundableBps: 0 },
    { ...plan, ...fee, grace: 604_800, trial: 86_400, setupFee: 7n, refundWindow: 172_800, nonRefundableBps: 100 },
  ];
  return [
    ...windows.map((terms) => vectorOf("refund-window", refundWindow, terms)),
    ...escrows.map((terms) => vectorOf("escrow", escrow, terms)),
    ...plans.map((terms) => vectorOf("subscription-plan", subscription, terms)),
    ...[zeroHash, keccak256("0x02")].map((salt) => ({
      kind: "multisig" as const,
      terms: rules,
      encoded: encodeConfig(rules),
      salt,
      address: accountAddress(rules, salt),
    })),
  ];
}

type Kind<Terms> = { encodeTerms(terms: Terms): Hex; vaultAddress(terms: Terms): Address };

function vectorOf<Terms extends object>(kind: VaultKind, of: Kind<Terms>, terms: Terms): AddressVector {
  return { kind, terms, encoded: of.encodeTerms(terms), address: of.vaultAddress(terms) };
}
