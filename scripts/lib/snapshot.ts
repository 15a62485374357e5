import { type AbiParameter, type Hex, keccak256, size } from "viem";

/** The parts of an ABI item that a snapshot shows. */
type AbiItem = {
  type: string;
  name?: string;
  inputs?: readonly (AbiParameter & { indexed?: boolean })[];
  outputs?: readonly AbiParameter[];
  stateMutability?: string;
};

/** The compiler's `storageLayout`. */
export type StorageLayout = {
  storage: readonly StorageSlot[];
  types: Record<string, { label: string; numberOfBytes: string; members?: readonly StorageSlot[] }> | null;
};

type StorageSlot = { label: string; slot: string; offset: number; type: string };

/** What callers, clones and addresses depend on, in a form in which a change is a readable difference. */
export function snapshotOf(abi: readonly AbiItem[], runtimeCode: Hex, layout: StorageLayout) {
  const types = layout.types ?? {};
  const structs = Object.values(types)
    .flatMap(({ label, members }) =>
      members ? [[label, members.map((member) => slotLine(member, types))] as const] : [],
    )
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return {
    // Immutables are still zero in it.
    runtimeCode: { bytes: size(runtimeCode), hash: keccak256(runtimeCode) },
    abi: abi.map(abiLine).sort(),
    storage: layout.storage.map((slot) => slotLine(slot, types)),
    structs: Object.fromEntries(structs),
  };
}

/** One line of Solidity, with the structs spelled out. */
function abiLine({ type, name = "", inputs = [], outputs = [], stateMutability }: AbiItem): string {
  const returns = outputs.length > 0 ? `returns (${outputs.map(parameterLine).join(", ")})` : "";
  const mutability = stateMutability === "nonpayable" ? "" : (stateMutability ?? "");
  return [`${type} ${name}(${inputs.map(parameterLine).join(", ")})`, mutability, returns].filter(Boolean).join(" ");
}

function parameterLine(parameter: AbiParameter & { indexed?: boolean }): string {
  const type =
    "components" in parameter
      ? parameter.type.replace("tuple", `(${parameter.components.map(parameterLine).join(", ")})`)
      : parameter.type;
  return [type, parameter.indexed ? "indexed" : "", parameter.name].filter(Boolean).join(" ");
}

function slotLine({ label, offset, slot, type }: StorageSlot, types: NonNullable<StorageLayout["types"]>): string {
  const { label: typeLabel = type, numberOfBytes = "?" } = types[type] ?? {};
  return `slot ${slot}, byte ${offset}, ${numberOfBytes} bytes: ${typeLabel} ${label}`;
}
