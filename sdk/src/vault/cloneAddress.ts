import { type Address, concatHex, getContractAddress, type Hex, numberToHex, size } from "viem";
import { CREATE2_SALT } from "../generated/constants.js";

/** Which factory makes the vaults, and the code behind them: both or neither, because the address depends on both. */
export type VaultDeployment = { factory: Address; implementation: Address };

/** Where a factory puts the clone with these arguments: the vault of encoded terms, or the account of packed rules. */
export function cloneAddress(
  args: Hex,
  { factory, implementation }: VaultDeployment,
  salt: Hex = CREATE2_SALT,
): Address {
  return getContractAddress({ bytecode: cloneInitCode(implementation, args), from: factory, opcode: "CREATE2", salt });
}

/** What OpenZeppelin's `Clones.cloneDeterministicWithImmutableArgs` deploys: a proxy, and the arguments behind its code. */
function cloneInitCode(implementation: Address, args: Hex): Hex {
  const proxyLength = 0x2d;
  return concatHex([
    "0x61",
    numberToHex(proxyLength + size(args), { size: 2 }),
    "0x3d81600a3d39f3363d3d373d3d3d363d73",
    implementation,
    "0x5af43d82803e903d91602b57fd5bf3",
    args,
  ]);
}
