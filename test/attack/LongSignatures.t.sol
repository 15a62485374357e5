// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Authorization, PaymentId} from "../../contracts/types/Payment.sol";
import {HeavyWallet} from "../mocks/HeavyWallet.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: an item's signature is short.
contract LongSignaturesTest is AttackTest {
    /// @dev No gas limit leaves a good item out. The token's order, which a long signature makes dear, is built before the
    /// gas is checked.
    function test_NoGasLimitLeavesAnItemWithALongSignatureOut() external {
        Account memory wallet = makeAccount("wallet");
        wallet.addr = address(new HeavyWallet(wallet.addr, 0));
        token.mint(wallet.addr, PRICE);
        Authorization[] memory items = new Authorization[](1);
        items[0] = authorize(wallet, address(vault), PRICE, "nonce");
        items[0].signature = bytes.concat(items[0].signature, hex"01", new bytes(180_000));

        uint256 itemGas = _leastItemGas(items);
        for (uint256 limit = itemGas; limit < itemGas + 400_000; limit += 4_000) {
            (bool succeeded, PaymentId id) = _try(items, itemGas, limit);
            if (succeeded) assertNotEq(PaymentId.unwrap(id), 0, "left out for want of gas");
        }
    }

    /* HELPERS */

    function _leastItemGas(Authorization[] memory items) private returns (uint256 most) {
        uint256 least = 150_000;
        for (most = 3_000_000; most - least > 1_000;) {
            uint256 middle = (most + least) / 2;
            (, PaymentId id) = _try(items, middle, 10_000_000);
            if (PaymentId.unwrap(id) == 0) least = middle;
            else most = middle;
        }
    }

    /// @dev Tells what would happen, and undoes it.
    function _try(
        Authorization[] memory items,
        uint256 itemGas,
        uint256 limit
    ) private returns (bool succeeded, PaymentId id) {
        uint256 state = vm.snapshotState();
        try vault.payMany{gas: limit}(address(token), items, itemGas) returns (PaymentId[] memory ids) {
            (succeeded, id) = (true, ids[0]);
        } catch {}
        vm.revertToState(state);
    }
}
