import type { Address, Hex } from "viem";
import type { Signer } from "../generated/types.js";
import { type CauseOption, RecourseError } from "../RecourseError.js";
import type { ApprovalTypedData } from "./typedData.js";

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

/** What was to be signed is for another chain than the account that was read. */
export class ChainMismatchError extends RecourseError {
  override readonly name = "ChainMismatchError";

  constructor({
    account,
    cause,
    chainId,
  }: CauseOption & { account: { address: Address; chainId: number }; chainId: unknown }) {
    super("What was to be signed is for another chain.", {
      cause,
      facts: { account: account.address, "chain of the account": account.chainId, "asked for": String(chainId) },
      next: "Give the signer a client of that chain, where the account is deployed.",
    });
  }
}

/** An account's rules are others than those that something was asked under. */
export class RulesChangedError extends RecourseError {
  override readonly name = "RulesChangedError";

  constructor({ cause, epoch, requestId, signed }: CauseOption & { epoch: bigint; requestId: Hex; signed: unknown }) {
    super("The account's rules have changed since this was asked: no signature can be used any more.", {
      cause,
      facts: { request: requestId, "signed epoch": String(signed), epoch },
      next: "Let it be asked anew.",
    });
  }
}

/** The account never signs this: neither its agents nor all signers together can make it. */
export class TypedDataDeniedError extends RecourseError {
  override readonly name = "TypedDataDeniedError";
  /** What was to be signed. */
  readonly primaryType: string;

  constructor({ account, cause, primaryType }: CauseOption & { account: Address; primaryType: string }) {
    super("The account never signs this.", {
      cause,
      facts: { account, "primary type": primaryType },
      next: "Accounts sign payments of the scheme exact and the messages of this suite. Do anything else by `execute`.",
    });
    this.primaryType = primaryType;
  }
}

/** What an account was to subscribe to tells no terms as a plan does. */
export class UnreadablePlanError extends RecourseError {
  override readonly name = "UnreadablePlanError";

  constructor({ cause, plan }: CauseOption & { plan: Address }) {
    super("What the account was to subscribe to is no plan.", {
      cause,
      facts: { plan },
      next: "Check the address: accounts subscribe only to plans that tell what they cost.",
    });
  }
}

/** A standing approval is beyond what an account can count. */
export class StandingApprovalOutOfBoundsError extends RecourseError {
  override readonly name = "StandingApprovalOutOfBoundsError";

  constructor({ cause, ...facts }: CauseOption & { count: number; maxValue: bigint; validUntil: number }) {
    super("A standing approval is beyond what an account can count.", {
      cause,
      facts: { count: facts.count, "most of each": facts.maxValue, until: facts.validUntil },
      next: "At most 65,535 payments, 2^128 - 1 units each, until 2^40 - 1 seconds.",
    });
  }
}

/** Too few of an account's signers approved, or they did not in time. */
export class ApprovalsMissingError extends RecourseError {
  override readonly name = "ApprovalsMissingError";
  /** Who has not signed, and what each would weigh. */
  readonly missing: readonly Signer[];
  readonly neededWeight: number;
  readonly givenWeight: number;
  /** Whether a human must be among those who sign. */
  readonly needsHuman: boolean;
  /** First Unix second at which approvals come too late. */
  readonly expiresAt: number;
  /** The digest of what they sign. */
  readonly requestId: Hex;
  /** What they sign. */
  readonly typedData: ApprovalTypedData;

  constructor({
    account,
    cause,
    ...facts
  }: CauseOption &
    Pick<
      ApprovalsMissingError,
      "expiresAt" | "givenWeight" | "missing" | "neededWeight" | "needsHuman" | "requestId" | "typedData"
    > & { account: Address }) {
    super("Too few of the account's signers approved.", {
      cause,
      facts: {
        account,
        needed: `weight ${facts.neededWeight}${facts.needsHuman ? " and a human" : ""}`,
        given: `weight ${facts.givenWeight}`,
        missing: facts.missing.map(({ account: signer, isHuman, weight }) => {
          return `${signer} (${isHuman ? "human" : "agent"}, ${weight})`;
        }),
        until: timeText(facts.expiresAt),
      },
      next: "Give `collect`, ask those who are missing to sign sooner, or let them give a standing approval.",
    });
    this.missing = facts.missing;
    this.neededWeight = facts.neededWeight;
    this.givenWeight = facts.givenWeight;
    this.needsHuman = facts.needsHuman;
    this.expiresAt = facts.expiresAt;
    this.requestId = facts.requestId;
    this.typedData = facts.typedData;
  }
}

/** A collector of approvals refused what it was asked. */
export class CollectorRefusedError extends RecourseError {
  override readonly name = "CollectorRefusedError";
  /** Its typed reason, such as `epoch_mismatch`. */
  readonly reason: string;
  /** Of HTTP. */
  readonly status: number;

  constructor({ cause, reason, status, url }: CauseOption & { reason: string; status: number; url: string }) {
    super("The collector of approvals refused.", {
      cause,
      docsPath: "docs/approvals.md#reasons",
      facts: { reason, status, collector: url },
      next: "Look the reason up. Asking for the same again is refused again.",
    });
    this.reason = reason;
    this.status = status;
  }
}

/** A collector of approvals did not answer. */
export class CollectorUnreachableError extends RecourseError {
  override readonly name = "CollectorUnreachableError";

  constructor({ cause, url }: CauseOption & { url: string }) {
    super("The collector of approvals did not answer.", {
      cause,
      facts: { collector: url },
      next: "Check its URL and whether it runs. It goes on from what it knows.",
    });
  }
}

/** So many of an account's signers refused that the others cannot approve without them. */
export class ApprovalRejectedError extends RecourseError {
  override readonly name = "ApprovalRejectedError";
  /** Who refused, and why. */
  readonly rejections: readonly { signer: Address; reason: string }[];
  /** The digest of what was to be signed. */
  readonly requestId: Hex;

  constructor({ cause, rejections, requestId }: CauseOption & Pick<ApprovalRejectedError, "rejections" | "requestId">) {
    super("The account's signers refused.", {
      cause,
      facts: {
        request: requestId,
        refused: rejections.map(({ reason, signer }) => `${signer} (${reason || "without a reason"})`),
      },
      next: "Do not ask for the same again. What is asked for anew is another request.",
    });
    this.rejections = rejections;
    this.requestId = requestId;
  }
}

/** The last second that a date of JavaScript can tell. */
const LAST_SECOND = 8_640_000_000_000;

/** What was signed can name any second. */
function timeText(seconds: number): string {
  return seconds <= LAST_SECOND ? new Date(seconds * 1_000).toISOString() : "the end of time";
}
