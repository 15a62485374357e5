import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

/** The refund window: the code behind its vaults, and the factory that makes them. */
export default buildModule("RefundWindow", (m) => {
  const implementation = m.contract("RefundWindow", [], { id: "Implementation" });
  const factory = m.contract("VaultFactory", [implementation], { id: "Factory" });
  return { implementation, factory };
});
