import type { Address } from "viem";
import { type CauseOption, RecourseError } from "../RecourseError.js";

/** Somebody signed who is no signer of the account. */
export class UnknownSignerError extends RecourseError {
  override readonly name = "UnknownSignerError";
  /** Who signed. */
  readonly signer: Address;

  constructor({ cause, signer }: CauseOption & { signer: Address }) {
    super("Somebody signed who is no signer of the account.", {
      cause,
      facts: { signer },
      next: "Read the account's signers by `config`; they may have changed.",
    });
    this.signer = signer;
  }
}

/** A signature has a form that the account cannot take. */
export class UnusableSignatureError extends RecourseError {
  override readonly name = "UnusableSignatureError";
  /** Whose it is. */
  readonly signer: Address;

  constructor({ cause, signer }: CauseOption & { signer: Address }) {
    super("A signature has a form that the account cannot take.", {
      cause,
      facts: { signer },
      next: "A key gives 65 or 64 bytes of ECDSA; a contract at most 4,096 bytes, and it is deployed first.",
    });
    this.signer = signer;
  }
}
