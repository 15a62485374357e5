import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import Escrow from "./Escrow.js";
import Multisig from "./Multisig.js";
import ReceiptVerifier from "./ReceiptVerifier.js";
import RefundWindow from "./RefundWindow.js";
import SubscriptionPlan from "./SubscriptionPlan.js";

/** Everything, in one deployment. */
export default buildModule("Protocol", (m) => {
  const receiptVerifier = m.useModule(ReceiptVerifier);
  const refundWindow = m.useModule(RefundWindow);
  const escrow = m.useModule(Escrow);
  const subscriptionPlan = m.useModule(SubscriptionPlan);
  const multisig = m.useModule(Multisig);
  return {
    receiptVerifier: receiptVerifier.verifier,
    refundWindowFactory: refundWindow.factory,
    refundWindowImplementation: refundWindow.implementation,
    escrowFactory: escrow.factory,
    escrowImplementation: escrow.implementation,
    subscriptionPlanFactory: subscriptionPlan.factory,
    subscriptionPlanImplementation: subscriptionPlan.implementation,
    multisigFactory: multisig.factory,
    multisigImplementation: multisig.implementation,
  };
});
