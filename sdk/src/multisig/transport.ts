import { BaseError, HttpRequestError, SocketClosedError, TimeoutError, WebSocketRequestError } from "viem";

const kinds = [HttpRequestError, TimeoutError, WebSocketRequestError, SocketClosedError];

/** Whether a node did not answer: this says nothing about what it was asked. */
export function isTransportError(error: unknown): boolean {
  return error instanceof BaseError && error.walk((cause) => kinds.some((kind) => cause instanceof kind)) !== null;
}
