/**
 * `npm run local`: a node with USDC and the protocol, and a facilitator, that stay until they are interrupted, with the
 * settings that the README's snippets read. Keys are the public development mnemonic.
 */
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { developmentAccount, mintUsdc, USDC } from "./lib/local-chain.js";
import { MERCHANT_KEY, privateKeyOf, startFacilitator, startWorld } from "./lib/world.js";

const world = await startWorld();
const facilitator = await startFacilitator(world.rpcUrl);
await mintUsdc(world.client, developmentAccount(5).address, 1_000_000_000n);

const settings = {
  RPC_URL: world.rpcUrl,
  RECOURSE_RPC_URL: world.rpcUrl,
  FACILITATOR_URL: facilitator.url,
  FACILITATOR_KEY: MERCHANT_KEY,
  SHOP_ADDRESS: developmentAccount(1).address,
  SHOP_KEY: privateKeyOf(1),
  OPERATOR_KEY: privateKeyOf(3),
  SHOP_URL: "http://127.0.0.1:4021",
  ESCROW_URL: "http://127.0.0.1:4022",
  PLAN_URL: "http://127.0.0.1:4023",
  // A chain of its own has payments of its own.
  PAYMENTS_FOLDER: await mkdtemp(join(tmpdir(), "recourse-payments-")),
  AGENT_KEY: privateKeyOf(30),
  ALICE_KEY: privateKeyOf(31),
  BOB_KEY: privateKeyOf(32),
  BUYER_KEY: privateKeyOf(5),
  TOKEN: USDC,
};
for (const [name, value] of Object.entries(settings)) process.stdout.write(`export ${name}=${value}\n`);
const people = { shop: 1, operator: 3, buyer: 5, agent: 30, alice: 31, bob: 32 };
for (const [name, index] of Object.entries(people)) {
  await world.client.setBalance({ address: developmentAccount(index).address, value: 10n ** 18n });
  process.stderr.write(`${name.padEnd(8)} ${developmentAccount(index).address}\n`);
}
process.stderr.write(
  "The chain's clock starts 200 days ago. All have gas, and the buyer 1,000 USDC. Ctrl-C ends all of it.\n",
);

await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
await facilitator.stop();
await world.stop();
