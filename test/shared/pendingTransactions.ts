import type { World } from "../../scripts/lib/world.js";

/** What was sent and waits to be mined, as soon as there is something. */
export async function pendingTransactions({ client }: World): Promise<`0x${string}`[]> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const { transactions } = await client.getBlock({ blockTag: "pending" });
    if (transactions.length > 0) return transactions;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("No transaction was sent.");
}
