// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {SubscriptionPlan} from "../../../contracts/SubscriptionPlan.sol";
import {VaultFactory} from "../../../contracts/VaultFactory.sol";
import {DomainKind, MessageKind} from "../../../contracts/types/Blob.sol";
import {MultisigConfig} from "../../../contracts/types/MultisigConfig.sol";
import {Pair, Permit} from "../../../contracts/types/Subscription.sol";
import {PeriodUnit, SubscriptionPlanTerms} from "../../../contracts/types/Terms.sol";
import {Cancel, Subscribe, Undo} from "../../../contracts/types/TypedData.sol";
import {AnsweringContract} from "../../mocks/AnsweringContract.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {MultisigMessageTest} from "../../utils/MultisigMessageTest.sol";

contract MultisigIsValidSignatureOfSubscribeTest is MultisigMessageTest {
    uint256 private constant PAYOUT_GAS = 100_000;
    uint256 private constant TERMS_GAS = 50_000;

    SubscriptionPlan private _planImplementation;
    VaultFactory private _planFactory;

    function setUp() public override {
        super.setUp();
        _planImplementation = deployPlanImplementation(deployVerifier());
        _planFactory = deployFactory(_planImplementation);
    }

    /* OURS */

    function test_SubscribesTheAccount() external {
        SubscriptionPlan plan = _subscribe();

        assertEq(plan.subscriptionOf(_pair()).paidThrough, block.timestamp + 30 days, "paid through");
        assertEq(token.balanceOf(address(account)), BALANCE - 6e6, "charged");
    }

    function test_LetsAnAgentAloneCancel() external {
        SubscriptionPlan plan = _subscribe();
        Cancel memory cancel = Cancel({
            subscriber: address(account),
            beneficiary: agent.addr,
            immediately: true,
            serial: 1,
            deadline: block.timestamp + 1 days
        });
        Message memory message = _message(address(plan), abi.encode(cancel));
        message.kind = MessageKind.Cancel;

        plan.cancelWithSignature(cancel, blobOf(message, only(agent)));

        assertFalse(plan.subscriptionOf(_pair()).isActive);
    }

    function test_LetsAnAgentAloneUndoToTheAccount() external {
        SubscriptionPlan plan = _subscribe();
        Undo memory undo = Undo({
            subscriber: address(account),
            beneficiary: agent.addr,
            closesAt: plan.subscriptionOf(_pair()).closesAt,
            to: address(account),
            deadline: block.timestamp + 1 days
        });
        Message memory message = _message(address(plan), abi.encode(undo));
        message.kind = MessageKind.Undo;

        plan.undoWithSignature(undo, blobOf(message, only(agent)), PAYOUT_GAS);

        assertEq(token.balanceOf(address(account)), BALANCE - 1e6, "all but the setup fee");
    }

    /// @dev The agent may use what the account pays for: 5 a month, and 1 at once.
    function _subscribe() private returns (SubscriptionPlan plan) {
        plan = _plan(_terms({price: 5e6, setupFee: 1e6}));
        executeByHumans(address(token), abi.encodeCall(IERC20.approve, (address(plan), 61e6)));
        Subscribe memory message = Subscribe({
            subscriber: address(account),
            beneficiary: agent.addr,
            quantity: 1,
            maxPeriods: 12,
            maxFirstCharge: 6e6,
            serial: 0,
            deadline: block.timestamp + 1 days
        });
        Permit memory none;
        bytes memory blob = blobOf(_message(address(plan), abi.encode(message)), both(agent, alice));
        plan.subscribeWithSignature(message, blob, none, PAYOUT_GAS);
    }

    function _pair() private view returns (Pair memory) {
        return Pair({subscriber: address(account), beneficiary: agent.addr});
    }

    function testFuzz_NeedsTheTierOfAllThatCanBeCharged(uint256 quantity, uint256 maxPeriods) external {
        quantity = bound(quantity, 1, 1_000);
        maxPeriods = bound(maxPeriods, 1, 500);
        uint256 price = LARGE / (quantity * maxPeriods);
        uint256 rest = LARGE - price * quantity * maxPeriods;
        address within = address(_plan(_terms(price, rest)));
        address beyond = address(_plan(_terms(price, rest + 1)));

        Message memory message = _message(within, quantity, maxPeriods);
        assertAccepted(message, both(agent, alice));
        assertDenied(message, only(alice));

        message = _message(beyond, quantity, maxPeriods);
        assertDenied(message, both(agent, alice));
        assertAccepted(message, both(alice, bob));
    }

    function testFuzz_IsValidExactlyForEnoughWeightWithAHuman(
        uint256 price,
        uint256 setupFee,
        uint256 quantity,
        uint256 maxPeriods,
        uint256 mask
    ) external {
        quantity = bound(quantity, 0, 20);
        maxPeriods = bound(maxPeriods, 0, 20);
        price = bound(price, 1, (2 * LARGE) / (quantity * maxPeriods + 1));
        setupFee = bound(setupFee, 0, SMALL);
        uint256 most = price * quantity * maxPeriods + setupFee;
        uint256 needed =
            most <= SMALL
                ? AGENT_WEIGHT
                : most <= LARGE
                    ? AGENT_WEIGHT + HUMAN_WEIGHT
                    : FULL_WEIGHT;
        Message memory message = _message(address(_plan(_terms(price, setupFee))), quantity, maxPeriods);

        bytes4 answer = account.isValidSignature(digestOf(message), blobOf(message, someOf(mask)));

        assertEq(answer, hasHuman(mask) && weightOf(mask) >= needed ? VALID : INVALID);
    }

    function test_IsDeniedToAgentsHoweverLittleItIs() external {
        assertDenied(_message(address(_plan(_terms(1, 0))), 1, 1), only(agent));
    }

    function test_IsValidByFullWeightForTheLargest() external {
        address plan = address(_plan(_terms(type(uint88).max, type(uint88).max)));
        Message memory message = _message(plan, type(uint16).max, type(uint16).max);

        assertNeedsFullWeight(message);
    }

    function testFuzz_DoesNotMatterHowMuchIsFreeAtFirst(uint256 trial) external {
        SubscriptionPlanTerms memory terms = _terms(LARGE + 1, 0);
        terms.trial = uint40(bound(trial, 0, 365 days));
        Message memory message = _message(address(_plan(terms)), 1, 1);

        assertDenied(message, both(agent, alice));
        assertAccepted(message, both(alice, bob));
    }

    /* NOT PAYABLE */

    function test_IsDeniedForAPlanOfATokenWithoutRules() external {
        SubscriptionPlanTerms memory terms = _terms(1, 0);
        terms.token = address(new Token3009());

        assertDenied(_message(address(_plan(terms)), 1, 1), all());
    }

    /// @dev More than any tier could reach: no rules are read where there are none.
    function test_IsDeniedForTheLargestOfATokenWithoutRules() external {
        SubscriptionPlanTerms memory terms = _terms(type(uint88).max, type(uint88).max);
        terms.token = address(new Token3009());

        assertDenied(_message(address(_plan(terms)), type(uint16).max, type(uint16).max), all());
    }

    function test_IsDeniedForAPlanThatIsNotOnTheList() external {
        address plan = address(_plan(_terms(1, 0)));
        _usePayee(shop);

        assertDenied(_message(plan, 1, 1), all());
    }

    function test_IsValidForAPlanThatIsOnTheList() external {
        address plan = address(_plan(_terms(1, 0)));
        _usePayee(plan);

        assertAccepted(_message(plan, 1, 1), only(alice));
    }

    function _usePayee(address payee) private {
        MultisigConfig memory config = defaultConfig();
        config.payees = new address[](1);
        config.payees[0] = payee;
        useConfig(config);
    }

    /* DOES NOT FIT */

    function testFuzz_IsDeniedForAQuantityBeyond16Bits(uint256 quantity) external {
        address plan = address(_plan(_terms(1, 0)));

        assertDenied(_message(plan, 1 << 16, 1), all());
        assertDenied(_message(plan, bound(quantity, 1 << 16, type(uint256).max), 1), all());
    }

    function testFuzz_IsDeniedForPeriodsBeyond16Bits(uint256 maxPeriods) external {
        address plan = address(_plan(_terms(1, 0)));

        assertDenied(_message(plan, 1, 1 << 16), all());
        assertDenied(_message(plan, 1, bound(maxPeriods, 1 << 16, type(uint256).max)), all());
    }

    /* TELLS NO TERMS */

    function testFuzz_IsDeniedForAnAddressWithoutCode(address nowhere) external view {
        vm.assume(nowhere.code.length == 0);

        assertDenied(_message(nowhere, 1, 1), all());
    }

    function test_IsDeniedForTheImplementation() external view {
        assertDenied(_message(address(_planImplementation), 1, 1), all());
    }

    function test_IsDeniedForOneThatRevertsWithRightTerms() external {
        assertDenied(_fake(AnsweringContract.Mood.Reverts, abi.encode(_terms(1, 0))), all());
    }

    function testFuzz_IsDeniedForOneThatAnswersTooShort(uint256 length) external {
        bytes memory answer = abi.encode(_terms(1, 0));

        assertDenied(_fake(AnsweringContract.Mood.Answers, firstOf(answer, answer.length - 1)), all());
        assertDenied(_fake(AnsweringContract.Mood.Answers, truncated(answer, length)), all());
    }

    function testFuzz_IsValidForOneThatAnswersLonger(bytes calldata more) external {
        bytes memory answer = bytes.concat(abi.encode(_terms(1, 0)), more);

        assertAccepted(_fake(AnsweringContract.Mood.Answers, answer), only(alice));
    }

    function test_IsDeniedForOneThatBurnsGas() external {
        assertDenied(_fake(AnsweringContract.Mood.BurnsGas, ""), all());
    }

    function testFuzz_IsValidForOneThatUsesLessThanItsPartOfTheGas(uint256 burn) external {
        // What it needs to answer besides.
        burn = bound(burn, 0, TERMS_GAS - 8_000);
        address plan = address(new HeavyPlan(_terms(1, 0), burn));

        assertAccepted(_message(plan, 1, 1), only(alice));
    }

    function testFuzz_IsDeniedForOneThatUsesMore(uint256 burn) external {
        burn = bound(burn, TERMS_GAS, 1_000_000);
        address plan = address(new HeavyPlan(_terms(1, 0), burn));

        assertDenied(_message(plan, 1, 1), all());
    }

    function test_IsDeniedForOneThatWrites() external {
        assertDenied(_fake(AnsweringContract.Mood.Writes, abi.encode(_terms(1, 0))), all());
    }

    function testFuzz_IsDeniedForAPriceBeyond96Bits(uint256 price) external {
        _assertDeniedBeyond96Bits(6, price);
    }

    function testFuzz_IsDeniedForASetupFeeBeyond96Bits(uint256 setupFee) external {
        _assertDeniedBeyond96Bits(11, setupFee);
    }

    function _assertDeniedBeyond96Bits(uint256 index, uint256 amount) private {
        _assertAnswers(index, type(uint96).max, VALID);
        _assertAnswers(index, uint256(type(uint96).max) + 1, INVALID);
        _assertAnswers(index, bound(amount, uint256(type(uint96).max) + 1, type(uint256).max), INVALID);
    }

    function _assertAnswers(uint256 index, uint256 amount, bytes4 expected) private {
        bytes memory answer = abi.encode(_terms(1, 0));
        assembly ("memory-safe") {
            mstore(add(add(answer, 0x20), mul(index, 0x20)), amount)
        }
        Message memory message = _fake(AnsweringContract.Mood.Answers, answer);
        assertEq(account.isValidSignature(digestOf(message), blobOf(message, all())), expected, "answer");
    }

    function _fake(AnsweringContract.Mood mood, bytes memory answer) private returns (Message memory) {
        return _message(address(new AnsweringContract(mood, answer)), 1, 1);
    }

    /* MAKE */

    function _terms(uint256 price, uint256 setupFee) private view returns (SubscriptionPlanTerms memory) {
        return
            SubscriptionPlanTerms({
                receiver: shop,
                operator: shop,
                feeReceiver: address(0),
                feeBps: 0,
                salt: 0,
                token: address(token),
                price: uint88(price),
                periodUnit: PeriodUnit.Seconds,
                periodLength: 30 days,
                grace: 3 days,
                trial: 0,
                setupFee: uint88(setupFee),
                refundWindow: 7 days,
                nonRefundableBps: 0
            });
    }

    function _plan(SubscriptionPlanTerms memory terms) private returns (SubscriptionPlan) {
        return SubscriptionPlan(_planFactory.deploy(abi.encode(terms)));
    }

    function _message(address plan, uint256 quantity, uint256 maxPeriods) private view returns (Message memory) {
        return
            _message(
                plan,
                abi.encode(
                    Subscribe({
                        subscriber: address(account),
                        beneficiary: address(account),
                        quantity: quantity,
                        maxPeriods: maxPeriods,
                        maxFirstCharge: type(uint256).max,
                        serial: 0,
                        deadline: block.timestamp + 1 days
                    })
                )
            );
    }

    function _message(address plan, bytes memory data) private pure returns (Message memory message) {
        message.kind = MessageKind.Subscribe;
        message.domainKind = DomainKind.SubscriptionPlan;
        message.verifyingContract = plan;
        message.data = data;
    }
}

/// @notice Uses a fixed amount of gas before it tells the price and the token.
contract HeavyPlan {
    address private immutable _token;
    uint88 private immutable _price;
    uint256 private immutable _burn;

    constructor(SubscriptionPlanTerms memory terms_, uint256 burn) {
        (_token, _price, _burn) = (terms_.token, terms_.price, burn);
    }

    function terms() external view returns (SubscriptionPlanTerms memory answer) {
        uint256 start = gasleft();
        while (start - gasleft() < _burn) {}
        (answer.token, answer.price) = (_token, _price);
    }
}
