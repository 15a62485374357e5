import type { Address, Hex } from "viem";
import type { PaymentReceipt as EscrowReceipt } from "../escrow/receipt.js";
import type { EscrowExtra, PlanExtra, RefundWindowExtra, VaultExtra } from "../exact/terms.js";
import type { PaymentRef, ReceiptProof } from "../generated/types.js";
import { RecourseError } from "../RecourseError.js";
import type { PaymentReceipt as RefundWindowReceipt } from "../refund-window/receipt.js";
import type { SubscriptionReceipt } from "../subscription/receipt.js";
import type { Messages, Wire } from "./messages.js";

/** Where an action happens: the vault of these terms. */
type RelayPlace<Vault extends VaultExtra = VaultExtra> = {
  /** CAIP-2. */
  network: string;
  vault: Vault;
};

/** An action about a payment into a refund window, which one of its parties signed. */
type PaymentRequest<Action extends keyof Messages> = RelayPlace<RefundWindowExtra> & {
  action: Action;
  ref: PaymentRef;
  message: Wire<Messages[Action]>;
  signature: Hex;
};

/** An end of a subscription, which its subscriber signed. */
type SubscriptionRequest<Action extends keyof Messages> = RelayPlace<PlanExtra> & {
  action: Action;
  message: Wire<Messages[Action]>;
  signature: Hex;
};

/** What a relay takes. Amounts and times are decimal strings. */
export type RelayRequest =
  | PaymentRequest<"refund">
  | PaymentRequest<"dispute">
  | PaymentRequest<"withdrawDispute">
  | PaymentRequest<"concede">
  | PaymentRequest<"resolve">
  | SubscriptionRequest<"cancel">
  | SubscriptionRequest<"undo">
  /** What an escrow still holds when its time is over goes back to the payer; nobody signs it. */
  | (RelayPlace<EscrowExtra> & { action: "reclaim"; ref: PaymentRef })
  /** A credit, which its owner signed away. */
  | (RelayPlace & { action: "withdraw"; message: Wire<Messages["withdraw"]>; signature: Hex })
  /** A payment that came past the vault's `pay`; nobody signs it, the proof is enough. */
  | (RelayPlace & { action: "record"; token: Address; proof: Wire<ReceiptProof> });

/** What a relay answers about a payment into a vault of this kind. */
export type RelayResponse<Vault extends VaultExtra = VaultExtra> = {
  success: true;
  transaction: Hex;
  /** What went where it was to go, in the token's smallest unit. */
  amount: string;
  /** The payment or subscription as it stands then; none for a credit. */
  extra?: { recourse: ReceiptFor<Vault> };
};

type ReceiptFor<Vault extends VaultExtra> = Vault extends EscrowExtra
  ? EscrowReceipt
  : Vault extends PlanExtra
    ? SubscriptionReceipt
    : RefundWindowReceipt;

/** The relay did not do it; `reason` is the typed code of the wire, `transaction` is set when it was sent and is not known yet. */
export class RelayError extends RecourseError {
  override name = "RelayError";
  readonly reason: string;
  readonly transaction: string | undefined;

  constructor(reason: string, transaction?: string) {
    super(`The relay answered ${reason}.`, {
      next: "What the vault's rules refuse is refused everywhere. For any other reason another relay will do, or calling the vault with gas of one's own.",
    });
    this.reason = reason;
    this.transaction = transaction || undefined;
  }
}

/**
 * Has a facilitator send an action, so that who asks needs no gas.
 *
 * @throws {RelayError} when it was refused, or was sent and is not known yet.
 */
export async function relay<Request extends RelayRequest>(
  request: Request,
  { facilitator }: { facilitator: string },
): Promise<RelayResponse<Request["vault"]>> {
  const response = await fetch(new URL("relay", facilitator.endsWith("/") ? facilitator : `${facilitator}/`), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  const answer = await response.json().catch(() => ({}));
  if (answer.success === true) return answer;
  throw new RelayError(answer.errorReason ?? answer.error ?? `http_${response.status}`, answer.transaction);
}
