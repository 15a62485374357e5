// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../contracts/interfaces/ISubscriptionPlan.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Permit} from "../../contracts/types/Subscription.sol";
import {Subscribe, Undo} from "../../contracts/types/TypedData.sol";
import {GasBurningToken} from "../mocks/GasBurningToken.sol";
import {PlanAttackTest} from "./PlanAttackTest.sol";

/// @dev Assumptions broken: a token uses little gas, and the caller gives enough. No choice of gas makes a charge fail on record,
/// nor a payout.
contract PlanGasBurnerTest is PlanAttackTest {
    uint256 private constant MIN_CHARGE_GAS = 150_000;
    /// @dev With what a transfer needs itself, this is a little below the floors.
    uint256 private constant NEARLY_FLOOR_OF_CHARGE = 100_000;
    uint256 private constant NEARLY_FLOOR_OF_PAYOUT = 55_000;

    GasBurningToken private _burner;

    function setUp() public override {
        super.setUp();
        _burner = new GasBurningToken();
        use(_burner);
        usePlan(defaultTerms());
        subscribe(payer);
        subscribe(otherPayer);
        goTo(START + PERIOD);
    }

    function testFuzz_NoGasLimitMakesAChargeFail(uint256 gasLimit) external {
        _burner.setBurn(NEARLY_FLOOR_OF_CHARGE);
        _charge(gasLimit);
    }

    function testFuzz_NoGasLimitMakesAChargeFailThatIsPaidOutAtOnce(uint256 gasLimit) external {
        usePlan(termsWithoutWindow());
        subscribe(payer);
        subscribe(otherPayer);
        goTo(START + 2 * PERIOD);
        _burner.setBurn(NEARLY_FLOOR_OF_PAYOUT);
        _charge(gasLimit);
        assertEq(creditOf(receiver.addr), 0, "receiver");
        assertEq(creditOf(feeReceiver), 0, "fee receiver");
    }

    function test_RevertWhen_TheCapIsBelowTheFloor() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.ItemGasTooLow.selector, MIN_CHARGE_GAS - 1, MIN_CHARGE_GAS));
        plan.charge(pairsOf(payer), MIN_CHARGE_GAS - 1);
    }

    function test_ATokenThatBurnsAllGasCostsNoMoreThanACapForEach() external {
        _burner.setBurn(type(uint256).max);
        uint256 before = gasleft();
        ISubscriptionPlan.ChargeResult[] memory results = plan.charge(pairsOf(payer, otherPayer), MIN_CHARGE_GAS);
        assertLt(before - gasleft(), 2 * MIN_CHARGE_GAS + 150_000, "gas");
        assertResult(results[0], ISubscriptionPlan.ChargeResult.Refused);
        assertResult(results[1], ISubscriptionPlan.ChargeResult.Refused);
    }

    /// @dev What failed for want of gas is tried again with more.
    function test_AChargeThatNeededMoreGasIsMadeLater() external {
        _burner.setBurn(400_000);
        assertResult(plan.charge(pairsOf(payer), MIN_CHARGE_GAS)[0], ISubscriptionPlan.ChargeResult.Refused);
        assertResult(plan.charge(pairsOf(payer), 600_000)[0], ISubscriptionPlan.ChargeResult.Charged);
    }

    function testFuzz_NoGasLimitOfARelayedUndoMakesAHealthyPayoutFail(uint256 gasLimit) external {
        charge(payer);
        _burner.setBurn(NEARLY_FLOOR_OF_PAYOUT);
        Undo memory message = undoMessage(payer);
        bytes memory signature = signUndo(payer, message);
        _relay(abi.encodeCall(ISubscriptionPlan.undoWithSignature, (message, signature, MIN_PAYOUT_GAS)), gasLimit);
        assertEq(creditOf(payer.addr), 0);
    }

    function test_ATokenThatBurnsAllGasDoesNotStopAnUndo() external {
        charge(payer);
        _burner.setBurn(type(uint256).max);
        undo(payer);
        assertEq(creditOf(payer.addr), PRICE);
    }

    /// @dev It may fail, and then the subscriber's message is as good as before.
    function testFuzz_NoGasLimitOfARelayedSubscribeTakesMoneyForNothing(uint256 gasLimit) external {
        usePlan(termsWithoutWindow());
        Subscribe memory message = subscribeMessage(payer);
        bytes memory signature = signSubscribe(payer, message);
        Permit memory permit = signPermit(payer, PRICE);
        uint256 before = spent(payer);
        _relay(
            abi.encodeCall(ISubscriptionPlan.subscribeWithSignature, (message, signature, permit, MIN_PAYOUT_GAS)),
            gasLimit
        );
        assertEq(spent(payer) - before, isActive(payer) ? PRICE : 0, "paid");
        if (!isActive(payer)) plan.subscribeWithSignature(message, signature, permit, PAYOUT_GAS);
        assertTrue(isActive(payer), "active");
    }

    /* HELPERS */

    function _charge(uint256 gasLimit) private {
        vm.prank(stranger.addr);
        (bool success, bytes memory answer) = address(plan).call{gas: bound(gasLimit, 50_000, 1_200_000)}(
            abi.encodeCall(ISubscriptionPlan.charge, (pairsOf(payer, otherPayer), MIN_CHARGE_GAS))
        );
        assertEq(isActive(payer), success, "first");
        assertEq(isActive(otherPayer), success, "second");
        if (!success) return;
        ISubscriptionPlan.ChargeResult[] memory results = abi.decode(answer, (ISubscriptionPlan.ChargeResult[]));
        assertResult(results[0], ISubscriptionPlan.ChargeResult.Charged);
        assertResult(results[1], ISubscriptionPlan.ChargeResult.Charged);
    }

    function _relay(bytes memory data, uint256 gasLimit) private {
        vm.prank(stranger.addr);
        (bool success, ) = address(plan).call{gas: bound(gasLimit, 50_000, 1_000_000)}(data);
        success; // It may fail, and then nothing has happened.
    }
}
