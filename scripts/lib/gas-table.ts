/** A measured figure beside the same thing done by somebody else, if anybody else does it. */
export type GasRow = { id: string; gas: number; peer?: string; peerGas?: number; ratio?: number };

/** Figures of others, with their sources in bench/README.md. */
const peers: Record<string, { peer: string; peerGas: number } | Record<string, never>> = {
  "refundWindow.pay": { peer: "commerce-payments authorize", peerGas: 144_325 },
  "refundWindow.payMany100": { peer: "commerce-payments authorize, multicall operator", peerGas: 99_908 },
  "refundWindow.cycle100": { peer: "commerce-payments authorize + capture, multicall operator", peerGas: 123_174 },
  "refundWindow.record": {},
  "refundWindow.refund": { peer: "x402r requestRefund + refund", peerGas: 391_664 + 99_629 },
  "refundWindow.cycle1": { peer: "commerce-payments authorize + capture", peerGas: 212_802 },
  "escrow.pay": { peer: "commerce-payments authorize", peerGas: 144_325 },
  "escrow.capturePayOut": { peer: "commerce-payments capture", peerGas: 68_477 },
  "escrow.capture100": { peer: "commerce-payments capture, multicall operator", peerGas: 23_266 },
  "escrow.void": { peer: "commerce-payments void", peerGas: 66_020 },
  "escrow.reclaim": { peer: "commerce-payments reclaim", peerGas: 66_088 },
  "subscriptions.subscribe": { peer: "spend-permissions SpendRouter approve + first spend", peerGas: 187_039 },
  "subscriptions.charge1": { peer: "spend-permissions SpendPermissionManager.spend, new period", peerGas: 89_902 },
  "subscriptions.charge100": { peer: "spend-permissions SpendRouter.multicall", peerGas: 85_019 },
  "subscriptions.charge100held": {},
  "multisig.exact1": { peer: "Safe 1.4.1 as ERC-1271 payer, 1 of 1", peerGas: 111_037 },
  "multisig.exact2": { peer: "Safe 1.4.1 as ERC-1271 payer, 2 of 3", peerGas: 118_812 },
  "multisig.exact3": { peer: "Safe 1.4.1 as ERC-1271 payer, 3 of 5", peerGas: 126_589 },
  "multisig.execute2": { peer: "Safe 1.4.1 execTransaction, 2 of 3", peerGas: 83_262 },
  "multisig.deploy3": { peer: "Safe 1.4.1 proxy, 2 of 3", peerGas: 305_847 },
  "subscriptions.cancel": { peer: "spend-permissions revoke", peerGas: 66_533 },
};

export function gasRow(id: string, gas: number): GasRow {
  const known = peers[id];
  if (!known) throw new Error(`No peer is named for ${id}.`);
  if (known.peerGas === undefined) return { id, gas };
  return { id, gas, ...known, ratio: Math.round((gas / known.peerGas) * 1000) / 1000 };
}

/** Columns of equal width: text to the left, numbers to the right. */
export function table(rows: readonly Record<string, string | number>[]): string {
  const names = Object.keys(rows[0] ?? {});
  const cells = [names, ...rows.map((row) => names.map((name) => shown(row[name])))];
  const widths = names.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const isNumber = names.map((name) => typeof rows[0]?.[name] === "number");
  return cells
    .map((line) =>
      line
        .map((cell, column) => pad(cell, widths[column] ?? 0, isNumber[column] ?? false))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function shown(value: string | number | undefined): string {
  return typeof value === "number" ? value.toLocaleString("en-US", { maximumFractionDigits: 3 }) : (value ?? "");
}

function pad(cell: string, width: number, isNumber: boolean): string {
  return isNumber ? cell.padStart(width) : cell.padEnd(width);
}
