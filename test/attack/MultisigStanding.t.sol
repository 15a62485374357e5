// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IMultisig} from "../../contracts/interfaces/IMultisig.sol";
import {PaymentApproval, StandingApproval} from "../../contracts/types/TypedData.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {MultisigAttackTest} from "./MultisigAttackTest.sol";

/// @dev Assumption broken: what humans approved of ahead is paid when the agent releases it, and else not. Shop and facilitator know
/// the approval, its signatures, and all that was released before.
contract MultisigStandingTest is MultisigAttackTest {
    /// @dev Where the number of the payment stands in a blob.
    uint256 private constant INDEX_AT = 199;

    StandingApproval private _approval;

    function setUp() public override {
        super.setUp();
        _approval = standingOf(100e6, 3);
        // All of it comes out of the reserve.
        drain(shop, "first");
    }

    function test_PaysAsOftenAsItSaysAndNoMore() external {
        for (uint16 i = 0; i < 3; ++i) _pay(i, 100e6);
        assertEq(balanceOf(address(account)), RESERVE - 300e6, "paid");
        for (uint16 i = 0; i < 3; ++i) {
            (PaymentApproval memory payment, bytes memory blob) = _released(i, 1, only(agent));
            vm.expectRevert(
                abi.encodeWithSelector(Token3009.AuthorizationUsedOrCanceled.selector, address(account), payment.nonce)
            );
            pay(payment, blob);
        }
        _expectDenied(3, 1, only(agent));
        _expectDenied(type(uint16).max, 1, only(agent));
    }

    function test_DeniesWhatNobodyReleased() external {
        _expectDenied(0, 100e6, nobody());
    }

    /// @dev The release of one number, under another.
    function test_DeniesTheReleaseOfAnotherPayment() external {
        (, bytes memory blob) = _released(0, 100e6, only(agent));
        (PaymentApproval memory second, bytes memory secondBlob) = _released(1, 100e6, nobody());
        bytes memory forged = bytes.concat(
            _part(blob, 0, INDEX_AT),
            bytes2(uint16(1)),
            _part(blob, INDEX_AT + 2, blob.length)
        );
        assertEq(_part(forged, 0, INDEX_AT + 2), _part(secondBlob, 0, INDEX_AT + 2), "built right");
        assertDenied(tokenDigest(second), forged);
    }

    function test_DeniesMoreThanWasReleased() external view {
        (PaymentApproval memory payment, bytes memory blob) = _released(0, 1e6, only(agent));
        payment.value = 2e6;
        bytes memory head = headOfStanding(payment);
        bytes memory forged = bytes.concat(head, _part(blob, head.length, blob.length));
        assertDenied(tokenDigest(payment), forged);
    }

    function test_DeniesMoreThanWasApprovedOf() external {
        _expectDenied(0, 100e6 + 1, only(agent));
        _expectDenied(0, 100e6 + 1, both(agent, alice));
    }

    function test_DeniesAnotherPayee() external {
        (PaymentApproval memory payment, ) = _released(0, 1, only(agent));
        payment.payee = thief.addr;
        bytes memory blob = standingBlob(_approval, 0, payment, only(agent), both(agent, alice));
        _expectInvalid(payment, blob);
    }

    function test_DeniesAnotherResource() external {
        (PaymentApproval memory payment, ) = _released(0, 1, only(agent));
        payment.resource = "another";
        _expectInvalid(payment, standingBlob(_approval, 0, payment, only(agent), both(agent, alice)));
    }

    function test_DeniesAPaymentThatOutlivesTheApproval() external {
        PaymentApproval memory payment = paymentUnder(_approval, 0, 1);
        payment.validBefore = _approval.validUntil;
        assertAccepted(tokenDigest(payment), standingBlob(_approval, 0, payment, only(agent), both(agent, alice)));
        payment.validBefore += 1;
        _expectInvalid(payment, standingBlob(_approval, 0, payment, only(agent), both(agent, alice)));
    }

    function test_DeniesWhatAgentsApprovedOfThemselves() external {
        _approval = standingOf(1, 1);
        (PaymentApproval memory payment, ) = _released(0, 1, only(agent));
        _expectInvalid(payment, standingBlob(_approval, 0, payment, only(agent), only(agent)));
    }

    /// @dev Ten times what one human and the agent may pay once.
    function test_TheTierIsThatOfAllPaymentsTogether() external view {
        StandingApproval memory approval = standingOf(LARGE / 10, 11);
        PaymentApproval memory payment = paymentUnder(approval, 0, 1);
        bytes32 digest = tokenDigest(payment);
        assertDenied(digest, standingBlob(approval, 0, payment, only(agent), both(agent, alice)));
        assertAccepted(digest, standingBlob(approval, 0, payment, only(agent), both(alice, bob)));
        approval = standingOf(type(uint128).max, type(uint16).max);
        payment = paymentUnder(approval, 0, 1);
        assertDenied(tokenDigest(payment), standingBlob(approval, 0, payment, only(agent), both(agent, alice)));
    }

    /* REVOKED */

    function test_RevertWhen_AgentOrStrangerRevokes() external {
        bytes32 id = standingDigest(_approval);
        address[3] memory people = [agent.addr, thief.addr, shop];
        for (uint256 i = 0; i < people.length; ++i) {
            vm.prank(people[i]);
            vm.expectRevert(abi.encodeWithSelector(IMultisig.NotHuman.selector, people[i]));
            account.revoke(id);
        }
    }

    function test_DeniesWhatWasReleasedBeforeItWasRevoked() external {
        (PaymentApproval memory payment, bytes memory blob) = _released(0, 1, only(agent));
        vm.prank(bob.addr);
        account.revoke(standingDigest(_approval));
        _expectInvalid(payment, blob);
    }

    function test_DeniesItAfterAChangeOfRules() external {
        (PaymentApproval memory payment, bytes memory blob) = _released(0, 1, only(agent));
        reconfigure(defaultConfig());
        _expectInvalid(payment, blob);
    }

    /// @dev Revoking one of two that differ in their salt leaves the other.
    function test_AnotherSaltIsAnotherApproval() external {
        vm.prank(alice.addr);
        account.revoke(standingDigest(_approval));
        _approval.salt = "other";
        _pay(0, 100e6);
    }

    /* HELPERS */

    function headOfStanding(PaymentApproval memory payment) private pure returns (bytes memory head) {
        head = paymentHead(payment);
        head[0] = 0x03;
    }

    function _pay(uint16 index, uint256 value) private {
        (PaymentApproval memory payment, bytes memory blob) = _released(index, value, only(agent));
        pay(payment, blob);
    }

    function _released(
        uint16 index,
        uint256 value,
        Account[] memory releasing
    ) private view returns (PaymentApproval memory payment, bytes memory blob) {
        payment = paymentUnder(_approval, index, value);
        blob = standingBlob(_approval, index, payment, releasing, both(agent, alice));
    }

    function _expectDenied(uint16 index, uint256 value, Account[] memory releasing) private {
        (PaymentApproval memory payment, bytes memory blob) = _released(index, value, releasing);
        _expectInvalid(payment, blob);
    }

    function _expectInvalid(PaymentApproval memory payment, bytes memory blob) private {
        vm.expectRevert(abi.encodeWithSelector(Token3009.AuthorizationSignatureInvalid.selector, address(account)));
        pay(payment, blob);
    }

    function _part(bytes memory data, uint256 from, uint256 until) private pure returns (bytes memory part) {
        part = new bytes(until - from);
        for (uint256 i = 0; i < part.length; ++i) part[i] = data[from + i];
    }
}
