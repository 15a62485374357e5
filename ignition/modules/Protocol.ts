import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import ReceiptVerifier from "./ReceiptVerifier.js";
import RefundWindow from "./RefundWindow.js";

/** Everything, in one deployment. */
export default buildModule("Protocol", (m) => {
  const receiptVerifier = m.useModule(ReceiptVerifier);
  const refundWindow = m.useModule(RefundWindow);
  return {
    receiptVerifier: receiptVerifier.verifier,
    refundWindowFactory: refundWindow.factory,
    refundWindowImplementation: refundWindow.implementation,
  };
});
