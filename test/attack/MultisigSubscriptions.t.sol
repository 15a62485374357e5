// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SubscriptionPlan} from "../../contracts/SubscriptionPlan.sol";
import {ISubscriptionPlan} from "../../contracts/interfaces/ISubscriptionPlan.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {TypedDataLib} from "../../contracts/libraries/TypedDataLib.sol";
import {DomainKind, MessageKind} from "../../contracts/types/Blob.sol";
import {MultisigConfig} from "../../contracts/types/MultisigConfig.sol";
import {Pair, Permit} from "../../contracts/types/Subscription.sol";
import {SubscriptionPlanTerms} from "../../contracts/types/Terms.sol";
import {Subscribe} from "../../contracts/types/TypedData.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {MultisigAttackTest} from "./MultisigAttackTest.sol";

/// @dev Assumption broken: who subscribes pays once a month. The plan is the thief's, its terms are what it wants them to be, and the
/// account's allowance for it is left over from another subscription.
contract MultisigSubscriptionsTest is MultisigAttackTest {
    Permit private _noPermit;

    function setUp() public override {
        super.setUp();
        executeByHumans(address(token), abi.encodeCall(token.approve, (address(plan), type(uint256).max)));
    }

    /* THE AGENT */

    function test_RevertWhen_TheAgentAloneSubscribesForLittle() external {
        _expectRefused(_subscribeOf(1, 1), only(agent));
    }

    function test_RevertWhen_TheAgentPresentsAHumansSubscribeAgain() external {
        Subscribe memory message = _subscribeOf(1, 1);
        bytes memory blob = _blobOf(message, only(alice));
        plan.subscribeWithSignature(message, blob, _noPermit, PAYOUT_GAS);
        vm.warp(block.timestamp + 60 days);
        vm.expectPartialRevert(ISubscriptionPlan.SerialMismatch.selector);
        plan.subscribeWithSignature(message, blob, _noPermit, PAYOUT_GAS);
        message.serial = 1;
        _expectRefused(message, only(agent));
    }

    function test_RevertWhen_TheAgentChangesWhatAHumanSigned() external {
        Subscribe memory message = _subscribeOf(1, 1);
        bytes memory blob = _blobOf(message, only(alice));
        message.maxPeriods = 2;
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, address(account)));
        plan.subscribeWithSignature(message, blob, _noPermit, PAYOUT_GAS);
    }

    /// @dev The relayer adds a permit: it is denied, and the allowance stays what humans made it.
    function test_RevertWhen_APermitOfTheAgentComesAlong() external {
        executeByHumans(address(token), abi.encodeCall(token.approve, (address(plan), 0)));
        Subscribe memory message = _subscribeOf(1, 1);
        bytes32 digest = token.permitDigestOf(address(account), address(plan), 1e6, 0, FOREVER);
        Permit memory permit = Permit({value: 1e6, deadline: FOREVER, signature: signaturesOf(digest, all())});
        bytes memory blob = _blobOf(message, all());
        vm.expectRevert(abi.encodeWithSelector(ISubscriptionPlan.AllowanceTooLow.selector, token, 0, 1e6));
        plan.subscribeWithSignature(message, blob, permit, PAYOUT_GAS);
    }

    /* THE PLAN */

    function test_APlanTakesNoMoreThanWasSignedWhateverItsAllowance() external {
        Subscribe memory message = _subscribeOf(1, 3);
        plan.subscribeWithSignature(message, _blobOf(message, only(alice)), _noPermit, PAYOUT_GAS);
        Pair[] memory pairs = new Pair[](1);
        pairs[0] = Pair(address(account), address(account));
        for (uint256 month = 1; month < 8; ++month) {
            vm.warp(START + month * 30 days);
            plan.charge(pairs, PAYOUT_GAS);
        }
        assertEq(balanceOf(address(account)), BALANCE - 3e6);
    }

    function test_TheTierIsThatOfAllItCanTake() external {
        _expectRefused(_subscribeOf(2, 6), only(alice));
        Subscribe memory message = _subscribeOf(2, 5);
        assertAccepted(_digestOf(message), _blobOf(message, only(alice)));
        message = _subscribeOf(100, 10);
        assertAccepted(_digestOf(message), _blobOf(message, both(agent, alice)));
        message = _subscribeOf(100, 11);
        assertDenied(_digestOf(message), _blobOf(message, both(agent, alice)));
        assertAccepted(_digestOf(message), _blobOf(message, both(alice, bob)));
    }

    function test_ASetupFeeCountsToo() external {
        SubscriptionPlanTerms memory terms = planTerms();
        terms.setupFee = uint88(SMALL) - 1e6 + 1;
        plan = SubscriptionPlan(plans.deploy(abi.encode(terms)));
        Subscribe memory message = _subscribeOf(1, 1);
        assertDenied(_digestOf(message), _blobOf(message, only(alice)));
        assertAccepted(_digestOf(message), _blobOf(message, both(agent, alice)));
    }

    function test_DeniesNumbersThatCouldOverflow() external view {
        uint256[4] memory numbers = [uint256(1) << 16, uint256(1) << 128, uint256(1) << 255, type(uint256).max];
        for (uint256 i = 0; i < numbers.length; ++i) {
            Subscribe memory message = _subscribeOf(numbers[i], 1);
            assertDenied(_digestOf(message), _blobOf(message, all()));
            message = _subscribeOf(1, numbers[i]);
            assertDenied(_digestOf(message), _blobOf(message, all()));
        }
    }

    function test_DeniesAPlanInATokenWithoutRules() external {
        SubscriptionPlanTerms memory terms = planTerms();
        terms.token = address(new Token3009());
        plan = SubscriptionPlan(plans.deploy(abi.encode(terms)));
        Subscribe memory message = _subscribeOf(1, 1);
        assertDenied(_digestOf(message), _blobOf(message, all()));
    }

    function test_DeniesAPlanThatMayNotBePaid() external {
        MultisigConfig memory config = defaultConfig();
        config.payees = new address[](1);
        config.payees[0] = shop;
        reconfigure(config);
        Subscribe memory message = _subscribeOf(1, 1);
        assertDenied(_digestOf(message), _blobOf(message, all()));
    }

    function test_DeniesAPlanThatIsNotThere() external {
        plan = SubscriptionPlan(thief.addr);
        Subscribe memory message = _subscribeOf(1, 1);
        assertDenied(_digestOf(message), _blobOf(message, all()));
    }

    /// @dev Code that burns all gas, returns very much, returns nothing, a word, or a price without end.
    function test_APlanOfTheThiefsOwnMakingNeitherFailsNorCostsMuch() external {
        bytes[5] memory codes = [
            bytes(hex"fe"),
            hex"6201f4006000f3",
            hex"00",
            hex"60206000f3",
            hex"5f1960c0526101c06000f3"
        ];
        for (uint256 i = 0; i < codes.length; ++i) {
            plan = SubscriptionPlan(address(uint160(0xbad0 + i)));
            vm.etch(address(plan), codes[i]);
            Subscribe memory message = _subscribeOf(1, 1);
            bytes32 digest = _digestOf(message);
            bytes memory blob = _blobOf(message, all());
            uint256 gas = gasleft();
            assertDenied(digest, blob);
            assertLt(gas - gasleft(), 250_000, "gas");
        }
    }

    /* HELPERS */

    function _subscribeOf(uint256 quantity, uint256 maxPeriods) private view returns (Subscribe memory) {
        return
            Subscribe({
                subscriber: address(account),
                beneficiary: address(account),
                quantity: quantity,
                maxPeriods: maxPeriods,
                maxFirstCharge: type(uint256).max,
                serial: 0,
                deadline: FOREVER
            });
    }

    function _digestOf(Subscribe memory message) private view returns (bytes32 digest) {
        (digest, ) = _signed(message, nobody());
    }

    function _blobOf(Subscribe memory message, Account[] memory signers) private view returns (bytes memory blob) {
        (, blob) = _signed(message, signers);
    }

    function _signed(
        Subscribe memory message,
        Account[] memory signers
    ) private view returns (bytes32 digest, bytes memory blob) {
        return
            signedMessage({
                kind: MessageKind.Subscribe,
                domainKind: DomainKind.SubscriptionPlan,
                verifyingContract: address(plan),
                approvalType: SUBSCRIBE_TYPE,
                typeHash: TypedDataLib.SUBSCRIBE_TYPEHASH,
                data: abi.encode(message),
                signers: signers
            });
    }

    function _expectRefused(Subscribe memory message, Account[] memory signers) private {
        bytes memory blob = _blobOf(message, signers);
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, address(account)));
        plan.subscribeWithSignature(message, blob, _noPermit, PAYOUT_GAS);
    }
}
