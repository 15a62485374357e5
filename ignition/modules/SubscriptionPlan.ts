import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import ReceiptVerifier from "./ReceiptVerifier.js";

/** The subscription plan: the code behind its vaults, and the factory that makes them. */
export default buildModule("SubscriptionPlan", (m) => {
  const { verifier } = m.useModule(ReceiptVerifier);
  const implementation = m.contract("SubscriptionPlan", [verifier], { id: "Implementation" });
  const factory = m.contract("VaultFactory", [implementation], { id: "Factory" });
  return { implementation, factory };
});
