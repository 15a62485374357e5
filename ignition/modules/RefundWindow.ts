import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import ReceiptVerifier from "./ReceiptVerifier.js";

/** The refund window: the code behind its vaults, and the factory that makes them. */
export default buildModule("RefundWindow", (m) => {
  const { verifier } = m.useModule(ReceiptVerifier);
  const implementation = m.contract("RefundWindow", [verifier], { id: "Implementation" });
  const factory = m.contract("VaultFactory", [implementation], { id: "Factory" });
  return { implementation, factory };
});
