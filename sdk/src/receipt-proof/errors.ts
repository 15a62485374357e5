import type { Address, Hash, Hex } from "viem";
import { RecourseError } from "../RecourseError.js";

/** No mined transaction has this hash. */
export class TransactionNotMinedError extends RecourseError {
  override name = "TransactionNotMinedError";

  constructor(hash: Hash) {
    super(`The node has no receipt of transaction ${hash}.`, {
      next: "Wait until it is mined, and check that the node is one of the right chain.",
    });
  }
}

/** The transaction did not use this authorization, or no transfer came of it. */
export class TransferNotInTransactionError extends RecourseError {
  override name = "TransferNotInTransactionError";

  constructor(hash: Hash, { nonce, payer, token }: { nonce: Hex; payer: Address; token: Address }) {
    super(`Transaction ${hash} has no transfer that this payer authorized by this nonce.`, {
      facts: { Token: token, Payer: payer, Nonce: nonce },
      next: "Look for the right transaction with `findAuthorizedTransfer`.",
    });
  }
}

/** The node has a receipt of a block, but not the block. */
export class BlockNotAvailableError extends RecourseError {
  override name = "BlockNotAvailableError";

  constructor(blockHash: Hash) {
    super(`The node does not have block ${blockHash}, or not all of its receipts.`, {
      next: "Ask again, or another node: the chain may have been reorganized, or the node has dropped old blocks.",
    });
  }
}

/** What the node says of a block does not make the block's hash. */
export class HeaderMismatchError extends RecourseError {
  override name = "HeaderMismatchError";

  constructor({ blockHash, headerHash }: { blockHash: Hash; headerHash: Hash }) {
    super("The fields of the block do not make its hash.", {
      facts: { Block: blockHash, Header: headerHash },
      next: "Ask another node. If all say the same, the chain hashes fields that this version does not know.",
    });
  }
}

/** What the node says of a block's receipts does not make the root in its header. */
export class ReceiptsMismatchError extends RecourseError {
  override name = "ReceiptsMismatchError";

  constructor({ blockHash, root, receiptsRoot }: { blockHash: Hash; root: Hex; receiptsRoot: Hex }) {
    super("The receipts of the block do not make the root in its header.", {
      facts: { Block: blockHash, Root: root, Header: receiptsRoot },
      next: "Ask another node. If all say the same, the chain encodes receipts in a way that this version does not know.",
    });
  }
}
