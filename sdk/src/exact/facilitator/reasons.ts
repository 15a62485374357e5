import { BaseError, ContractFunctionRevertedError, ExecutionRevertedError } from "viem";
import { contractErrorFrom } from "../../contractErrorFrom.js";
import { wireCodeOf } from "../../generated/wireCodes.js";
import { DeadlineError } from "../../withDeadline.js";
import { ErrGasTooHigh, ErrRpcUnavailable, ErrSimulationFailed, ErrUnexpected } from "../errors.js";
import { GasTooHighError, isUnreachable } from "./submitter.js";

/** The reason on the wire for an error, and a message that carries nothing of this machine. */
export function reasonOf(error: unknown): { reason: string; message?: string } {
  const contractError = contractErrorFrom(error);
  if (contractError) return { reason: wireCodeOf[contractError.contractError], message: contractError.shortMessage };
  if (error instanceof DeadlineError || isUnreachable(error)) return { reason: ErrRpcUnavailable };
  if (find(error, GasTooHighError)) return { reason: ErrGasTooHigh };
  if (find(error, ContractFunctionRevertedError) || find(error, ExecutionRevertedError))
    return { reason: ErrSimulationFailed };
  return { reason: ErrUnexpected };
}

function find(error: unknown, type: abstract new (...args: never[]) => Error): boolean {
  if (error instanceof type) return true;
  return error instanceof BaseError && error.walk((cause) => cause instanceof type) !== null;
}
