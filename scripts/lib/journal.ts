import { type Abi, type Address, encodeDeployData, type Hash, type Hex, keccak256 } from "viem";
import { kebabCase } from "./names.js";

/** A contract as a chain's deployment left it. */
export type DeployedContract = {
  kind: string;
  role: string;
  contract: string;
  address: Address;
  from: Address;
  transaction: Hash;
  block: number;
  constructorArguments: readonly unknown[];
  /** With CREATE2 the address commits to it; the code at the address differs by chain, since it caches its EIP-712 domain. */
  initCodeHash: Hex;
  compiler: Compiler;
};

export type Compiler = {
  version: string;
  evmVersion: string;
  optimizer: { enabled: boolean; runs: number };
  viaIR: boolean;
};

/** What Ignition keeps beside the journal. */
export type DeploymentArtifact = { abi: Abi; bytecode: Hex; compiler: Compiler };

type Message = { type: string; futureId: string; [key: string]: unknown };

/** Reads the contracts of one of Ignition's journals (`journal.jsonl`), in the order in which they were deployed. */
export function contractsOfJournal(
  journal: string,
  artifactOf: (futureId: string) => DeploymentArtifact,
): DeployedContract[] {
  const messages = journal
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line): Message => JSON.parse(line));
  const last = (futureId: string, type: string) =>
    messages.findLast((message) => message.futureId === futureId && message.type === type);

  return messages
    .filter(({ type }) => type === "DEPLOYMENT_EXECUTION_STATE_INITIALIZE")
    .flatMap(({ constructorArgs, contractName, from, futureId }) => {
      const result = last(futureId, "DEPLOYMENT_EXECUTION_STATE_COMPLETE")?.result as Result | undefined;
      const confirmed = last(futureId, "TRANSACTION_CONFIRM") as Confirmation | undefined;
      if (result?.type !== "SUCCESS" || !confirmed) return [];
      const { abi, bytecode, compiler } = artifactOf(futureId);
      const [module = "", role = ""] = futureId.split("#");
      const args = constructorArgs as readonly unknown[];
      return {
        kind: kebabCase(module),
        role: kebabCase(role),
        contract: contractName as string,
        address: result.address,
        from: from as Address,
        transaction: confirmed.hash,
        block: confirmed.receipt.blockNumber,
        constructorArguments: args,
        initCodeHash: keccak256(encodeDeployData({ abi, args, bytecode })),
        compiler,
      };
    });
}

type Result = { type: string; address: Address };
type Confirmation = Message & { hash: Hash; receipt: { blockNumber: number } };
