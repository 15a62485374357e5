/** The name of the function that `deployByName` calls. */
const helper = "deployCompiled";

/**
 * Its source: it does what `new` does, but takes the code from the artifact when the test runs. A test that has no code of
 * a contract in it need not be compiled again when that contract changes.
 */
export const helperSource = `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Vm} from "forge-std/Vm.sol";

function ${helper}(string memory name, bytes memory arguments) returns (address deployed) {
    Vm vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    bytes memory code = abi.encodePacked(vm.getCode(name), arguments);
    assembly ("memory-safe") {
        deployed := create(0, add(code, 0x20), mload(code))
        if iszero(deployed) {
            returndatacopy(0x00, 0x00, returndatasize())
            revert(0x00, returndatasize())
        }
    }
}
`;

/** The source of a test with `new X(…)` of each of `contracts` put this way; calls with options stay. */
export function deployByName(source: string, contracts: readonly string[], helperPath: string): string {
  const start = new RegExp(`\\bnew (${contracts.join("|")})\\(`, "g");
  let result = "";
  let end = 0;
  for (const match of source.matchAll(start)) {
    const open = match.index + match[0].length;
    const close = closingParenthesis(source, open);
    const values = source.slice(open, close);
    const encoded = values.trim() === "" ? '""' : `abi.encode(${values})`;
    result += `${source.slice(end, match.index)}${match[1]}(${helper}("${match[1]}.sol:${match[1]}", ${encoded}))`;
    end = close + 1;
  }
  if (end === 0) return source;
  const pragma = /^pragma solidity .*;$/m;
  return (result + source.slice(end)).replace(pragma, `$&\nimport {${helper}} from "${helperPath}";`);
}

function closingParenthesis(source: string, from: number): number {
  let depth = 1;
  for (let index = from; index < source.length; index += 1) {
    if (source[index] === "(") depth += 1;
    if (source[index] === ")") depth -= 1;
    if (depth === 0) return index;
  }
  throw new Error("A call is not closed.");
}
