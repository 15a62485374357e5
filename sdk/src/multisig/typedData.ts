import type { TypedDataDomain } from "viem";

/** What `signTypedData` of the official clients takes. */
export type TypedData = {
  domain: TypedDataDomain;
  types: Readonly<Record<string, readonly { name: string; type: string }[]>>;
  primaryType: string;
  message: Readonly<Record<string, unknown>>;
};

/** What a signer of an account signs: in the account's own domain, with all that matters in words. */
export type ApprovalTypedData = TypedData;
