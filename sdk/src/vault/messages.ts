import {
  cancelTypes,
  concedeTypes,
  disputeTypes,
  refundTypes,
  resolveTypes,
  undoTypes,
  withdrawDisputeTypes,
  withdrawTypes,
} from "../generated/typedData.js";
import type { Cancel, Concede, Dispute, Refund, Resolve, Undo, Withdraw, WithdrawDispute } from "../generated/types.js";

/** What can be signed for a relay, by the function of the vault that takes it. */
export type Messages = {
  refund: Refund;
  dispute: Dispute;
  withdrawDispute: WithdrawDispute;
  concede: Concede;
  resolve: Resolve;
  withdraw: Withdraw;
  cancel: Cancel;
  undo: Undo;
};

/** A message as JSON carries it: amounts and times are decimal strings. */
export type Wire<Message> = { [Field in keyof Message]: Message[Field] extends bigint ? string : Message[Field] };

/** The fields of each message and their EIP-712 types, as the contracts have them. */
export const messageFields = {
  refund: refundTypes.Refund,
  dispute: disputeTypes.Dispute,
  withdrawDispute: withdrawDisputeTypes.WithdrawDispute,
  concede: concedeTypes.Concede,
  resolve: resolveTypes.Resolve,
  withdraw: withdrawTypes.Withdraw,
  cancel: cancelTypes.Cancel,
  undo: undoTypes.Undo,
} as const;

/** Writes the numbers of a message as JSON carries them. */
export function toWire<Message extends object>(message: Message): Wire<Message> {
  return Object.fromEntries(
    Object.entries(message).map(([name, value]) => [name, typeof value === "bigint" ? String(value) : value]),
  ) as Wire<Message>;
}

/** Reads the numbers of a message of this action. */
export function fromWire<Action extends keyof Messages>(
  action: Action,
  message: Wire<Messages[Action]>,
): Messages[Action] {
  return readWire<Messages[Action]>(messageFields[action], message);
}

/** Reads the numbers of a message with these fields. */
export function readWire<Message extends object>(
  fields: readonly { name: string; type: string }[],
  message: Wire<Message>,
): Message {
  const values = message as Record<string, string>;
  return Object.fromEntries(
    fields.map(({ name, type }) => [name, type === "uint256" ? BigInt(values[name] ?? 0) : values[name]]),
  ) as Message;
}
