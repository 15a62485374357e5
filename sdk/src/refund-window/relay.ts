import type { Address, Hex } from "viem";
import type { VaultExtra } from "../exact/terms.js";
import type { PaymentRef } from "../generated/types.js";
import { RecourseError } from "../RecourseError.js";

/** A signed action, as a relay takes it. Amounts and times are decimal strings. */
export type RelayRequest =
  | {
      action: "refund";
      /** CAIP-2. */
      network: string;
      vault: VaultExtra;
      ref: PaymentRef;
      message: {
        paymentId: Hex;
        amount: string;
        to: Address;
        expectedHeld: string;
        expectedRefunded: string;
        deadline: string;
      };
      signer: Address;
      signature: Hex;
    }
  | {
      action: "withdraw";
      /** CAIP-2. */
      network: string;
      vault: VaultExtra;
      message: {
        token: Address;
        owner: Address;
        to: Address;
        expectedCredit: string;
        expectedWithdrawn: string;
        deadline: string;
      };
      signature: Hex;
    };

export type RelayResponse = { success: true; transaction: Hex; amount: string };

/** The relay did not do it; `reason` is the typed code of the wire, `transaction` is set when it was sent and is not known yet. */
export class RelayError extends RecourseError {
  override name = "RelayError";
  readonly reason: string;
  readonly transaction: string | undefined;

  constructor(reason: string, transaction?: string) {
    super(`The relay answered ${reason}.`, {
      next: "Any other relay will do, and so does calling the vault with gas of one's own.",
    });
    this.reason = reason;
    this.transaction = transaction || undefined;
  }
}

/**
 * Has a facilitator send a signed action, so that the signer needs no gas.
 *
 * @throws {RelayError} when it was refused, or was sent and is not known yet.
 */
export async function relay(request: RelayRequest, { facilitator }: { facilitator: string }): Promise<RelayResponse> {
  const response = await fetch(new URL("relay", facilitator.endsWith("/") ? facilitator : `${facilitator}/`), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  const answer = await response.json().catch(() => ({}));
  if (answer.success === true) return answer;
  throw new RelayError(answer.errorReason ?? answer.error ?? `http_${response.status}`, answer.transaction);
}
