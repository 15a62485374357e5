import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import {
  ApprovalsMissingError,
  callOf,
  collectFromKeys,
  createMultisigSigner,
  execute,
  type MultisigSignerOptions,
  signExecute,
  TypedDataDeniedError,
} from "@recourse/sdk/multisig";
import { PERMIT2_ADDRESS, x402ExactPermit2ProxyAddress } from "@x402/evm";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import {
  type Abi,
  type Address,
  concatHex,
  encodeAbiParameters,
  erc20Abi,
  type Hex,
  keccak256,
  maxUint160,
  stringToHex,
} from "viem";
import { USDC } from "../../scripts/lib/local-chain.js";
import { startWorld, type World } from "../../scripts/lib/world.js";
import { agent, alice, bob, DOLLAR, deployAccount } from "../shared/multisig.js";
import { NETWORK, receiver } from "../shared/shop.js";

type Predeployed = Readonly<Record<Address, { abi: Abi; bytecode: Hex }>>;
const predeployed: Predeployed = createRequire(import.meta.url)("hardhat-predeploy/dist/config.js").resolveWithDefault(
  {},
);
const DEPLOYER: Address = "0x4e59b44847b379578588920cA78FbF26c0B4956C";
/** Which salt of the deployer Permit2 has (https://github.com/Uniswap/permit2): its address proves the code. */
const SALT = "0x0000000000000000000000000000000000000000d3af2663da51c10215000000";
const permit2 = predeployed[PERMIT2_ADDRESS] as Predeployed[Address];

const WITNESS_TYPE_STRING =
  "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,uint256 validAfter)";
const WITNESS_TYPEHASH = keccak256(stringToHex("Witness(address to,uint256 validAfter)"));

/** What the official client makes. */
type Permit2Payload = {
  signature: Hex;
  permit2Authorization: {
    permitted: { token: Address; amount: string };
    nonce: string;
    deadline: string;
    witness: { to: Address; validAfter: string };
  };
};

/** Permit2 as it is deployed. x402's proxy is on no registry: its address calls as it does. */
describe("an account pays by the real Permit2", () => {
  let world: World;
  let account: Address;

  before(async () => {
    world = await startWorld();
    await world.client.setCode({
      address: DEPLOYER,
      bytecode: (predeployed[DEPLOYER] as Predeployed[Address]).bytecode,
    });
    const data = concatHex([SALT, permit2.bytecode]);
    const placed = await world.client.sendTransaction({ data, to: DEPLOYER });
    await world.client.waitForTransactionReceipt({ hash: placed });
    assert.notEqual(await world.client.getCode({ address: PERMIT2_ADDRESS }), undefined);
    for (const address of [x402ExactPermit2ProxyAddress, agent.address]) {
      await world.client.impersonateAccount({ address });
      await world.client.setBalance({ address, value: 10n ** 18n });
    }
    account = await deployAccount(world.client, { balance: 60n * DOLLAR });
    const approve = { abi: erc20Abi, address: USDC, args: [PERMIT2_ADDRESS, maxUint160], functionName: "approve" };
    const calls = [callOf(approve)];
    const signed = await signExecute({ account, calls, client: world.client, signers: [alice, bob] });
    await world.client.waitForTransactionReceipt({ hash: await execute(world.client, signed) });
  });
  after(async () => world?.stop());

  async function payloadOf(dollars: bigint, options: Partial<MultisigSignerOptions> = {}): Promise<Permit2Payload> {
    const signer = createMultisigSigner({ account, client: world.client, signers: [agent], ...options });
    const { payload } = await new ExactEvmScheme(signer).createPaymentPayload(2, {
      amount: String(dollars * DOLLAR),
      asset: USDC,
      extra: { assetTransferMethod: "permit2", name: "USDC", version: "2" },
      maxTimeoutSeconds: 600,
      network: NETWORK,
      payTo: receiver.address,
      scheme: "exact",
    });
    return payload as Permit2Payload;
  }

  /** Takes the money as the proxy does, to `to`. */
  async function take({ permit2Authorization, signature }: Permit2Payload, by: Address, to = receiver.address) {
    const { deadline, nonce, permitted, witness } = permit2Authorization;
    const amount = BigInt(permitted.amount);
    const { request } = await world.client.simulateContract({
      abi: permit2.abi,
      account: by,
      address: PERMIT2_ADDRESS,
      args: [
        { permitted: { token: permitted.token, amount }, nonce: BigInt(nonce), deadline: BigInt(deadline) },
        { to, requestedAmount: amount },
        account,
        keccak256(
          encodeAbiParameters(
            [{ type: "bytes32" }, { type: "address" }, { type: "uint256" }],
            [WITNESS_TYPEHASH, witness.to, BigInt(witness.validAfter)],
          ),
        ),
        WITNESS_TYPE_STRING,
        signature,
      ],
      functionName: "permitWitnessTransferFrom",
    });
    const hash = await world.client.writeContract(request);
    return world.client.waitForTransactionReceipt({ hash });
  }

  const balanceOf = (address: Address) =>
    world.client.readContract({ abi: erc20Abi, address: USDC, args: [address], functionName: "balanceOf" });

  it("the agent alone a little, and once", async () => {
    const before = await balanceOf(receiver.address);
    const payload = await payloadOf(1n);
    assert.equal((await take(payload, x402ExactPermit2ProxyAddress)).status, "success");
    assert.equal((await balanceOf(receiver.address)) - before, DOLLAR);
    await assert.rejects(take(payload, x402ExactPermit2ProxyAddress), /InvalidNonce/);
  });

  it("more with a human, and else not", async () => {
    await assert.rejects(payloadOf(10n), ApprovalsMissingError);
    const payload = await payloadOf(10n, { collect: collectFromKeys([alice]) });
    assert.equal((await take(payload, x402ExactPermit2ProxyAddress)).status, "success");
  });

  it("nobody but the proxy, and nothing but what was approved of", async () => {
    const payload = await payloadOf(1n);
    await assert.rejects(take(payload, agent.address), /InvalidContractSignature/);
    const { permit2Authorization: signed } = payload;
    for (const changed of [
      { ...signed, permitted: { ...signed.permitted, amount: "2000000" } },
      { ...signed, witness: { ...signed.witness, to: agent.address } },
      { ...signed, nonce: String(BigInt(signed.nonce) + 1n) },
      { ...signed, deadline: String(BigInt(signed.deadline) + 1n) },
    ]) {
      const forged = { ...payload, permit2Authorization: changed };
      await assert.rejects(take(forged, x402ExactPermit2ProxyAddress), /InvalidContractSignature/);
    }
  });

  it("no permit without the proxy's witness, whoever asks", async () => {
    const signer = createMultisigSigner({ account, client: world.client, signers: [agent] });
    const permit = {
      domain: { chainId: world.client.chain.id, name: "Permit2", verifyingContract: PERMIT2_ADDRESS },
      message: { deadline: 9_999_999_999n, nonce: 7n, permitted: { amount: 1n, token: USDC }, spender: agent.address },
      primaryType: "PermitTransferFrom" as const,
      types: {
        PermitTransferFrom: [
          { name: "permitted", type: "TokenPermissions" },
          { name: "spender", type: "address" },
          { name: "nonce", type: "uint256" },
          { name: "deadline", type: "uint256" },
        ],
        TokenPermissions: [
          { name: "token", type: "address" },
          { name: "amount", type: "uint256" },
        ],
      },
    };
    await assert.rejects(signer.signTypedData(permit), TypedDataDeniedError);
  });
});
