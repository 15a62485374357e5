import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

/** The account of agents and humans: the code behind all of them, and the factory that makes them. */
export default buildModule("Multisig", (m) => {
  const implementation = m.contract("Multisig", [], { id: "Implementation" });
  const factory = m.contract("MultisigFactory", [implementation], { id: "Factory" });
  return { implementation, factory };
});
