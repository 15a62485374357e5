// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IMultisig} from "../../../contracts/interfaces/IMultisig.sol";
import {ISignerSet} from "../../../contracts/interfaces/ISignerSet.sol";
import {MultisigConfig, Signer} from "../../../contracts/types/MultisigConfig.sol";
import {PaymentApproval, StandingApproval} from "../../../contracts/types/TypedData.sol";
import {MultisigUnitTest} from "../../utils/MultisigUnitTest.sol";

contract MultisigRevokeTest is MultisigUnitTest {
    function testFuzz_RevertWhen_ThisIsNoAccount(bytes32 approval) external {
        vm.prank(alice.addr);
        vm.expectRevert(ISignerSet.NotAnAccount.selector);
        implementation.revoke(approval);
    }

    function testFuzz_RevertWhen_CallerIsAnybody(address caller, bytes32 approval) external {
        vm.assume(caller != alice.addr && caller != bob.addr);

        _expectNotHuman(caller, approval);
    }

    function testFuzz_RevertWhen_CallerIsAnAgent(bytes32 approval) external {
        _expectNotHuman(agent.addr, approval);
    }

    function testFuzz_RevertWhen_CallerIsTheAccount(bytes32 approval) external {
        _expectNotHuman(address(account), approval);
    }

    function testFuzz_RevertWhen_CallerWasASignerBefore(bytes32 approval) external {
        MultisigConfig memory config = defaultConfig();
        config.signers = new Signer[](1);
        config.signers[0] = Signer({account: bob.addr, weight: FULL_WEIGHT, isHuman: true, isContract: false});
        executeByHumans(address(account), abi.encodeCall(ISignerSet.reconfigure, (packedOf(config))));

        _expectNotHuman(alice.addr, approval);
    }

    function testFuzz_RevokesForEachHuman(bytes32 approval, bool isAlice) external {
        vm.prank(isAlice ? alice.addr : bob.addr);
        account.revoke(approval);

        assertTrue(account.isRevoked(approval));
    }

    function testFuzz_EmitsApprovalRevoked(bytes32 approval) external {
        vm.expectEmit(address(account));
        emit IMultisig.ApprovalRevoked(approval, bob.addr);
        vm.prank(bob.addr);
        account.revoke(approval);
    }

    function testFuzz_DoesNoHarmTwice(bytes32 approval) external {
        vm.prank(alice.addr);
        account.revoke(approval);
        vm.prank(bob.addr);
        account.revoke(approval);

        assertTrue(account.isRevoked(approval));
    }

    function test_RevokesWhatWasNotApprovedYet() external {
        StandingApproval memory approval = standingOf(1, 1);
        vm.prank(alice.addr);
        account.revoke(standingDigest(approval));

        PaymentApproval memory payment = paymentUnder(approval, 0, 1);

        assertDenied(tokenDigest(payment), standingBlob(approval, 0, payment, all(), all()));
    }

    function testFuzz_StaysRevokedAfterTheRulesChanged(bytes32 approval) external {
        vm.prank(alice.addr);
        account.revoke(approval);

        executeByHumans(address(account), abi.encodeCall(ISignerSet.reconfigure, (packedOf(defaultConfig()))));

        assertTrue(account.isRevoked(approval));
    }

    function _expectNotHuman(address caller, bytes32 approval) private {
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IMultisig.NotHuman.selector, caller));
        account.revoke(approval);
    }
}
