import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import Escrow from "./Escrow.js";
import ReceiptVerifier from "./ReceiptVerifier.js";
import RefundWindow from "./RefundWindow.js";

/** Everything, in one deployment. */
export default buildModule("Protocol", (m) => {
  const receiptVerifier = m.useModule(ReceiptVerifier);
  const refundWindow = m.useModule(RefundWindow);
  const escrow = m.useModule(Escrow);
  return {
    receiptVerifier: receiptVerifier.verifier,
    refundWindowFactory: refundWindow.factory,
    refundWindowImplementation: refundWindow.implementation,
    escrowFactory: escrow.factory,
    escrowImplementation: escrow.implementation,
  };
});
