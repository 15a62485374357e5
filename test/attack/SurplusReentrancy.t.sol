// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IBursts} from "../../contracts/interfaces/IBursts.sol";
import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Authorization, PaymentRef} from "../../contracts/types/Payment.sol";
import {ReceiptProof} from "../../contracts/types/Receipt.sol";
import {Release} from "../../contracts/types/TypedData.sol";
import {CallingHook} from "../mocks/HookActors.sol";
import {HookedToken} from "../mocks/HookedToken.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: the token does not call back. What has to do with surplus and batches is tried from all in which
/// a token is called, and a payment as well.
contract SurplusReentrancyTest is AttackTest {
    HookedToken private _hooked;
    CallingHook private _hook;
    ReceiptProof private _proof;

    function setUp() public override {
        super.setUp();
        _hooked = new HookedToken();
        _hook = new CallingHook();
        use(_hooked);
        token.mint(address(vault), 100 * PRICE);
        payPast(payer, PRICE, "frozen");
        goTo(ANNOUNCED_AT);
        announce(10 * PRICE);
        freeze(payer, PRICE, "frozen");
        goTo(ENDS_AT);
        _proof = payPast(payer, PRICE, "provable");
        announce(10 * PRICE);
        _hooked.setHook(address(vault), address(_hook));
    }

    function test_NothingCanBeEnteredDuringPayMany() external {
        bytes[] memory calls = _calls();
        for (uint256 i = 0; i < calls.length; ++i) {
            _hook.prepare(address(vault), calls[i]);
            vault.payMany(address(token), _batch(bytes32(i)), 1_000_000);
            _assertKeptOut();
        }
        assertEq(liabilities(), PRICE * calls.length);
    }

    function test_NothingCanBeEnteredDuringAssign() external {
        bytes[] memory calls = _calls();
        for (uint256 i = 0; i < calls.length; ++i) {
            uint256 state = vm.snapshotState();
            _hook.prepare(address(vault), calls[i]);
            assign(1, stranger.addr);
            _assertKeptOut();
            vm.revertToState(state);
        }
    }

    function test_NothingCanBeEnteredDuringRelease() external {
        bytes[] memory calls = _calls();
        for (uint256 i = 0; i < calls.length; ++i) {
            uint256 state = vm.snapshotState();
            _hook.prepare(address(vault), calls[i]);
            release(payer, "frozen", 1, PRICE, payer.addr);
            _assertKeptOut();
            vm.revertToState(state);
        }
    }

    /// @dev Items before are booked one by one, but never more of them than has arrived.
    function test_DuringPayManyNoMoreIsOwedThanArrived() external {
        _hook.prepare(address(vault), abi.encodeCall(IVault.liabilitiesOf, (address(token))));
        vault.payMany(address(token), _batch("read"), 1_000_000);
        assertTrue(_hook.succeeded(), "read");
        assertEq(abi.decode(_hook.answer(), (uint256)), 0, "liabilities");
    }

    function _assertKeptOut() private view {
        assertTrue(_hook.called(), "called");
        assertFalse(_hook.succeeded(), "kept out");
        assertEq(
            _hook.answer(),
            abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector),
            "by the guard"
        );
    }

    function _batch(bytes32 nonce) private view returns (Authorization[] memory items) {
        items = new Authorization[](1);
        items[0] = authorize(otherPayer, address(vault), PRICE, nonce);
    }

    function _calls() private view returns (bytes[] memory calls) {
        PaymentRef memory ref = refOf(payer.addr, "frozen");
        Release memory message = releaseMessage(ref, 1, PRICE, payer.addr);
        Authorization memory frozen = authorize(payer, address(vault), PRICE, "frozen");
        calls = new bytes[](7);
        calls[0] = abi.encodeCall(IVault.pay, (authorize(payer, address(vault), 1, "reentered")));
        calls[1] = abi.encodeCall(IBursts.payMany, (address(token), _batch("reentered"), 200_000));
        calls[2] = abi.encodeCall(ISurplus.record, (address(token), _proof));
        calls[3] = abi.encodeCall(ISurplus.announceAssignment, (address(token), 1));
        calls[4] = abi.encodeCall(ISurplus.freeze, (frozen));
        calls[5] = abi.encodeCall(ISurplus.assign, (address(token), 1, stranger.addr));
        calls[6] = abi.encodeCall(ISurplus.release, (ref, message, signRelease(payer, message)));
    }
}
