// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IVault} from "../../contracts/interfaces/IVault.sol";
import {PaymentRef} from "../../contracts/types/Payment.sol";
import {Refund} from "../../contracts/types/TypedData.sol";
import {GasBurningToken} from "../mocks/GasBurningToken.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumptions broken: a token uses little gas, and the caller gives enough. No choice of gas makes a healthy
/// payout fail on record.
contract GasBurnerTest is AttackTest {
    uint256 private constant FLOOR = 100_000;
    /// @dev With what a transfer needs itself, this is a little below the floor.
    uint256 private constant NEARLY_FLOOR = 60_000;

    GasBurningToken private _burner;
    PaymentRef private _ref;

    function setUp() public override {
        super.setUp();
        _burner = new GasBurningToken();
        use(_burner);
        _ref = pay(payer, PRICE, "nonce");
    }

    function test_ATokenThatBurnsAllGasLeavesACredit() external {
        _burner.setBurn(type(uint256).max);
        refund(payer, _ref, PRICE, payer.addr);
        assertEq(creditOf(payer.addr), PRICE);
    }

    function test_ATokenThatBurnsAllGasCostsNoMoreThanTheCap() external {
        _burner.setBurn(type(uint256).max);
        uint256 before = gasleft();
        refund(payer, _ref, PRICE, payer.addr);
        assertLt(before - gasleft(), PAYOUT_GAS + 150_000);
    }

    function test_AClaimOfABurningTokenIsBooked() external {
        uint32[] memory buckets = mature(_ref);
        _burner.setBurn(type(uint256).max);
        vault.claim(address(token), buckets, FLOOR);
        assertEq(creditOf(receiver.addr) + creditOf(feeReceiver), PRICE);
    }

    function test_RevertWhen_PayoutGasIsOneBelowTheFloor() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.PayoutGasTooLow.selector, FLOOR - 1, FLOOR));
        vm.prank(payer.addr);
        vault.refund(_ref, PRICE, payer.addr, PRICE, 0, FLOOR - 1);
    }

    function test_ThePayoutAtTheFloorIsEnoughForAHeavyToken() external {
        _burner.setBurn(NEARLY_FLOOR);
        vm.prank(payer.addr);
        vault.refund(_ref, PRICE, stranger.addr, PRICE, 0, FLOOR);
        assertEq(token.balanceOf(stranger.addr), PRICE);
    }

    function test_RevertWhen_PayoutGasIsImmense() external {
        vm.expectPartialRevert(IVault.GasLeftTooLow.selector);
        vm.prank(payer.addr);
        vault.refund(_ref, PRICE, payer.addr, PRICE, 0, type(uint256).max);
    }

    function test_NoGasLimitOfARefundMakesAHealthyPayoutFail() external {
        _burner.setBurn(NEARLY_FLOOR);
        uint256[3] memory payoutGas = [FLOOR, FLOOR + 1, 180_000];
        uint256 done;
        for (uint256 i = 0; i < payoutGas.length; ++i) {
            for (uint256 limit = 50_000; limit <= 400_000; limit += 1_750) {
                done += _tryRefund(limit, payoutGas[i]);
            }
        }
        assertGt(done, 100, "some succeeded");
        assertEq(creditOf(payer.addr), 0, "no failure on record");
        assertEq(token.balanceOf(stranger.addr), done, "each success paid");
        assertEq(liabilities(), PRICE - done, "each revert left no trace");
    }

    function _tryRefund(uint256 limit, uint256 payoutGas) private returns (uint256) {
        uint256 refunded = vault.paymentOf(_ref).refunded;
        vm.cool(address(vault));
        vm.cool(address(token));
        vm.prank(payer.addr);
        try vault.refund{gas: limit}(_ref, 1, stranger.addr, PRICE - refunded, refunded, payoutGas) {
            return 1;
        } catch {
            return 0;
        }
    }

    function test_NoGasLimitOfAClaimMakesAHealthyPayoutFail() external {
        _burner.setBurn(NEARLY_FLOOR);
        uint256 paid;
        for (uint256 limit = 60_000; limit <= 500_000; limit += 5_000) {
            uint32[] memory buckets = mature(pay(payer, PRICE, bytes32(limit)));
            uint256 before = liabilities();
            try vault.claim{gas: limit}(address(token), buckets, FLOOR) {
                paid += before - liabilities();
            } catch {
                assertEq(liabilities(), before, "no trace");
            }
        }
        assertGt(paid, 0, "some succeeded");
        assertEq(creditOf(receiver.addr) + creditOf(feeReceiver), 0, "no failure on record");
        assertEq(token.balanceOf(receiver.addr) + token.balanceOf(feeReceiver), paid, "each success paid");
    }

    function test_NoGasLimitOfARelayedRefundMakesAHealthyPayoutFail() external {
        _burner.setBurn(NEARLY_FLOOR);
        uint256 done;
        for (uint256 limit = 50_000; limit <= 400_000; limit += 5_000) {
            Refund memory message = refundMessage(_ref, 1, stranger.addr);
            bytes memory signature = signRefund(payer, message);
            try vault.refundWithSignature{gas: limit}(_ref, message, signature, FLOOR) {
                ++done;
            } catch {}
        }
        assertGt(done, 10, "some succeeded");
        assertEq(creditOf(payer.addr), 0, "no failure on record");
        assertEq(token.balanceOf(stranger.addr), done, "each success paid");
    }

    /// @dev Whatever the limit, a broken token's refund is either booked as a credit or leaves no trace.
    function test_NoGasLimitLosesMoneyOfABrokenToken() external {
        _burner.setBurn(type(uint256).max);
        uint256 done;
        for (uint256 limit = 50_000; limit <= 300_000; limit += 1_750) done += _tryRefund(limit, FLOOR);
        assertGt(done, 0, "some succeeded");
        assertEq(creditOf(payer.addr), done, "credit");
        assertEq(liabilities(), PRICE, "liabilities");
    }

    /// @dev The stated boundary: a token that needs more than the floor can be made to fail by whoever chooses the gas.
    /// The money waits for its owner, and a withdrawal has no cap.
    function test_ATokenAboveTheFloorCanBeMadeACreditByTheCaller() external {
        _burner.setBurn(FLOOR);
        vm.prank(payer.addr);
        vault.refund(_ref, PRICE, payer.addr, PRICE, 0, FLOOR);
        assertEq(creditOf(payer.addr), PRICE, "credit");

        vault.withdraw(address(token), payer.addr, payer.addr);
        assertEq(creditOf(payer.addr), 0, "withdrawn");
    }
}
