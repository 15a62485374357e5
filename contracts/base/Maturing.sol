// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMaturing} from "../interfaces/IMaturing.sol";
import {MaturityLedger} from "../libraries/MaturityLedger.sol";
import {Ledger} from "../types/Ledger.sol";
import {Surplus} from "./Surplus.sol";

/// @title Maturing
/// @notice How money that nobody took back becomes the receiver's: by the hour, whatever number of payments is in it.
/// @dev PROMISES
/// - Nothing is released before its bucket has matured, and each bucket once.
/// - What is released goes to the receiver, less the fee, and nowhere else.
/// - A claim costs the same for one payment and for a thousand of the same hour.
///
/// ASSUMPTIONS
/// - Those of `Surplus`.
/// - The product takes what goes back out of its bucket, before the bucket matures.
abstract contract Maturing is IMaturing, Surplus {
    using MaturityLedger for Ledger;

    /* CLAIM */

    /// @inheritdoc IMaturing
    function claim(
        address token,
        uint32[] calldata buckets,
        uint256 payoutGas
    ) external onlyClone nonReentrant returns (uint256 amount) {
        Ledger storage ledger = _ledgers[token];

        for (uint256 i = 0; i < buckets.length; ++i) {
            uint40 maturesAt = MaturityLedger.maturesAt(buckets[i]);
            if (block.timestamp < maturesAt) revert ClaimBeforeMaturity(buckets[i], maturesAt, block.timestamp);
            amount += ledger.take(buckets[i]);
        }
        if (amount == 0) revert ClaimEmpty(token);

        uint256 fee = (amount * _feeBps()) / BPS;

        emit Claimed({token: token, buckets: buckets, amount: amount, fee: fee});

        _release({token: token, amount: amount, fee: fee, payoutGas: payoutGas});
    }

    /// @dev Pays out what has left the books, and is the receiver's.
    function _release(address token, uint256 amount, uint256 fee, uint256 payoutGas) internal {
        address receiver = _receiver();
        _payOut({token: token, owner: receiver, to: receiver, amount: amount - fee, payoutGas: payoutGas});
        address feeReceiver = _feeReceiver();
        _payOut({token: token, owner: feeReceiver, to: feeReceiver, amount: fee, payoutGas: payoutGas});
    }

    /* VIEWS */

    /// @inheritdoc IMaturing
    function bucketOf(uint40 closesAt) external pure returns (uint32 bucket, uint40 maturesAt) {
        bucket = MaturityLedger.bucketOf(closesAt);
        maturesAt = MaturityLedger.maturesAt(bucket);
    }

    /// @inheritdoc IMaturing
    function maturingIn(address token, uint32 bucket) external view returns (uint256) {
        return _ledgers[token].amountIn(bucket);
    }
}
