// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IMultisig} from "../../contracts/interfaces/IMultisig.sol";
import {IReserves} from "../../contracts/interfaces/IReserves.sol";
import {ISignerSet} from "../../contracts/interfaces/ISignerSet.sol";
import {Call, Execute} from "../../contracts/types/TypedData.sol";
import {CallingHook, RevertingHook} from "../mocks/HookActors.sol";
import {MultisigAttackTest} from "./MultisigAttackTest.sol";

/// @dev Assumption broken: calls are carried out once, all of them, and by nobody else meanwhile.
contract MultisigExecuteTest is MultisigAttackTest {
    CallingHook private _hook;

    function setUp() public override {
        super.setUp();
        _hook = new CallingHook();
    }

    /// @dev Who is called presents the same message again: its nonce has gone already.
    function test_AMessageCannotBePresentedAgainWhileItIsCarriedOut() external {
        Execute memory message = executeOf(_callOfTheHook());
        bytes memory signatures = _signaturesOf(message);
        _hook.prepare(address(account), abi.encodeCall(IMultisig.execute, (message, signatures)));
        account.execute(message, signatures);
        assertTrue(_hook.called() && !_hook.succeeded(), "again");
        assertEq(_hook.answer(), abi.encodeWithSelector(IMultisig.NonceMismatch.selector, 1, 0), "reason");
        assertEq(account.nonce(), 1, "nonce");
    }

    /// @dev The next message in the middle of one is what humans signed, too; the order is that of the nonces.
    function test_TheNextMessageMayComeInTheMiddle() external {
        Execute memory next = executeOf(
            Call({to: address(account), value: 0, data: abi.encodeCall(IReserves.setReserve, (address(token), 1))})
        );
        next.nonce = 1;
        _hook.prepare(address(account), abi.encodeCall(IMultisig.execute, (next, _signaturesOf(next))));
        Execute memory message = executeOf(_callOfTheHook());
        account.execute(message, _signaturesOf(message));
        assertTrue(_hook.succeeded(), "next");
        assertEq(account.nonce(), 2, "nonce");
    }

    /// @dev Who is called sets the reserve in its own name.
    function test_WhoIsCalledIsNotTheAccount() external {
        _hook.prepare(address(account), abi.encodeCall(IReserves.setReserve, (address(token), 0)));
        Execute memory message = executeOf(_callOfTheHook());
        account.execute(message, _signaturesOf(message));
        assertEq(_hook.answer(), abi.encodeWithSelector(ISignerSet.NotSelf.selector, _hook), "reason");
    }

    /// @dev A message inside a message is signed like any other: a call of the account by itself is no signature.
    function test_RevertWhen_TheAccountExecutesByItselfWithoutSignatures() external {
        Execute memory inner = executeOf(Call({to: thief.addr, value: 0, data: ""}));
        inner.nonce = 1;
        Execute memory message = executeOf(
            Call({to: address(account), value: 0, data: abi.encodeCall(IMultisig.execute, (inner, hex"0000"))})
        );
        bytes memory signatures = _signaturesOf(message);
        vm.expectRevert(
            abi.encodeWithSelector(
                IMultisig.CallFailed.selector,
                0,
                abi.encodeWithSelector(IMultisig.SignaturesInvalid.selector)
            )
        );
        account.execute(message, signatures);
    }

    function test_RevertWhen_ACallInTheMiddleFails() external {
        Execute memory message = _threeCalls(address(new RevertingHook()));
        bytes memory signatures = _signaturesOf(message);
        vm.expectRevert(
            abi.encodeWithSelector(
                IMultisig.CallFailed.selector,
                1,
                abi.encodeWithSelector(RevertingHook.NotWanted.selector)
            )
        );
        account.execute(message, signatures);
        assertEq(balanceOf(shop), 0, "first call");
        assertEq(account.nonce(), 0, "nonce");
    }

    function test_RevertWhen_ACallWithDataGoesToNobody() external {
        address[3] memory nobodies = [thief.addr, address(0), address(1)];
        for (uint256 i = 0; i < nobodies.length; ++i) {
            Execute memory message = _threeCalls(nobodies[i]);
            bytes memory signatures = _signaturesOf(message);
            vm.expectRevert(abi.encodeWithSelector(IMultisig.CallWithoutCode.selector, 1, nobodies[i]));
            account.execute(message, signatures);
        }
    }

    function test_CoinGoesToAnAddressWithoutCode() external {
        vm.deal(address(account), 3);
        Execute memory message = executeOf(Call({to: shop, value: 3, data: ""}));
        account.execute(message, _signaturesOf(message));
        assertEq(shop.balance, 3);
    }

    function test_RevertWhen_ACallIsLeftOutOrMoved() external {
        Execute memory message = _threeCalls(address(_hook));
        bytes memory signatures = _signaturesOf(message);
        (message.calls[0], message.calls[2]) = (message.calls[2], message.calls[0]);
        vm.expectRevert(IMultisig.SignaturesInvalid.selector);
        account.execute(message, signatures);
        message.calls = new Call[](0);
        vm.expectRevert(IMultisig.SignaturesInvalid.selector);
        account.execute(message, signatures);
    }

    function _callOfTheHook() private view returns (Call memory) {
        return Call({to: address(_hook), value: 0, data: _hookData()});
    }

    function _hookData() private view returns (bytes memory) {
        return abi.encodeCall(_hook.onTransfer, (address(0), address(0), 0));
    }

    function _threeCalls(address second) private view returns (Execute memory message) {
        message = executeOf(Call({to: address(token), value: 0, data: abi.encodeCall(token.transfer, (shop, 1))}));
        Call memory first = message.calls[0];
        message.calls = new Call[](3);
        message.calls[0] = first;
        message.calls[1] = Call({to: second, value: 0, data: _hookData()});
        message.calls[2] = Call({to: address(token), value: 0, data: abi.encodeCall(token.transfer, (shop, 2))});
    }

    function _signaturesOf(Execute memory message) private view returns (bytes memory) {
        return signaturesOf(executeDigest(message), both(alice, bob));
    }
}
