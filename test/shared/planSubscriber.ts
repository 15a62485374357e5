import { PAYOUT_GAS, subscribe, subscriptionOf } from "@recourse/sdk/subscription";
import { type Address, erc20Abi, type LocalAccount, maxUint256 } from "viem";
import { localClient, USDC } from "../../scripts/lib/local-chain.js";

/** Subscribes an account to a plan by its own transactions, for twelve periods. */
export async function subscribeTo(
  rpcUrl: string,
  plan: Address,
  subscriber: LocalAccount,
  { beneficiary = subscriber.address, quantity = 1n }: { beneficiary?: Address; quantity?: bigint } = {},
): Promise<void> {
  const client = localClient(rpcUrl, subscriber);
  const { address } = subscriber;
  const args = [plan, 10n ** 12n] as const;
  const approved = await client.writeContract({
    abi: erc20Abi,
    account: subscriber,
    address: USDC,
    args,
    chain: client.chain,
    functionName: "approve",
  });
  await client.waitForTransactionReceipt({ hash: approved });
  const { serial } = await subscriptionOf(client, { address: plan, pair: { subscriber: address, beneficiary } });
  const message = {
    subscriber: address,
    beneficiary,
    quantity,
    maxPeriods: 12n,
    maxFirstCharge: maxUint256,
    serial: BigInt(serial),
    deadline: 0n,
  };
  const permit = { value: 0n, deadline: 0n, signature: "0x" } as const;
  const hash = await subscribe(client, { address: plan, message, permit, payoutGas: PAYOUT_GAS });
  await client.waitForTransactionReceipt({ hash });
}
