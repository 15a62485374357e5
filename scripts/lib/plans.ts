import { addresses } from "@recourse/sdk/addresses";
import { deploy } from "@recourse/sdk/refund-window";
import {
  encodeTerms,
  PAYOUT_GAS,
  PeriodUnit,
  type SubscriptionPlanTerms,
  subscribeTypedData,
  subscribeWithSignatureCall,
  vaultAddress,
} from "@recourse/sdk/subscription";
import {
  type Address,
  encodeFunctionData,
  erc20Abi,
  type Hex,
  keccak256,
  multicall3Abi,
  type PrivateKeyAccount,
  parseAbi,
  toHex,
  zeroAddress,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { developmentAccount, fiatTokenCaller, type LocalClient, MULTICALL3, USDC } from "./local-chain.js";

/** Signed messages never expire here: the chain's clock is turned, and the tests are not about deadlines. */
export const FAR = 2n ** 48n;
/** A block holds so many of them. */
const PER_TRANSACTION = 25;
/** An answer of ten megabytes is refused: some hundred blocks of a hundred transfers. */
const BLOCKS_PER_REQUEST = 100n;
const { factory } = addresses["subscription-plan"];

/** Somebody who subscribes, and what it signs. */
export type Subscriber = {
  account: PrivateKeyAccount;
  /** How much the plan may take in all, in the token's smallest unit. */
  allowance: bigint;
  maxPeriods?: bigint;
  quantity?: bigint;
};

/** A monthly plan of the demo's merchant, 1 USDC a month, with 14 days of grace; `choices` differ from it. */
export function planTerms(choices: Partial<SubscriptionPlanTerms> = {}): SubscriptionPlanTerms {
  return {
    receiver: developmentAccount(1).address,
    operator: developmentAccount(3).address,
    feeReceiver: zeroAddress,
    feeBps: 0,
    salt: toHex(0, { size: 32 }),
    token: USDC,
    price: 1_000_000n,
    periodUnit: PeriodUnit.Months,
    periodLength: 1,
    grace: 14 * 86_400,
    trial: 0,
    setupFee: 0n,
    refundWindow: 0,
    nonRefundableBps: 0,
    ...choices,
  };
}

/** Deploys the plan with these terms through the canonical factory. */
export async function deployPlan(client: LocalClient, terms: SubscriptionPlanTerms): Promise<Address> {
  const hash = await deploy(client, { address: factory, terms: encodeTerms(terms) });
  await client.waitForTransactionReceipt({ hash });
  return vaultAddress(terms);
}

/** An account that nobody else has. */
export function subscriberAccount(name: string): PrivateKeyAccount {
  return privateKeyToAccount(keccak256(toHex(`subscriber ${name}`)));
}

/** Creates USDC for many in a few transactions: Multicall3 is made a minter. */
export async function mintUsdcToMany(client: LocalClient, to: readonly Address[], amount: bigint): Promise<void> {
  await fiatTokenCaller(client)("configureMinter", [MULTICALL3, 2n ** 100n]);
  const abi = parseAbi(["function mint(address to, uint256 amount) returns (bool)"]);
  await inBatches(
    client,
    to.map((holder) => ({ target: USDC, data: encodeFunctionData({ abi, args: [holder, amount] }) })),
  );
}

/** Subscribes them as a facilitator would: each signs a permit and a Subscribe, and others send both. */
export async function subscribeAll(
  client: LocalClient,
  plan: Address,
  terms: SubscriptionPlanTerms,
  subscribers: readonly Subscriber[],
): Promise<void> {
  const chainId = client.chain.id;
  const calls = subscribers.map(async ({ account, allowance, maxPeriods = 1_000n, quantity = 1n }) => {
    const { address: subscriber } = account;
    const message = {
      subscriber,
      beneficiary: subscriber,
      quantity,
      maxPeriods,
      maxFirstCharge: terms.price * quantity + terms.setupFee,
      serial: 0n,
      deadline: FAR,
    };
    const permit = { value: allowance, deadline: FAR, signature: await signPermit(account, plan, allowance, chainId) };
    const signature = await account.signTypedData(subscribeTypedData({ address: plan, chainId, message }));
    const call = subscribeWithSignatureCall({ address: plan, message, permit, signature, payoutGas: PAYOUT_GAS });
    return { target: plan, data: encodeFunctionData(call) };
  });
  await inBatches(client, await Promise.all(calls));
}

/** A permit of USDC; the subscriber's first one unless another `nonce` is given. */
export function signPermit(
  account: PrivateKeyAccount,
  plan: Address,
  value: bigint,
  chainId: number,
  nonce = 0n,
): Promise<Hex> {
  return account.signTypedData({
    domain: { name: "USDC", version: "2", chainId, verifyingContract: USDC },
    message: { owner: account.address, spender: plan, value, nonce, deadline: FAR },
    primaryType: "Permit",
    types: {
      Permit: [
        { name: "owner", type: "address" },
        { name: "spender", type: "address" },
        { name: "value", type: "uint256" },
        { name: "nonce", type: "uint256" },
        { name: "deadline", type: "uint256" },
      ],
    },
  });
}

/** Calls through Multicall3; one that fails fails its transaction. */
export async function inBatches(client: LocalClient, calls: { target: Address; data: Hex }[]): Promise<void> {
  for (let i = 0; i < calls.length; i += PER_TRANSACTION) {
    const some = calls.slice(i, i + PER_TRANSACTION);
    const hash = await client.writeContract({
      abi: multicall3Abi,
      address: MULTICALL3,
      args: [some.map(({ data, target }) => ({ allowFailure: false, callData: data, target }))],
      chain: client.chain,
      functionName: "aggregate3",
      gas: 500_000n + 400_000n * BigInt(some.length),
    });
    const { status } = await client.waitForTransactionReceipt({ hash });
    if (status !== "success") throw new Error(`Transaction ${hash} was reverted.`);
  }
}

/** A payment of a subscriber to a plan, as the token's own log tells. */
export type Payment = { from: Address; value: bigint; blockNumber: bigint; transaction: Hex };

/** All that came to the plan from anybody, by USDC's Transfer logs alone. */
export async function paymentsTo(client: LocalClient, plan: Address, firstBlock = 0n): Promise<Payment[]> {
  const payments: Payment[] = [];
  const head = await client.getBlockNumber();
  for (let fromBlock = firstBlock; fromBlock <= head; fromBlock += BLOCKS_PER_REQUEST) {
    const logs = await client.getContractEvents({
      abi: erc20Abi,
      address: USDC,
      args: { to: plan },
      eventName: "Transfer",
      fromBlock,
      strict: true,
      toBlock: fromBlock + BLOCKS_PER_REQUEST - 1n,
    });
    for (const { args, blockNumber, transactionHash: transaction } of logs)
      payments.push({ from: args.from, value: args.value, blockNumber, transaction });
  }
  return payments;
}

/** Turns the clock to `time`, unless it is past it, and mines a block there. */
export async function turnClockTo(client: LocalClient, time: number): Promise<void> {
  const { timestamp } = await client.getBlock();
  if (timestamp >= BigInt(time)) return;
  await client.setNextBlockTimestamp({ timestamp: BigInt(time) });
  await client.mine({ blocks: 1 });
}
