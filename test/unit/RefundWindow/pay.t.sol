// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../../contracts/interfaces/IRefundWindow.sol";
import {PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowTest} from "../../utils/RefundWindowTest.sol";

contract RefundWindowPayTest is RefundWindowTest {
    function test_Pay_BooksThePayment() external {
        PaymentRef memory ref = pay(payer, PRICE, "nonce");

        IRefundWindow.Payment memory payment = vault.paymentOf(ref);
        assertEq(payment.paid, PRICE);
        assertEq(uint8(payment.status), uint8(IRefundWindow.Status.Open));
        assertEq(vault.liabilitiesOf(address(token)), PRICE);
    }
}
