import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { addresses } from "@recourse/sdk/addresses";
import hre from "hardhat";
import { getAddress, type Hex, toHex } from "viem";
import Protocol from "../../ignition/modules/Protocol.js";
import { developmentAccount, furnishChain, type LocalClient, localClient } from "./local-chain.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const HOST = "127.0.0.1";

/** A local node that is furnished like Base Sepolia, with the protocol on it. */
export type World = {
  /** The node's JSON-RPC. */
  rpcUrl: string;
  /** Deployer, and owner of USDC. */
  client: LocalClient;
  stop(): Promise<void>;
};

/** Starts a node on a free port, puts USDC and what else Base Sepolia has on it, and deploys the protocol by Ignition. */
export async function startWorld(): Promise<World> {
  const node = await hre.network.createServer("demo", HOST, 0);
  const { address, port } = await node.listen();
  const rpcUrl = `http://${address}:${port}`;
  const client = localClient(rpcUrl);
  await furnishChain(client);
  await deployProtocol(rpcUrl);
  return { rpcUrl, client, stop: () => node.close() };
}

/** Deploys the protocol with the modules that public chains use, and insists on the canonical addresses. */
async function deployProtocol(rpcUrl: string): Promise<void> {
  const deploymentId = `local-${randomUUID()}`;
  const connection = await hre.network.create({ network: "local", override: { url: rpcUrl } });
  try {
    const { ignition } = connection;
    const deployed = await ignition.deploy(Protocol, { deploymentId, strategy: "create2" });
    const factory = getAddress(deployed.refundWindowFactory.address);
    if (factory !== addresses["refund-window"].factory) {
      throw new Error(`The factory is at ${factory} and not at its canonical address: build the production profile.`);
    }
  } finally {
    await connection.close();
    await rm(join(hre.config.paths.ignition, "deployments", deploymentId), { force: true, recursive: true });
  }
}

/** A facilitator that runs as a process of its own. */
export type FacilitatorProcess = {
  url: string;
  process: ChildProcess;
  stop(): Promise<void>;
};

const children = new Set<() => void>();
process.once("exit", () => {
  for (const kill of children) kill();
});

/** The key of the demo's merchant. It protects nothing: the facilitator listens on loopback and ends with the demo. */
export const MERCHANT_KEY = "demo-merchant-key-0001";

/**
 * Starts `apps/facilitator` on a free port, and waits until it listens.
 *
 * @param environment Replaces settings, for example `EVM_RPC_URL`.
 */
export async function startFacilitator(
  rpcUrl: string,
  environment: Record<string, string> = {},
): Promise<FacilitatorProcess> {
  const child = spawn(process.execPath, ["--import", "tsx", join(root, "apps/facilitator/src/main.ts")], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      EVM_NETWORK: "eip155:84532",
      EVM_PRIVATE_KEY: privateKeyOf(18),
      EVM_RPC_URL: rpcUrl,
      MERCHANTS: `shop:${MERCHANT_KEY}`,
      PORT: "0",
      ...environment,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  // Whatever happens to this process, its child does not stay behind.
  const kill = () => child.kill("SIGKILL");
  children.add(kill);

  return {
    url: await listeningUrl(child),
    process: child,
    async stop() {
      children.delete(kill);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const impatience = setTimeout(kill, 3_000);
      await ended;
      clearTimeout(impatience);
    },
  };
}

async function listeningUrl(child: ChildProcess): Promise<string> {
  const { stdout } = child;
  if (!stdout) throw new Error("The facilitator has no output to read.");
  const lines = createInterface({ input: stdout });
  for await (const line of lines) {
    const { msg, url } = JSON.parse(line);
    if (msg !== "listening") continue;
    // Go on reading, or the process would block on a full pipe.
    stdout.resume();
    return url;
  }
  throw new Error("The facilitator ended before it listened.");
}

/** The private key of one of the development accounts. */
export function privateKeyOf(addressIndex: number): Hex {
  const key = developmentAccount(addressIndex).getHdKey().privateKey;
  if (!key) throw new Error(`The mnemonic has no key ${addressIndex}.`);
  return toHex(key);
}
