// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IMaturing} from "../../contracts/interfaces/IMaturing.sol";
import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Authorization, PaymentId, PaymentRef} from "../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {Concede, Dispute, Refund, Resolve, WithdrawDispute} from "../../contracts/types/TypedData.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: what is disputed stays where it is until the dispute ends, and the dispute ends once.
contract DisputeLocksTest is AttackTest {
    struct Call {
        address by;
        bytes data;
    }

    PaymentRef private _ref;
    PaymentId private _id;
    Authorization private _signed;

    function setUp() public override {
        super.setUp();
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.silenceFavorsPayer = true;
        vault = deployVault(terms);
        _signed = authorize(payer, address(vault), PRICE, "nonce");
        _ref = disputed(payer, PRICE, "nonce");
        _id = vault.idOf(_ref);
    }

    function test_WhileDisputedEveryOtherExitIsClosed() external {
        _assertNobodyElseGetsOut(false);
    }

    function test_WhenItWouldHaveMaturedEveryOtherExitIsClosed() external {
        vm.warp(block.timestamp + WINDOW + 1 hours);
        _assertNobodyElseGetsOut(false);
    }

    function test_WhileItWaitsForItsDefaultEveryOtherExitIsClosed() external {
        vm.warp(vault.paymentOf(_ref).defaultsAt);
        _assertNobodyElseGetsOut(false);
    }

    function testFuzz_AfterItWasSettledEveryOtherExitIsClosed(uint256 way) external {
        vm.warp(_timeOf(way));
        _settle(way);
        _assertNobodyElseGetsOut(true);
    }

    function test_RevertWhen_TheBucketIsClaimed() external {
        (uint32 bucket, uint40 maturesAt) = vault.bucketOf(uint40(block.timestamp) + WINDOW);
        vm.warp(maturesAt);
        vm.expectRevert(abi.encodeWithSelector(IMaturing.ClaimEmpty.selector, token));
        vault.claim(address(token), _list(bucket), PAYOUT_GAS);
    }

    /// @dev Disputed money is owed, so that it is nobody's surplus.
    function test_RevertWhen_TheOperatorAnnouncesWhatIsDisputed() external {
        vm.expectRevert(abi.encodeWithSelector(ISurplus.AnnouncementExceedsSurplus.selector, token, 1, 0));
        vm.prank(operator.addr);
        vault.announceAssignment(address(token), 1);
    }

    function test_RevertWhen_TheAuthorizationIsPresentedAgain() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.PaymentAlreadyKnown.selector, _id));
        vault.pay(_signed);
    }

    /// @dev Whoever ends it first, by call, by message or by default: nobody ends it again.
    function testFuzz_ADisputeEndsOnce(uint256 first, uint256 second) external {
        vm.warp(_timeOf(first));
        _settle(first);
        uint256 owed = creditOf(payer.addr) + creditOf(receiver.addr) + creditOf(feeReceiver);
        assertEq(owed, PRICE, "credits");

        vm.warp(vault.paymentOf(_ref).defaultsAt - 1);
        _assertRefused(_endings(second), abi.encodeWithSelector(IRefundWindow.PaymentNotDisputed.selector, _id));
        vm.warp(vault.paymentOf(_ref).defaultsAt);
        _assertRefused(_endings(second), abi.encodeWithSelector(IRefundWindow.PaymentNotDisputed.selector, _id));
        owed = creditOf(payer.addr) + creditOf(receiver.addr) + creditOf(feeReceiver);
        assertEq(owed, PRICE, "credits again");
        assertEq(liabilities(), PRICE, "liabilities");
    }

    /// @dev Before the deadline the default does not apply, and from it on nothing else does.
    function testFuzz_AtEachSecondOneRuleHolds(uint256 way, uint40 timestamp) external {
        uint40 defaultsAt = vault.paymentOf(_ref).defaultsAt;
        timestamp = uint40(bound(timestamp, defaultsAt - 2, defaultsAt + 2));
        vm.warp(timestamp);
        bool isDefault = way % 7 == 6;
        if (isDefault == timestamp >= defaultsAt) {
            _settle(way);
            assertEq(uint8(vault.paymentOf(_ref).status), uint8(IRefundWindow.Status.Settled));
        } else {
            bytes4 reason =
                isDefault ? IRefundWindow.DefaultBeforeDeadline.selector : IRefundWindow.DecisionAfterDeadline.selector;
            _assertRefused(_endings(way), abi.encodeWithSelector(reason, _id, defaultsAt));
        }
    }

    function _timeOf(uint256 way) private view returns (uint40) {
        return way % 7 == 6 ? vault.paymentOf(_ref).defaultsAt : vault.paymentOf(_ref).defaultsAt - 1;
    }

    /// @dev The seven ways in which a dispute ends.
    function _endings(uint256 way) private view returns (Call memory) {
        uint256 deadline = type(uint256).max;
        way %= 7;
        if (way == 0) return Call(payer.addr, abi.encodeCall(IRefundWindow.withdrawDispute, (_ref)));
        if (way == 1) return Call(operator.addr, abi.encodeCall(IRefundWindow.concede, (_ref)));
        if (way == 2) {
            return Call(arbiter.addr, abi.encodeCall(IRefundWindow.resolve, (_ref, PRICE / 4, (PRICE * 3) / 4, "")));
        }
        if (way == 3) {
            uint40 defaultsAt = vault.paymentOf(_ref).defaultsAt;
            WithdrawDispute memory message = WithdrawDispute(_id, defaultsAt, deadline);
            bytes memory signature = signWithdrawDispute(payer, message);
            return
                Call(
                    stranger.addr,
                    abi.encodeCall(IRefundWindow.withdrawDisputeWithSignature, (_ref, message, signature))
                );
        }
        if (way == 4) {
            Concede memory message = Concede({paymentId: _id, by: receiver.addr, deadline: deadline});
            bytes memory signature = signConcede(receiver, message);
            return Call(stranger.addr, abi.encodeCall(IRefundWindow.concedeWithSignature, (_ref, message, signature)));
        }
        if (way == 5) {
            Resolve memory message = Resolve({
                paymentId: _id,
                toPayer: PRICE / 4,
                toReceiver: (PRICE * 3) / 4,
                evidence: "",
                deadline: deadline
            });
            bytes memory signature = signResolve(arbiter, message);
            return Call(stranger.addr, abi.encodeCall(IRefundWindow.resolveWithSignature, (_ref, message, signature)));
        }
        return Call(stranger.addr, abi.encodeCall(IRefundWindow.resolveByDefault, (_ref)));
    }

    function _settle(uint256 way) private {
        Call memory call = _endings(way);
        vm.prank(call.by);
        (bool success, ) = address(vault).call(call.data);
        assertTrue(success, "settled");
    }

    function _assertNobodyElseGetsOut(bool isSettled) private {
        bytes memory reason = abi.encodeWithSelector(IRefundWindow.PaymentDisputed.selector, _id, isSettled);
        uint256 owed = liabilities();
        Account[3] memory parties = [payer, receiver, operator];
        for (uint256 i = 0; i < parties.length; ++i) {
            address by = parties[i].addr;
            bytes memory call = abi.encodeCall(IRefundWindow.refund, (_ref, 1, payer.addr, PRICE, 0, PAYOUT_GAS));
            _assertRefused(Call(by, call), reason);
            Refund memory message = Refund(_id, by, 1, payer.addr, PRICE, 0, type(uint256).max);
            bytes memory signature = signRefund(parties[i], message);
            call = abi.encodeCall(IRefundWindow.refundWithSignature, (_ref, message, signature, PAYOUT_GAS));
            _assertRefused(Call(stranger.addr, call), reason);
        }
        _assertRefused(Call(payer.addr, abi.encodeCall(IRefundWindow.dispute, (_ref, EVIDENCE))), reason);
        Dispute memory again = Dispute({paymentId: _id, evidence: EVIDENCE, deadline: type(uint256).max});
        bytes memory signed = signDispute(payer, again);
        _assertRefused(
            Call(stranger.addr, abi.encodeCall(IRefundWindow.disputeWithSignature, (_ref, again, signed))),
            reason
        );
        assertEq(token.balanceOf(address(vault)), PRICE, "balance");
        assertEq(liabilities(), owed, "liabilities");
    }

    function _assertRefused(Call memory call, bytes memory reason) private {
        vm.prank(call.by);
        (bool success, bytes memory answer) = address(vault).call(call.data);
        assertFalse(success, "refused");
        assertEq(answer, reason, "reason");
    }

    function _list(uint32 bucket) private pure returns (uint32[] memory buckets) {
        buckets = new uint32[](1);
        buckets[0] = bucket;
    }
}
