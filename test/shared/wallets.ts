import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import solc from "solc";
import {
  type Abi,
  type Address,
  concatHex,
  createClient,
  encodeAbiParameters,
  encodeFunctionData,
  getAddress,
  type Hex,
  http,
  keccak256,
  type LocalAccount,
  serializeErc6492Signature,
  zeroAddress,
  zeroHash,
} from "viem";
import { entryPoint07Abi, entryPoint07Address, type SmartAccount, toSmartAccount } from "viem/account-abstraction";
import { toAccount } from "viem/accounts";
import { signTypedData } from "viem/experimental/erc7739";
import type { LocalClient } from "../../scripts/lib/local-chain.js";

/* CONTRACTS */

const root = new URL("../../", import.meta.url);
const SOURCE = "test/mocks/SmartWallets.sol";

type Artifact = { abi: Abi; bytecode: Hex };

let compiled: Record<string, Artifact> | undefined;

/** A contract of test/mocks/SmartWallets.sol, which Hardhat builds for the Solidity suite only. */
export function walletArtifact(name: string): Artifact {
  compiled ??= compile();
  const artifact = compiled[name];
  if (!artifact) throw new Error(`${SOURCE} has no ${name}.`);
  return artifact;
}

function compile(): Record<string, Artifact> {
  const input = {
    language: "Solidity",
    sources: { [SOURCE]: { content: sourceOf(SOURCE) } },
    settings: {
      evmVersion: "cancun",
      optimizer: { enabled: true },
      outputSelection: { [SOURCE]: { "*": ["abi", "evm.bytecode.object"] } },
    },
  };
  const imports = (path: string) => ({ contents: sourceOf(`node_modules/${path}`) });
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: imports }));
  const contracts: Record<string, { abi: Abi; evm: { bytecode: { object: string } } }> = output.contracts[SOURCE];
  return Object.fromEntries(
    Object.entries(contracts).map(([name, { abi, evm }]) => [name, { abi, bytecode: `0x${evm.bytecode.object}` }]),
  );
}

function sourceOf(path: string): string {
  return readFileSync(fileURLToPath(new URL(path, root)), "utf8");
}

/** Deploys a contract of test/mocks/SmartWallets.sol. */
export async function deployWalletContract(
  client: LocalClient,
  name: string,
  args: readonly unknown[] = [],
): Promise<Address> {
  const hash = await client.deployContract({ ...walletArtifact(name), args, chain: client.chain });
  const { contractAddress } = await client.waitForTransactionReceipt({ hash });
  if (!contractAddress) throw new Error(`${name} was not deployed.`);
  return getAddress(contractAddress);
}

/* ACCOUNTS */

/** An account for stock clients that signs typed data in its own way. */
export function accountSigning(address: Address, sign: (typedData: never) => Promise<Hex>): LocalAccount {
  const refuse = async (): Promise<never> => {
    throw new Error("This account signs typed data only.");
  };
  return toAccount({ address, signMessage: refuse, signTransaction: refuse, signTypedData: sign as never });
}

/** Signs for an account at `address` as OpenZeppelin's and Solady's take it (ERC-7739). */
export function nestedAccount(client: LocalClient, address: Address, owner: LocalAccount): LocalAccount {
  const { id: chainId } = client.chain;
  const verifierDomain = { name: "SmartWallet", version: "1", chainId, verifyingContract: address, salt: zeroHash };
  return accountSigning(address, (typedData) =>
    signTypedData(client, { ...(typedData as object), account: owner, verifierDomain } as never),
  );
}

/** An account of several people of whom two have to sign, and how a pair of them signs for it. */
export async function sharedAccount(
  client: LocalClient,
  people: readonly LocalAccount[],
): Promise<{ address: Address; signedBy(...pair: LocalAccount[]): LocalAccount }> {
  const address = await deployWalletContract(client, "SharedAccount", [people.map((person) => person.address), 2n]);
  const signedBy = (...pair: LocalAccount[]) => {
    // In the order in which the contract sees at once that they are different people.
    const sorted = pair.toSorted((left, right) =>
      BigInt(keccak256(left.address)) < BigInt(keccak256(right.address)) ? -1 : 1,
    );
    return accountSigning(address, async (typedData) => {
      const signatures = await Promise.all(sorted.map((person) => person.signTypedData(typedData)));
      const types = [{ type: "bytes[]" }, { type: "bytes[]" }] as const;
      return encodeAbiParameters(types, [sorted.map((person) => person.address), signatures]);
    });
  };
  return { address, signedBy };
}

/** A wallet of a factory, whether it exists or not. */
export type FactoryWallet = {
  /** Signs as wallets do: with the wallet's deployment (ERC-6492) while it does not exist. */
  account: LocalAccount;
  /** Signs as if it existed. */
  inner: LocalAccount;
  deployment: { address: Address; data: Hex };
};

/** The wallet of this owner and salt. */
export async function factoryWallet(
  client: LocalClient,
  factory: Address,
  owner: LocalAccount,
  salt: Hex,
): Promise<FactoryWallet> {
  const args = [owner.address, salt];
  const { abi } = walletArtifact("SmartWalletFactory");
  const address = (await client.readContract({ abi, address: factory, args, functionName: "addressOf" })) as Address;
  const data = encodeFunctionData({ abi, args, functionName: "deploy" });
  const deployment = { address: factory, data };
  const inner = nestedAccount(client, address, owner);
  const account = accountSigning(address, async (typedData) => {
    const signature = await inner.signTypedData(typedData);
    const isDeployed = (await client.getCode({ address })) !== undefined;
    return isDeployed ? signature : serializeErc6492Signature({ ...deployment, signature });
  });
  return { account, deployment, inner };
}

/** The same wallet as one of viem's smart accounts. */
export function smartAccount(client: LocalClient, { deployment, inner }: FactoryWallet): Promise<SmartAccount> {
  const refuse = async (): Promise<never> => {
    throw new Error("This account signs typed data only.");
  };
  return toSmartAccount({
    client: createClient({ chain: client.chain, transport: http(client.transport.url) }),
    entryPoint: { abi: entryPoint07Abi, address: entryPoint07Address, version: "0.7" },
    encodeCalls: refuse,
    getAddress: async () => inner.address,
    getFactoryArgs: async () => ({ factory: deployment.address, factoryData: deployment.data }),
    getStubSignature: refuse,
    signMessage: refuse,
    signTypedData: (typedData) => inner.signTypedData(typedData as never),
    signUserOperation: refuse,
  });
}

/** Gives an account code by EIP-7702, or takes it away. */
export async function delegate(client: LocalClient, account: LocalAccount, to: Address = zeroAddress): Promise<void> {
  const authorization = await client.signAuthorization({ account, contractAddress: to });
  const hash = await client.sendTransaction({
    authorizationList: [authorization],
    chain: client.chain,
    to: client.account.address,
  });
  await client.waitForTransactionReceipt({ hash });
  const code = (await client.getCode({ address: account.address })) ?? "0x";
  const expected = to === zeroAddress ? "0x" : concatHex(["0xef0100", to]).toLowerCase();
  if (code !== expected) throw new Error(`The account has the code ${code}.`);
}
