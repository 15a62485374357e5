import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import RefundWindow from "./RefundWindow.js";

/** Everything, in one deployment. */
export default buildModule("Protocol", (m) => {
  const refundWindow = m.useModule(RefundWindow);
  return { refundWindowFactory: refundWindow.factory, refundWindowImplementation: refundWindow.implementation };
});
