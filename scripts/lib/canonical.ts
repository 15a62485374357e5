import { type Abi, type Address, concatHex, encodeDeployData, getContractAddress, type Hex, keccak256 } from "viem";
import { kebabCase } from "./names.js";

/** CreateX (https://createx.rocks), through which Ignition's `create2` strategy deploys. */
export const CREATEX: Address = "0xba5Ed099633D3B313e4D5F7bdc1305d3c28ba5Ed";

/** A contract as an Ignition module asks for it. */
export type Future = {
  /** `RefundWindow#Factory`: the module, and the contract's part in it. */
  id: string;
  contractName: string;
  constructorArgs: readonly unknown[];
};

export type CanonicalContract = {
  /** The product: a kind of vault, as `extra.recourse.kind` names it, or what vaults use. */
  kind: string;
  role: string;
  contract: string;
  salt: Hex;
  constructorArguments: readonly unknown[];
  initCodeHash: Hex;
  address: Address;
};

/** Where each contract of a deployment is on every chain, in the order of the deployment. */
export function canonicalContracts(
  futures: readonly Future[],
  artifactOf: (contractName: string) => { abi: Abi; bytecode: Hex },
  salt: Hex,
): CanonicalContract[] {
  const deployed = new Map<string, Address>();
  return futures.map(({ constructorArgs, contractName, id }) => {
    const [module = "", role = ""] = id.split("#");
    const args = constructorArgs.map((argument) => {
      if (!isFuture(argument)) return argument;
      const address = deployed.get(argument.id);
      if (!address) throw new Error(`${id} needs ${argument.id}, which is deployed after it.`);
      return address;
    });
    const { abi, bytecode } = artifactOf(contractName);
    const initCode = encodeDeployData({ abi, args, bytecode });
    const address = createXAddress(salt, initCode);
    deployed.set(id, address);
    return {
      kind: kebabCase(module),
      role: kebabCase(role),
      contract: contractName,
      salt,
      constructorArguments: args,
      initCodeHash: keccak256(initCode),
      address,
    };
  });
}

function isFuture(argument: unknown): argument is Future {
  return typeof argument === "object" && argument !== null && "id" in argument && "contractName" in argument;
}

/** CreateX hashes a salt that names neither a sender nor a chain before it uses it. */
export function createXAddress(salt: Hex, initCode: Hex): Address {
  return getContractAddress({
    bytecode: initCode,
    from: CREATEX,
    opcode: "CREATE2",
    salt: keccak256(concatHex([salt])),
  });
}
