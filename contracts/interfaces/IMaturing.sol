// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISurplus} from "./ISurplus.sol";

/// @title IMaturing
/// @notice Money that matures by the hour, and is then the receiver's to claim.
interface IMaturing is ISurplus {
    /* ERRORS: CLAIM */

    /// @notice The bucket has not matured.
    /// @dev Wait until `maturesAt`.
    error ClaimBeforeMaturity(uint32 bucket, uint40 maturesAt, uint256 timestamp);

    /// @notice There is nothing in these buckets.
    /// @dev They are empty or have been claimed.
    error ClaimEmpty(address token);

    /* EVENTS */

    /// @notice Matured money was released to the receiver.
    /// @param token The ERC-20 token.
    /// @param buckets What was claimed: hours counted from 1970.
    /// @param amount All that was in them.
    /// @param fee The part of it that goes to the fee receiver.
    event Claimed(address indexed token, uint32[] buckets, uint256 amount, uint256 fee);

    /* CLAIM */

    /// @notice Releases matured buckets to the receiver, less the fee. Anyone may call.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts ClaimBeforeMaturity when a bucket has not matured.
    /// @custom:reverts ClaimEmpty when there is nothing in them.
    /// @custom:reverts PayoutGasTooLow when `payoutGas` is below the floor.
    /// @custom:reverts GasLeftTooLow when the transaction's gas cannot cover `payoutGas`.
    /// @param token The ERC-20 token.
    /// @param buckets Hours counted from 1970, as `bucketOf` tells; the caller bounds their number.
    /// @param payoutGas The most gas the token may use for one payout, at least 100,000.
    /// @return amount All that was released, fee included, in the token's smallest unit.
    function claim(address token, uint32[] calldata buckets, uint256 payoutGas) external returns (uint256 amount);

    /* VIEWS */

    /// @notice The bucket of a payment whose window closes at `closesAt`.
    /// @param closesAt Unix seconds.
    /// @return bucket The hour, counted from 1970.
    /// @return maturesAt First Unix second at which the bucket can be claimed.
    function bucketOf(uint40 closesAt) external pure returns (uint32 bucket, uint40 maturesAt);

    /// @notice What is in a bucket and was neither refunded nor claimed.
    /// @param token The ERC-20 token.
    /// @param bucket The hour, counted from 1970.
    /// @return In the token's smallest unit.
    function maturingIn(address token, uint32 bucket) external view returns (uint256);
}
