// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IReserves} from "../../contracts/interfaces/IReserves.sol";
import {TokenLib} from "../../contracts/libraries/TokenLib.sol";
import {MultisigConfig} from "../../contracts/types/MultisigConfig.sol";
import {Authorization} from "../../contracts/types/Payment.sol";
import {PaymentApproval} from "../../contracts/types/TypedData.sol";
import {FeeOnTransferToken} from "../mocks/FeeOnTransferToken.sol";
import {CallingHook} from "../mocks/HookActors.sol";
import {EarlyHookToken, HookedToken} from "../mocks/HookedToken.sol";
import {RebasingToken} from "../mocks/RebasingToken.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {MultisigAttackTest} from "./MultisigAttackTest.sol";

/// @dev Assumption broken: funding is one step. Tokens call back, keep a part, or change; others come first, or come with nothing.
contract MultisigFundTest is MultisigAttackTest {
    Account private _payer;

    function setUp() public override {
        super.setUp();
        _payer = makeAccount("payer");
    }

    /* CALLS BACK */

    /// @dev When the money has come and the reserve has not risen yet, the agent spends as much: nothing of it holds.
    function test_RevertWhen_TheAgentSpendsWhatIsBeingFunded() external {
        CallingHook hook = _useHookedToken(_payer.addr);
        PaymentApproval memory payment = paymentTo(thief.addr, SMALL, "nonce");
        _approve(700e6);
        hook.prepare(address(token), _transferCall(payment, paymentBlob(payment, only(agent))));
        vm.prank(_payer.addr);
        vm.expectRevert(
            abi.encodeWithSelector(
                TokenLib.ReceivedOtherAmount.selector,
                token,
                BALANCE + 700e6 - SMALL,
                BALANCE + 700e6
            )
        );
        account.fund(address(token), 700e6);
    }

    /// @dev Each counts what came by itself: with another inside, the outer one does not hold, and so neither does the inner.
    function test_RevertWhen_AFundIsInsideAFund() external {
        CallingHook hook = _useHookedToken(_payer.addr);
        token.mint(address(hook), 30e6);
        vm.prank(address(hook));
        token.approve(address(account), 30e6);
        _approve(700e6);
        hook.prepare(address(account), abi.encodeCall(IReserves.fund, (address(token), 30e6)));
        vm.prank(_payer.addr);
        vm.expectRevert(
            abi.encodeWithSelector(TokenLib.ReceivedOtherAmount.selector, token, BALANCE + 730e6, BALANCE + 700e6)
        );
        account.fund(address(token), 700e6);
    }

    /// @dev A refill in the middle sees money that the reserve does not know yet: it takes less for it, and never more.
    function test_ARefillInsideAFundTakesNoMoreThanTheRate() external {
        CallingHook hook = _useHookedToken(_payer.addr);
        drain(shop, "first");
        _approve(10e6);
        hook.prepare(address(account), abi.encodeCall(IReserves.refill, (address(token))));
        vm.prank(_payer.addr);
        account.fund(address(token), 10e6);
        assertTrue(hook.succeeded(), "refilled");
        assertEq(spendable(), PER_DAY);
    }

    /// @dev The payee pays itself once more while it is paid: the account counts what is left.
    function test_APaymentInsideAPaymentCountsWhatIsLeft() external {
        CallingHook hook = _useHookedToken(thief.addr);
        payByAll(shop, spendable() - SMALL, "humans");
        PaymentApproval memory second = paymentTo(thief.addr, 1, "second");
        hook.prepare(address(token), _transferCall(second, paymentBlob(second, only(agent))));
        payByAgent(thief.addr, SMALL, "first");
        assertTrue(hook.called() && !hook.succeeded(), "second");
        assertEq(balanceOf(address(account)), RESERVE);
    }

    /// @dev A known limit: between the account's answer and the money that moves nobody may get a turn. With a token that gives one,
    /// both payments are judged by the same balance, and the reserve pays for the second.
    function test_KnownLimit_ATokenThatCallsBeforeItPaysLetsTheReserveOut() external {
        EarlyHookToken early = new EarlyHookToken();
        _useToken(early);
        CallingHook hook = new CallingHook();
        early.setHook(thief.addr, address(hook));
        payByAll(shop, spendable() - SMALL, "humans");
        PaymentApproval memory second = paymentTo(thief.addr, SMALL, "second");
        hook.prepare(address(token), _transferCall(second, paymentBlob(second, only(agent))));

        payByAgent(thief.addr, SMALL, "first");

        assertTrue(hook.succeeded(), "second");
        assertEq(balanceOf(address(account)), RESERVE - SMALL);
    }

    /* ANOTHER AMOUNT */

    function test_RevertWhen_TheTokenKeepsAPart() external {
        _useToken(new FeeOnTransferToken());
        uint256 before = balanceOf(address(account));
        _approve(100e6);
        vm.prank(_payer.addr);
        vm.expectRevert(
            abi.encodeWithSelector(TokenLib.ReceivedOtherAmount.selector, token, before + 99e6, before + 100e6)
        );
        account.fund(address(token), 100e6);
    }

    function test_NothingIsSpendableOfABalanceThatShrankBelowTheReserve() external {
        RebasingToken rebasing = new RebasingToken();
        _useToken(rebasing);
        rebasing.shrink(address(account), BALANCE - RESERVE + 1);
        assertEq(spendable(), 0);
        _expectInvalid(1);
        rebasing.grow(address(account), 2);
        payByAgent(thief.addr, 1, "one");
        _expectInvalid(1);
    }

    function test_RevertWhen_TheAccountFundsItselfWithItsOwn() external {
        PaymentApproval memory payment = paymentTo(address(account), SMALL, "self");
        payment.method = RECEIVE;
        Authorization memory authorization = authorizationOf(payment, paymentBlob(payment, only(agent)));
        vm.expectRevert(abi.encodeWithSelector(TokenLib.ReceivedOtherAmount.selector, token, BALANCE, BALANCE + SMALL));
        account.fundWithAuthorization(authorization);
    }

    /* WHO COMES FIRST */

    function test_RevertWhen_AFundIsSentToTheTokenInstead() external {
        Authorization memory authorization = _authorizationToReceive(700e6);
        vm.prank(thief.addr);
        vm.expectRevert(abi.encodeWithSelector(Token3009.CallerNotRecipient.selector, thief.addr, address(account)));
        token.receiveWithAuthorization(
            _payer.addr,
            address(account),
            700e6,
            0,
            FOREVER,
            authorization.nonce,
            authorization.signature
        );
    }

    function test_WhoComesFirstFundsTheSame() external {
        Authorization memory authorization = _authorizationToReceive(700e6);
        vm.prank(thief.addr);
        account.fundWithAuthorization(authorization);
        assertEq(account.spendableOf(address(token)).reserve, RESERVE + 700e6, "reserve");
        vm.expectRevert(
            abi.encodeWithSelector(
                TokenLib.TokenRefusedAuthorization.selector,
                token,
                abi.encodeWithSelector(Token3009.AuthorizationUsedOrCanceled.selector, _payer.addr, authorization.nonce)
            )
        );
        account.fundWithAuthorization(authorization);
    }

    /// @dev What a payment's payer signed could be sent to the token past `fund`, so that `fund` does not take it.
    function test_RevertWhen_ATransferIsShownAsAFund() external {
        Authorization memory authorization = _authorizationToReceive(700e6);
        authorization.signature = sign(
            _payer.key,
            token.digestOf(_payer.addr, address(account), 700e6, 0, FOREVER, authorization.nonce)
        );
        vm.expectRevert(
            abi.encodeWithSelector(
                TokenLib.TokenRefusedAuthorization.selector,
                token,
                abi.encodeWithSelector(Token3009.AuthorizationSignatureInvalid.selector, _payer.addr)
            )
        );
        account.fundWithAuthorization(authorization);
    }

    function test_AStrangersFundChangesNothingThatIsSpendable() external {
        _approve(1);
        vm.prank(_payer.addr);
        account.fund(address(token), 1);
        assertEq(spendable(), BALANCE - RESERVE);
        drain(shop, "all");
        assertEq(balanceOf(address(account)), RESERVE + 1);
    }

    /// @dev Known: money past `fund` is spendable as far as it is above the reserve.
    function test_ADonationIsSpendable() external {
        token.mint(address(account), 3e6);
        assertEq(drain(thief.addr, "all"), BALANCE - RESERVE + 3e6);
    }

    /* HELPERS */

    function _useHookedToken(address whose) private returns (CallingHook hook) {
        HookedToken hooked = new HookedToken();
        _useToken(hooked);
        hook = new CallingHook();
        hooked.setHook(whose, address(hook));
    }

    function _useToken(Token3009 newToken) private {
        token = newToken;
        MultisigConfig memory config = defaultConfig();
        use(deployAccount(config, "token"));
        token.mint(address(account), BALANCE);
    }

    function _approve(uint256 amount) private {
        token.mint(_payer.addr, amount);
        vm.prank(_payer.addr);
        token.approve(address(account), amount);
    }

    function _transferCall(PaymentApproval memory payment, bytes memory blob) private view returns (bytes memory) {
        return
            abi.encodeWithSignature(
                "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
                address(account),
                payment.payee,
                payment.value,
                payment.validAfter,
                payment.validBefore,
                payment.nonce,
                blob
            );
    }

    function _expectInvalid(uint256 value) private {
        PaymentApproval memory payment = paymentTo(thief.addr, value, "refused");
        bytes memory blob = paymentBlob(payment, only(agent));
        vm.expectRevert(abi.encodeWithSelector(Token3009.AuthorizationSignatureInvalid.selector, address(account)));
        pay(payment, blob);
    }

    function _authorizationToReceive(uint256 value) private returns (Authorization memory authorization) {
        token.mint(_payer.addr, value);
        authorization.token = address(token);
        authorization.payer = _payer.addr;
        authorization.value = value;
        authorization.validBefore = FOREVER;
        authorization.nonce = "fund";
        authorization.signature = sign(
            _payer.key,
            token.receiveDigestOf(_payer.addr, address(account), value, 0, FOREVER, authorization.nonce)
        );
    }
}
