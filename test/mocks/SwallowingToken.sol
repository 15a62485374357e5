// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title SwallowingToken
/// @notice No EIP-3009, but a fallback that accepts every call and does nothing, as WETH's does.
contract SwallowingToken is ERC20("Swallowing", "SWL") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    fallback() external {}
}
