// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../contracts/interfaces/ISubscriptionPlan.sol";
import {Pair, PairId} from "../../contracts/types/Subscription.sol";
import {CallingHook, DonatingHook, RevertingHook} from "../mocks/HookActors.sol";
import {HookedToken, ITransferHook} from "../mocks/HookedToken.sol";
import {PlanAttackTest} from "./PlanAttackTest.sol";

/// @dev Burns all the gas that it gets.
contract BurningHook is ITransferHook {
    function onTransfer(address, address, uint256) external pure {
        assembly ("memory-safe") {
            invalid()
        }
    }
}

/// @dev Assumption broken: each subscriber of a batch wants it to succeed. A subscriber with a hook of its own, as ERC-777 gives
/// it, harms nobody but itself.
contract PlanBatchesTest is PlanAttackTest {
    HookedToken private _hooked;

    function setUp() public override {
        super.setUp();
        _hooked = new HookedToken();
        use(_hooked);
        usePlan(defaultTerms());
        subscribe(payer);
        subscribe(otherPayer);
        goTo(START + PERIOD);
    }

    function test_ASubscriberThatRevertsHarmsNoOther() external {
        _hooked.setHook(payer.addr, address(new RevertingHook()));
        _assertOnlyTheOther(ISubscriptionPlan.ChargeResult.Refused);
    }

    function test_ASubscriberThatBurnsAllGasHarmsNoOther() external {
        _hooked.setHook(payer.addr, address(new BurningHook()));
        _assertOnlyTheOther(ISubscriptionPlan.ChargeResult.Refused);
    }

    function test_ASubscriberWithoutMoneyHarmsNoOther() external {
        uint256 balance = token.balanceOf(payer.addr);
        vm.prank(payer.addr);
        token.transfer(stranger.addr, balance);
        _assertOnlyTheOther(ISubscriptionPlan.ChargeResult.BalanceTooLow);
    }

    function test_ASubscriberWithoutAnAllowanceHarmsNoOther() external {
        vm.prank(payer.addr);
        token.approve(address(plan), PRICE - 1);
        _assertOnlyTheOther(ISubscriptionPlan.ChargeResult.AllowanceTooLow);
    }

    function test_ADenylistedSubscriberHarmsNoOther() external {
        token.setDenylisted(payer.addr, true);
        _assertOnlyTheOther(ISubscriptionPlan.ChargeResult.Refused);
    }

    /// @dev More than expected is no reason to charge nobody: else one unit would keep all from being charged.
    function test_ASubscriberThatDonatesDuringTheBatchHarmsNobody() external {
        DonatingHook donor = new DonatingHook(token, address(plan), 1);
        token.mint(address(donor), 1);
        _hooked.setHook(payer.addr, address(donor));
        plan.charge(pairsOf(payer, otherPayer), MUCH_GAS);
        assertTrue(isActive(payer) && isActive(otherPayer), "charged");
        assertEq(plan.surplusOf(address(token)), 1, "surplus");
    }

    /// @dev Canceled by the subscriber's own hook in the moment of the pull: the guard keeps it out, and it is charged.
    function test_ASubscriberThatCancelsDuringThePullIsCharged() external {
        CallingHook hook = new CallingHook();
        hook.prepare(address(plan), abi.encodeCall(ISubscriptionPlan.cancel, (payer.addr, true)));
        _hooked.setHook(payer.addr, address(hook));
        plan.charge(pairsOf(payer, otherPayer), MUCH_GAS);
        assertFalse(hook.succeeded(), "entered");
        assertTrue(isActive(payer) && isActive(otherPayer), "charged");
    }

    function test_APairThatIsNamedTwiceIsChargedOnce() external {
        ISubscriptionPlan.ChargeResult[] memory results = plan.charge(pairsOf(payer, payer), PAYOUT_GAS);
        assertResult(results[0], ISubscriptionPlan.ChargeResult.Charged);
        assertResult(results[1], ISubscriptionPlan.ChargeResult.NotDue);
        assertEq(spent(payer), 2 * PRICE, "spent");
    }

    function test_AThousandStrangersCostTheBatchLittleAndNobodyIsHarmed() external {
        Pair[] memory pairs = new Pair[](1_001);
        for (uint256 i = 0; i < 1_000; ++i) pairs[i] = Pair(address(uint160(i)), address(0));
        pairs[1_000] = pairOf(payer);
        ISubscriptionPlan.ChargeResult[] memory results = plan.charge(pairs, PAYOUT_GAS);
        assertResult(results[1_000], ISubscriptionPlan.ChargeResult.Charged);
    }

    /// @dev What failed leaves no word, so that it can be charged as if nobody had tried.
    function testFuzz_WhoeverFailedIsChargedLaterInTheGrace(uint256 tries, uint256 later) external {
        token.setPaused(true);
        bytes32 before = keccak256(abi.encode(subscriptionOf(payer)));
        for (uint256 i = 0; i < tries % 5; ++i) {
            assertResult(charge(payer), ISubscriptionPlan.ChargeResult.Refused);
        }
        assertEq(keccak256(abi.encode(subscriptionOf(payer))), before, "state");
        token.setPaused(false);
        goTo(bound(later, START + PERIOD, START + PERIOD + GRACE - 1));
        assertResult(charge(payer), ISubscriptionPlan.ChargeResult.Charged);
    }

    /// @dev The event names who was charged, and nobody else.
    function test_TheEventNamesOnlyWhoWasCharged() external {
        token.setDenylisted(payer.addr, true);
        PairId[] memory charged = new PairId[](1);
        charged[0] = idOf(pairOf(otherPayer));
        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.Charged(charged, PRICE);
        plan.charge(pairsOf(payer, otherPayer), PAYOUT_GAS);
    }

    function _assertOnlyTheOther(ISubscriptionPlan.ChargeResult reason) private {
        ISubscriptionPlan.ChargeResult[] memory results = plan.charge(pairsOf(payer, otherPayer), PAYOUT_GAS);
        assertResult(results[0], reason);
        assertResult(results[1], ISubscriptionPlan.ChargeResult.Charged);
        assertFalse(isActive(payer), "the one");
        assertTrue(isActive(otherPayer), "the other");
        assertEq(liabilities(), 3 * PRICE, "owed");
    }
}
