import assert from "node:assert/strict";
import { test } from "node:test";
import { snapshotOf } from "../../scripts/lib/snapshot.js";

test("a snapshot shows code, calls and storage in lines", () => {
  const pair = { name: "pair", type: "tuple[]", components: [{ name: "left", type: "uint8" }] };
  const abi = [
    { type: "function", name: "read", inputs: [pair], outputs: [{ name: "", type: "bool" }], stateMutability: "view" },
    { type: "event", name: "Moved", inputs: [{ name: "id", type: "bytes32", indexed: true }] },
  ];
  const layout = {
    storage: [{ label: "_pairs", slot: "3", offset: 1, type: "t_struct" }],
    types: {
      t_struct: {
        label: "struct Pair",
        numberOfBytes: "32",
        members: [{ label: "left", slot: "0", offset: 0, type: "t_uint8" }],
      },
      t_uint8: { label: "uint8", numberOfBytes: "1" },
    },
  };

  assert.deepEqual(snapshotOf(abi, "0x6001", layout), {
    runtimeCode: { bytes: 2, hash: "0x309c67890bde4c575dc23d2cc3b5c3a3d599e312e980e9b61b5bc8f3cd87c8bb" },
    abi: ["event Moved(bytes32 indexed id)", "function read((uint8 left)[] pair) view returns (bool)"],
    storage: ["slot 3, byte 1, 32 bytes: struct Pair _pairs"],
    structs: { "struct Pair": ["slot 0, byte 0, 1 bytes: uint8 left"] },
  });
});
