import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

/** What vaults ask about transfers of the past. One serves all. */
export default buildModule("ReceiptVerifier", (m) => {
  const verifier = m.contract("ReceiptVerifier", [], { id: "Verifier" });
  return { verifier };
});
