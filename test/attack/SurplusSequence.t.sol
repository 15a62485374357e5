// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {PaymentRef} from "../../contracts/types/Payment.sol";
import {ReceiptProof} from "../../contracts/types/Receipt.sol";
import {Release} from "../../contracts/types/TypedData.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: things happen in a good order. After each of many random steps the vault has what it owes and
/// what it set aside; at the end everything that came after the last closed announcement can still be recorded.
contract SurplusSequenceTest is AttackTest {
    uint256 private constant STEPS = 40;
    address private constant LOOT = address(0x1007);

    struct Stray {
        bytes32 nonce;
        uint256 value;
        uint256 transferredAt;
        bool isRecorded;
        ReceiptProof proof;
    }

    Stray[] private _strays;
    bytes32[] private _payments;
    uint256[] private _announcedAt;
    uint256 private _random;
    uint256 private _count;
    /// @dev How often each kind of step was done, so that no kind is only tried in vain.
    mapping(uint256 kind => uint256 times) private _done;

    function testFuzz_NoOrderOfStepsTakesAnybodysMoney(uint256 seed) external {
        _random = seed;
        for (uint256 i = 0; i < STEPS; ++i) {
            _step(_draw(12));
            _assertCovered();
        }
        _recordAllThatIsOpen();
    }

    /// @dev The steps of the fuzz test do what they are for: over some runs, each kind succeeds.
    function test_EachKindOfStepHappens() external {
        _random = 1;
        for (uint256 i = 0; i < 400; ++i) {
            _step(_draw(12));
        }
        for (uint256 kind = 0; kind < 12; ++kind) assertGt(_done[kind], 0, vm.toString(kind));
    }

    function _step(uint256 kind) private {
        if (kind == 0) _stray();
        else if (kind == 1) token.mint(address(vault), 1 + _draw(PRICE));
        else if (kind == 2) _payments.push(pay(payer, 1 + _draw(PRICE), _nonce()).nonce);
        else if (kind == 3) _wait();
        else if (kind == 4) return _record();
        else if (kind == 5) return _announce();
        else if (kind == 6) return _freeze();
        else if (kind == 7) return _assign();
        else if (kind == 8) return _release();
        else if (kind == 9) return _refund();
        else if (kind == 10) return _claim();
        else return _strayOfTheSameSecondAsAnAnnouncement();
        ++_done[kind];
    }

    /* STEPS */

    function _stray() private {
        uint256 value = 1 + _draw(PRICE);
        bytes32 nonce = _nonce();
        ReceiptProof memory proof = payPast(payer, value, nonce);
        Stray storage stray = _strays.push();
        (stray.nonce, stray.value, stray.transferredAt) = (nonce, value, time);
        stray.proof = proof;
    }

    function _wait() private {
        goTo(time + (_draw(3) == 0 ? 8 days : 1 + _draw(2 days)));
    }

    function _record() private {
        if (_strays.length == 0) return;
        Stray storage stray = _strays[_draw(_strays.length)];
        bool mustSucceed = _isOpen(stray);
        try vault.record(address(token), stray.proof) {
            assertTrue(mustSucceed, "recorded twice, or too late");
            stray.isRecorded = true;
            _payments.push(stray.nonce);
            ++_done[4];
        } catch {
            assertFalse(mustSucceed, "could not be recorded");
        }
    }

    function _announce() private {
        uint256 surplus = vault.surplusOf(address(token));
        if (surplus == 0) return;
        uint256 amount = 1 + _draw(surplus);
        vm.prank(operator.addr);
        try vault.announceAssignment(address(token), amount) {
            _announcedAt.push(time);
            ++_done[5];
        } catch {}
    }

    function _strayOfTheSameSecondAsAnAnnouncement() private {
        uint256 before = _announcedAt.length;
        _announce();
        if (_announcedAt.length == before) return;
        _stray();
        ++_done[11];
    }

    function _freeze() private {
        if (_strays.length == 0) return;
        Stray storage stray = _strays[_draw(_strays.length)];
        try vault.freeze(authorize(payer, address(vault), stray.value, stray.nonce)) {
            ++_done[6];
        } catch {}
    }

    function _assign() private {
        if (_announcedAt.length == 0) return;
        uint256 number = 1 + _draw(_announcedAt.length);
        vm.prank(operator.addr);
        try vault.assign(address(token), number, LOOT) {
            ++_done[7];
        } catch {}
    }

    function _release() private {
        if (_strays.length == 0 || _announcedAt.length == 0) return;
        PaymentRef memory ref = refOf(payer.addr, _strays[_draw(_strays.length)].nonce);
        uint256 number = 1 + _draw(_announcedAt.length);
        uint256 claim = vault.claimOf(ref, number);
        if (claim == 0) return;
        Release memory message = releaseMessage(ref, number, 1 + _draw(claim), LOOT);
        bytes memory signature = signRelease(payer, message);
        vm.prank(operator.addr);
        try vault.release(ref, message, signature) {
            ++_done[8];
        } catch {}
    }

    function _refund() private {
        if (_payments.length == 0) return;
        PaymentRef memory ref = refOf(payer.addr, _payments[_draw(_payments.length)]);
        uint256 held = vault.paymentOf(ref).held;
        if (held == 0) return;
        uint256 refunded = vault.paymentOf(ref).refunded;
        vm.prank(payer.addr);
        try vault.refund(ref, 1 + _draw(held), payer.addr, held, refunded, PAYOUT_GAS) {
            ++_done[9];
        } catch {}
    }

    function _claim() private {
        if (_payments.length == 0) return;
        uint40 closesAt = vault.paymentOf(refOf(payer.addr, _payments[_draw(_payments.length)])).closesAt;
        uint32[] memory buckets = new uint32[](1);
        (buckets[0], ) = vault.bucketOf(closesAt);
        try vault.claim(address(token), buckets, PAYOUT_GAS) {
            ++_done[10];
        } catch {}
    }

    /* RULES */

    function _assertCovered() private view {
        uint256 balance = token.balanceOf(address(vault));
        assertGe(balance, liabilities() + aside(), "what is owed, and what was set aside");
        assertEq(creditOf(payer.addr) + creditOf(receiver.addr) + creditOf(feeReceiver), 0, "every payout was paid");
    }

    /// @dev Open is what came after the newest announcement that has ended, computed here and not by the vault.
    function _isOpen(Stray storage stray) private view returns (bool) {
        if (stray.isRecorded) return false;
        for (uint256 i = 0; i < _announcedAt.length; ++i) {
            bool hasEnded = time >= _announcedAt[i] + ANNOUNCEMENT_PERIOD;
            if (hasEnded && stray.transferredAt <= _announcedAt[i]) return false;
        }
        return true;
    }

    function _recordAllThatIsOpen() private {
        for (uint256 i = _strays.length; i > 0; --i) {
            if (_isOpen(_strays[i - 1])) record(_strays[i - 1].proof);
        }
        _assertCovered();
    }

    /* HELPERS */

    function _draw(uint256 below) private returns (uint256) {
        _random = uint256(keccak256(abi.encode(_random)));
        return _random % below;
    }

    function _nonce() private returns (bytes32) {
        return bytes32(++_count + 1_000_000);
    }
}
