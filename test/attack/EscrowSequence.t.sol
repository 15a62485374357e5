// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {PaymentRef} from "../../contracts/types/Payment.sol";
import {EscrowTest} from "../utils/EscrowTest.sol";

/// @dev Assumption broken: things happen in an order that somebody thought of.
contract EscrowSequenceTest is EscrowTest {
    uint256 private constant PAYMENTS = 4;

    PaymentRef[] private _refs;
    uint256 private _refunded;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 0; i < PAYMENTS; ++i) _refs.push(pay(i % 2 == 0 ? payer : otherPayer, PRICE, bytes32(i)));
    }

    /// @dev No order of steps pays out more than came in, and each payment's parts make the whole.
    function testFuzz_NoOrderOfStepsPaysOutMoreThanCameIn(uint256[24] calldata seeds) external {
        address refunder = _refunder().addr;
        token.mint(refunder, 1e30);
        uint256 supply = _outside();
        for (uint256 i = 0; i < seeds.length; ++i) {
            _step(seeds[i]);
            uint256 held;
            for (uint256 j = 0; j < PAYMENTS; ++j) held += _checkedHeld(_refs[j]);
            uint256 credits = creditOf(payer.addr) + creditOf(otherPayer.addr);
            credits += creditOf(receiver.addr) + creditOf(feeReceiver);
            assertEq(liabilities(), held + credits, "owed");
            assertEq(token.balanceOf(address(vault)), held + credits, "there");
            assertEq(_outside() + held + credits, supply + PAYMENTS * PRICE, "nothing made, nothing lost");
            assertEq(token.balanceOf(refunder), 1e30 - _refunded, "refunder");
        }
    }

    /* HELPERS */

    function _step(uint256 seed) private {
        PaymentRef memory ref = _refs[(seed >> 8) % PAYMENTS];
        IEscrow.EscrowPayment memory payment = vault.paymentOf(ref);
        uint256 amount = bound(seed >> 16, 1, PRICE);
        uint256 kind = seed % 11;
        if (kind == 0) _try(operator.addr, _capture(ref, payment, amount));
        else if (kind == 1) _try(operator.addr, _close(ref, payment, amount - 1));
        else if (kind == 2) _try(receiver.addr, abi.encodeCall(IEscrow.void, (ref, payment.held, PAYOUT_GAS)));
        else if (kind == 3) _try(stranger.addr, abi.encodeCall(IEscrow.reclaim, (ref, PAYOUT_GAS)));
        else if (kind == 4) captureMany(list(itemOf(ref, amount), itemOf(ref, amount / 2)));
        else if (kind == 5) token.setPaused(!token.paused());
        else if (kind == 6) token.setDenylisted(ref.payer, !token.isDenylisted(ref.payer));
        else if (kind == 7) token.setDenylisted(receiver.addr, !token.isDenylisted(receiver.addr));
        else if (kind == 8) goTo(time + bound(seed >> 16, 1, CAPTURE_WINDOW / 4));
        else if (kind == 9) _refund(ref, amount);
        else _withdraw(seed >> 16);
    }

    function _refund(PaymentRef memory ref, uint256 amount) private {
        uint256 before = vault.paymentOf(ref).refunded;
        _try(
            stranger.addr,
            abi.encodeCall(IEscrow.refund, (ref, authorizeRefund(_refunder(), ref, amount), PAYOUT_GAS))
        );
        _refunded += vault.paymentOf(ref).refunded - before;
    }

    function _withdraw(uint256 seed) private {
        address[4] memory owners = [payer.addr, otherPayer.addr, receiver.addr, feeReceiver];
        address owner = owners[seed % 4];
        if (creditOf(owner) == 0 || token.paused() || token.isDenylisted(owner)) return;
        vault.withdraw(address(token), owner, owner);
    }

    function _try(address by, bytes memory data) private {
        vm.prank(by);
        (bool success, ) = address(vault).call(data);
        success; // Refused steps are steps, too.
    }

    function _capture(
        PaymentRef memory ref,
        IEscrow.EscrowPayment memory payment,
        uint256 amount
    ) private pure returns (bytes memory) {
        return abi.encodeCall(IEscrow.capture, (ref, amount, payment.held, payment.captured, PAYOUT_GAS));
    }

    function _close(
        PaymentRef memory ref,
        IEscrow.EscrowPayment memory payment,
        uint256 amount
    ) private pure returns (bytes memory) {
        return abi.encodeCall(IEscrow.close, (ref, amount, payment.held, payment.captured, PAYOUT_GAS));
    }

    function _checkedHeld(PaymentRef memory ref) private view returns (uint256) {
        IEscrow.EscrowPayment memory payment = vault.paymentOf(ref);
        assertEq(payment.captured + payment.returned + payment.held, payment.paid, "parts");
        assertLe(payment.refunded, payment.captured, "refunded");
        return payment.held;
    }

    function _refunder() private returns (Account memory) {
        return makeAccount("refunder");
    }

    /// @dev What all of them have, the payments' price included until they paid.
    function _outside() private returns (uint256 sum) {
        sum = token.balanceOf(payer.addr) + token.balanceOf(otherPayer.addr) + token.balanceOf(receiver.addr);
        sum += token.balanceOf(feeReceiver) + token.balanceOf(_refunder().addr);
    }
}
