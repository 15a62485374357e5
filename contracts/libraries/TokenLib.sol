// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";

import {IERC3009, IERC3009Bytes} from "../interfaces/external/IERC3009.sol";
import {Authorization} from "../types/Payment.sol";

/// @title TokenLib
/// @notice The only calls of tokens. What comes in is counted by the vault's own balance, and nothing else that a token
/// says is believed; what goes out is ordered, and a token that refuses is told apart from one that pays.
library TokenLib {
    using SafeERC20 for IERC20;

    /// @notice The address did not tell a balance: it is no contract, or no token.
    /// @dev Check the token's address and the chain.
    error TokenBalanceUnreadable(address token);

    /// @notice The token refused the payer's authorization.
    /// @dev `reason` is the token's own answer: wrong signature, used nonce, too early, too late, too little balance, or no EIP-3009.
    error TokenRefusedAuthorization(address token, bytes reason);

    /// @notice After the transfer the vault's balance was not what the payment should have made it.
    /// @dev Tokens that keep a fee, or that return without moving anything, are not supported.
    error ReceivedOtherAmount(address token, uint256 balance, uint256 expectedBalance);

    uint256 private constant ECDSA_SIGNATURE_LENGTH = 65;

    /// @notice Executes the payer's authorization to this contract, and insists on having received exactly its value.
    /// @param authorization What the payer signed.
    function receiveExactly(Authorization calldata authorization) internal {
        address token = authorization.token;
        uint256 expected = balanceOf(token) + authorization.value;

        if (authorization.signature.length == ECDSA_SIGNATURE_LENGTH) _transferByKey(authorization);
        else _transferByContract(authorization);

        uint256 balance = balanceOf(token);
        if (balance != expected) revert ReceivedOtherAmount(token, balance, expected);
    }

    /// @dev The overload that every EIP-3009 token has.
    function _transferByKey(Authorization calldata authorization) private {
        bytes calldata signature = authorization.signature;
        (bytes32 r, bytes32 s) = abi.decode(signature[:64], (bytes32, bytes32));
        try
            IERC3009(authorization.token).transferWithAuthorization({
                from: authorization.payer,
                to: address(this),
                value: authorization.value,
                validAfter: authorization.validAfter,
                validBefore: authorization.validBefore,
                nonce: authorization.nonce,
                v: uint8(signature[64]),
                r: r,
                s: s
            })
        {} catch (bytes memory reason) {
            revert TokenRefusedAuthorization(authorization.token, reason);
        }
    }

    /// @dev The overload of newer tokens, for payers that are contracts.
    function _transferByContract(Authorization calldata authorization) private {
        try
            IERC3009Bytes(authorization.token).transferWithAuthorization({
                from: authorization.payer,
                to: address(this),
                value: authorization.value,
                validAfter: authorization.validAfter,
                validBefore: authorization.validBefore,
                nonce: authorization.nonce,
                signature: authorization.signature
            })
        {} catch (bytes memory reason) {
            revert TokenRefusedAuthorization(authorization.token, reason);
        }
    }

    /// @notice Tries to send `amount` with at most `gasCap` gas, and neither fails nor copies what the token returns.
    /// @param token The ERC-20 token.
    /// @param to Who gets it.
    /// @param amount In the token's smallest unit.
    /// @param gasCap What the token may use.
    /// @return sent Whether the token took the order: no revert, and `true` or nothing returned.
    function trySend(address token, address to, uint256 amount, uint256 gasCap) internal returns (bool sent) {
        bytes memory order = abi.encodeCall(IERC20.transfer, (to, amount));
        uint256 answerLength;
        uint256 answer;
        // Solidity's own call copies all that is returned, at the caller's cost and beyond the cap.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            sent := call(gasCap, token, 0, add(order, 0x20), mload(order), 0x00, 0x20)
            answerLength := returndatasize()
            answer := mload(0x00)
        }
        if (answerLength == 0) return sent && token.code.length != 0;
        return sent && answerLength >= 32 && answer == 1;
    }

    /// @notice Sends `amount`, or reverts with the token's reason.
    /// @param token The ERC-20 token.
    /// @param to Who gets it.
    /// @param amount In the token's smallest unit.
    function send(address token, address to, uint256 amount) internal {
        IERC20(token).safeTransfer(to, amount);
    }

    /// @notice What this contract has of `token`.
    /// @param token The ERC-20 token.
    /// @return balance In the token's smallest unit.
    function balanceOf(address token) internal view returns (uint256 balance) {
        (bool success, bytes32 answer, ) = LowLevelCall.staticcallReturn64Bytes(
            token,
            abi.encodeCall(IERC20.balanceOf, (address(this)))
        );
        if (!success || LowLevelCall.returnDataSize() < 32) revert TokenBalanceUnreadable(token);
        return uint256(answer);
    }
}
