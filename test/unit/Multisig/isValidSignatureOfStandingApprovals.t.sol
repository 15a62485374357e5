// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IReserves} from "../../../contracts/interfaces/IReserves.sol";
import {ISignerSet} from "../../../contracts/interfaces/ISignerSet.sol";
import {BlobKind} from "../../../contracts/types/Blob.sol";
import {MultisigConfig, TokenRules} from "../../../contracts/types/MultisigConfig.sol";
import {PaymentApproval, StandingApproval} from "../../../contracts/types/TypedData.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {MultisigUnitTest} from "../../utils/MultisigUnitTest.sol";

contract MultisigIsValidSignatureOfStandingApprovalsTest is MultisigUnitTest {
    uint16 private constant COUNT = 10;
    uint256 private constant MOST = 1e6;

    /* COVERED */

    function testFuzz_IsValidForEveryNumberBelowTheCount(uint256 count, uint256 index) external view {
        count = bound(count, 1, type(uint16).max);
        StandingApproval memory approval = standingOf(1, count);
        index = bound(index, 0, count - 1);
        PaymentApproval memory first = paymentUnder(approval, 0, 1);
        PaymentApproval memory payment = paymentUnder(approval, index, 1);
        PaymentApproval memory last = paymentUnder(approval, count - 1, 1);

        assertAccepted(tokenDigest(first), _blob(approval, 0, first));
        assertAccepted(tokenDigest(payment), _blob(approval, index, payment));
        assertAccepted(tokenDigest(last), _blob(approval, count - 1, last));
    }

    function testFuzz_IsValidForEveryValueUpToTheMost(uint256 most, uint256 value) external view {
        most = bound(most, 0, SMALL / COUNT);
        StandingApproval memory approval = standingOf(most, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, 0, bound(value, 0, most));
        PaymentApproval memory largest = paymentUnder(approval, 0, most);

        assertAccepted(tokenDigest(payment), _blob(approval, 0, payment));
        assertAccepted(tokenDigest(largest), _blob(approval, 0, largest));
    }

    function testFuzz_IsValidUntilTheEnd(uint40 validUntil, uint40 validBefore) external view {
        StandingApproval memory approval = standingOf(MOST, COUNT);
        approval.validUntil = validUntil;
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);

        payment.validBefore = bound(validBefore, 0, validUntil);
        assertAccepted(tokenDigest(payment), _blob(approval, 0, payment));

        payment.validBefore = validUntil;
        assertAccepted(tokenDigest(payment), _blob(approval, 0, payment));
    }

    function testFuzz_IsValidForAnySignerWhoReleases(uint256 mask) external view {
        StandingApproval memory approval = standingOf(MOST, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);

        assertAccepted(
            tokenDigest(payment),
            standingBlob(approval, 0, payment, someOf(bound(mask, 1, 7)), only(alice))
        );
    }

    function testFuzz_MovesTheTokenOnceForEachNumber(uint16 index) external {
        index = uint16(bound(index, 0, COUNT - 1));
        StandingApproval memory approval = standingOf(MOST, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, index, MOST);
        bytes memory blob = _blob(approval, index, payment);

        pay(payment, blob);
        assertEq(token.balanceOf(shop), MOST, "paid");

        vm.expectRevert(
            abi.encodeWithSelector(Token3009.AuthorizationUsedOrCanceled.selector, address(account), payment.nonce)
        );
        pay(payment, blob);
    }

    function testFuzz_IsValidBelowTheReserve(uint128 reserve) external {
        executeByHumans(address(account), abi.encodeCall(IReserves.setReserve, (address(token), reserve)));
        StandingApproval memory approval = standingOf(MOST, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);

        assertAccepted(tokenDigest(payment), _blob(approval, 0, payment));
    }

    /* NOT COVERED */

    function testFuzz_IsDeniedForANumberNotBelowTheCount(uint256 count, uint256 index) external view {
        count = bound(count, 0, type(uint16).max - 1);
        StandingApproval memory approval = standingOf(1, count);
        index = bound(index, count, type(uint16).max);
        PaymentApproval memory next = paymentUnder(approval, count, 1);
        PaymentApproval memory payment = paymentUnder(approval, index, 1);

        assertDenied(tokenDigest(next), standingBlob(approval, uint16(count), next, all(), all()));
        assertDenied(tokenDigest(payment), standingBlob(approval, uint16(index), payment, all(), all()));
    }

    function testFuzz_IsDeniedForAValueAboveTheMost(uint256 most, uint128 value) external view {
        most = bound(most, 0, type(uint128).max - 1);
        StandingApproval memory approval = standingOf(most, COUNT);
        PaymentApproval memory oneMore = paymentUnder(approval, 0, most + 1);
        PaymentApproval memory payment = paymentUnder(approval, 0, bound(value, most + 1, type(uint128).max));

        assertDenied(tokenDigest(oneMore), standingBlob(approval, 0, oneMore, all(), all()));
        assertDenied(tokenDigest(payment), standingBlob(approval, 0, payment, all(), all()));
    }

    function testFuzz_IsDeniedForAPaymentValidBeyondTheEnd(uint256 validUntil, uint256 validBefore) external view {
        validUntil = bound(validUntil, 0, type(uint40).max - 1);
        StandingApproval memory approval = standingOf(MOST, COUNT);
        approval.validUntil = validUntil;
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);

        payment.validBefore = validUntil + 1;
        assertDenied(tokenDigest(payment), standingBlob(approval, 0, payment, all(), all()));

        payment.validBefore = bound(validBefore, validUntil + 1, type(uint40).max);
        assertDenied(tokenDigest(payment), standingBlob(approval, 0, payment, all(), all()));
    }

    function testFuzz_IsDeniedForAnotherNonce(bytes32 nonce) external view {
        StandingApproval memory approval = standingOf(MOST, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);
        vm.assume(nonce != payment.nonce);
        payment.nonce = nonce;

        assertDenied(tokenDigest(payment), standingBlob(approval, 0, payment, all(), all()));
    }

    function testFuzz_IsDeniedForAnotherPayee(address payee) external view {
        vm.assume(payee != shop);
        StandingApproval memory approval = standingOf(MOST, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);
        payment.payee = payee;

        assertDenied(tokenDigest(payment), standingBlob(approval, 0, payment, all(), all()));
    }

    function testFuzz_IsDeniedForAnotherResource(bytes32 resource) external view {
        StandingApproval memory approval = standingOf(MOST, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);
        vm.assume(resource != payment.resource);
        payment.resource = resource;

        assertDenied(tokenDigest(payment), standingBlob(approval, 0, payment, all(), all()));
    }

    function test_IsDeniedForAnotherTokenOfTheAccount() external {
        Token3009 other = new Token3009();
        bool isFirst = address(other) < address(token);
        MultisigConfig memory config = defaultConfig();
        config.tokens = new TokenRules[](2);
        config.tokens[isFirst ? 0 : 1] = defaultRules(address(other));
        config.tokens[isFirst ? 1 : 0] = defaultRules(address(token));
        useConfig(config);
        StandingApproval memory approval = standingOf(MOST, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);
        payment.token = address(other);

        bytes memory blob = standingBlob(approval, 0, payment, all(), all());
        blob[1] = isFirst ? bytes1(0x00) : bytes1(0x01);

        assertDenied(tokenDigest(payment), blob);
    }

    function test_IsDeniedForTheMethodOfThePayee() external view {
        StandingApproval memory approval = standingOf(MOST, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);
        payment.method = RECEIVE;
        bytes memory blob = standingBlob(approval, 0, payment, all(), all());

        assertDenied(tokenDigest(payment), blob);

        approval.method = RECEIVE;
        payment.nonce = paymentUnder(approval, 0, MOST).nonce;
        assertDenied(tokenDigest(payment), standingBlob(approval, 0, payment, all(), all()));
    }

    function test_IsDeniedForPermit2() external view {
        StandingApproval memory approval = standingOf(MOST, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);
        payment.method = PERMIT2;

        assertDenied(digestBy(BlobKind.Permit2, payment), standingBlob(approval, 0, payment, all(), all()));

        approval.method = PERMIT2;
        payment.nonce = paymentUnder(approval, 0, MOST).nonce;
        assertDenied(digestBy(BlobKind.Permit2, payment), standingBlob(approval, 0, payment, all(), all()));
    }

    /* TERMS */

    /// @dev Humans sign one approval, and the blob tells of another that differs in one term.
    function testFuzz_IsDeniedForEachTermThatWasNotApproved(uint256 seed) external view {
        for (uint256 term = 0; term < 9; ++term) {
            StandingApproval memory approval = standingOf(MOST, COUNT);
            PaymentApproval memory payment = paymentUnder(approval, 0, MOST);
            StandingApproval memory signed = standingOf(MOST, COUNT);
            _change(signed, term, seed);

            bytes memory blob = bytes.concat(
                headOf(BlobKind.Standing, 0, payment),
                abi.encodePacked(uint128(MOST), COUNT, uint40(approval.validUntil), approval.salt, uint16(0)),
                signaturesOf(approvalDigest(payment), all()),
                signaturesOf(standingDigest(signed), all())
            );
            assertDenied(tokenDigest(payment), blob);
            PaymentApproval memory underSigned = paymentUnder(signed, 0, MOST);
            assertDenied(tokenDigest(underSigned), blob);
        }
    }

    function _change(StandingApproval memory approval, uint256 term, uint256 seed) private pure {
        uint256 other = draw(seed, term);
        if (term == 0) approval.epoch += bound(other, 1, type(uint128).max);
        if (term == 1) approval.method = other % 2 == 0 ? RECEIVE : PERMIT2;
        if (term == 2) approval.token = address(uint160(other));
        if (term == 3) approval.payee = address(uint160(other));
        if (term == 4) approval.maxValue += bound(other, 1, type(uint128).max);
        if (term == 5) approval.count += bound(other, 1, type(uint128).max);
        if (term == 6) approval.validUntil += bound(other, 1, type(uint128).max);
        if (term == 7) approval.resource = bytes32(other);
        if (term == 8) approval.salt = bytes32(other);
    }

    /* SIGNATURES */

    function testFuzz_IsDeniedWhenNobodyReleases(uint256 mask) external view {
        StandingApproval memory approval = standingOf(MOST, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);

        assertDenied(tokenDigest(payment), standingBlob(approval, 0, payment, nobody(), someOf(mask)));
    }

    /// @dev The approval's own signatures stand where a release would.
    function test_IsDeniedWithoutThePlaceOfARelease() external view {
        StandingApproval memory approval = standingOf(MOST, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);
        bytes memory blob = bytes.concat(
            _headUnder(approval, 0, payment),
            signaturesOf(standingDigest(approval), all())
        );

        assertDenied(tokenDigest(payment), blob);
    }

    function test_IsDeniedWhenAStrangerReleases() external view {
        StandingApproval memory approval = standingOf(MOST, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);
        bytes memory blob = bytes.concat(
            _headUnder(approval, 0, payment),
            hex"0001",
            compactSign(stranger.key, approvalDigest(payment)),
            signaturesOf(standingDigest(approval), all())
        );

        assertDenied(tokenDigest(payment), blob);
    }

    function testFuzz_IsDeniedWhenAnotherPaymentIsReleased(uint256 value, uint256 index) external view {
        StandingApproval memory approval = standingOf(MOST, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);
        PaymentApproval memory released = paymentUnder(approval, bound(index, 1, COUNT - 1), bound(value, 0, MOST));
        bytes memory blob = bytes.concat(
            _headUnder(approval, 0, payment),
            signaturesOf(approvalDigest(released), all()),
            signaturesOf(standingDigest(approval), all())
        );

        assertDenied(tokenDigest(payment), blob);
    }

    function testFuzz_IsDeniedWhenNobodyApproved(uint256 mask) external view {
        StandingApproval memory approval = standingOf(MOST, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);

        assertDenied(tokenDigest(payment), standingBlob(approval, 0, payment, someOf(mask), nobody()));
    }

    function testFuzz_IsDeniedWhenAgentsAloneApproved(uint256 mask) external view {
        StandingApproval memory approval = standingOf(1, 1);
        PaymentApproval memory payment = paymentUnder(approval, 0, 1);

        assertDenied(tokenDigest(payment), standingBlob(approval, 0, payment, someOf(mask), only(agent)));
    }

    /* WEIGHT */

    function testFuzz_NeedsTheTierOfAllPaymentsTogether(uint256 count) external {
        MultisigConfig memory config = defaultConfig();
        config.tokens[0].tiers[0].weight = HUMAN_WEIGHT;
        useConfig(config);
        count = bound(count, 2, 1_000);
        StandingApproval memory within = standingOf(SMALL / count, count);
        StandingApproval memory beyond = standingOf(SMALL / count + 1, count);
        PaymentApproval memory payment = paymentUnder(within, 0, 0);
        PaymentApproval memory other = paymentUnder(beyond, 0, 0);

        assertAccepted(tokenDigest(payment), standingBlob(within, 0, payment, only(agent), only(alice)));
        assertDenied(tokenDigest(other), standingBlob(beyond, 0, other, only(agent), only(alice)));
        assertAccepted(tokenDigest(other), standingBlob(beyond, 0, other, only(agent), both(agent, alice)));
    }

    function test_NeedsFullWeightOneAboveTheLastTier() external view {
        StandingApproval memory within = standingOf(LARGE, 1);
        StandingApproval memory beyond = standingOf(LARGE + 1, 1);
        PaymentApproval memory payment = paymentUnder(within, 0, 1);
        PaymentApproval memory other = paymentUnder(beyond, 0, 1);

        assertAccepted(tokenDigest(payment), standingBlob(within, 0, payment, only(agent), both(agent, alice)));
        assertDenied(tokenDigest(other), standingBlob(beyond, 0, other, only(agent), both(agent, alice)));
        assertAccepted(tokenDigest(other), standingBlob(beyond, 0, other, only(agent), both(alice, bob)));
    }

    function testFuzz_IsValidExactlyForEnoughWeightWithAHuman(uint256 most, uint16 count, uint256 mask) external view {
        most = bound(most, 0, (2 * uint256(LARGE)) / (uint256(count) + 1));
        uint256 total = most * count;
        uint256 needed =
            total <= SMALL
                ? AGENT_WEIGHT
                : total <= LARGE
                    ? AGENT_WEIGHT + HUMAN_WEIGHT
                    : FULL_WEIGHT;
        StandingApproval memory approval = standingOf(most, count);
        PaymentApproval memory payment = paymentUnder(approval, 0, most);

        bytes4 answer = account.isValidSignature(
            tokenDigest(payment),
            standingBlob(approval, 0, payment, only(agent), someOf(mask))
        );

        bool isEnough = count != 0 && weightOf(mask) >= needed && hasHuman(mask);
        assertEq(answer, isEnough ? VALID : INVALID);
    }

    /// @dev Their product is no word that could begin anew at zero.
    function test_IsDeniedForTheLargestNumbersWithoutFullWeight() external view {
        StandingApproval memory approval = standingOf(type(uint128).max, type(uint16).max);
        PaymentApproval memory payment = paymentUnder(approval, 0, type(uint128).max);

        assertDenied(tokenDigest(payment), standingBlob(approval, 0, payment, only(agent), both(agent, alice)));
        assertAccepted(tokenDigest(payment), standingBlob(approval, 0, payment, only(agent), both(alice, bob)));
    }

    /* PAYEES */

    function testFuzz_IsDeniedForAPayeeThatIsNotOnTheList(address payee) external {
        vm.assume(payee != address(0) && payee != shop);
        MultisigConfig memory config = defaultConfig();
        config.payees = new address[](1);
        config.payees[0] = payee;
        useConfig(config);
        StandingApproval memory approval = standingOf(MOST, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);

        assertDenied(tokenDigest(payment), standingBlob(approval, 0, payment, all(), all()));
    }

    /* ENDED */

    function test_IsDeniedFromItsRevocationOn() external {
        StandingApproval memory approval = standingOf(MOST, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);
        bytes memory blob = standingBlob(approval, 0, payment, all(), all());
        assertAccepted(tokenDigest(payment), blob);

        vm.prank(bob.addr);
        account.revoke(standingDigest(approval));

        assertDenied(tokenDigest(payment), blob);
    }

    function testFuzz_LeavesOthersAlone(bytes32 other) external {
        StandingApproval memory approval = standingOf(MOST, COUNT);
        vm.assume(other != standingDigest(approval));
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);

        vm.prank(bob.addr);
        account.revoke(other);

        assertAccepted(tokenDigest(payment), _blob(approval, 0, payment));
    }

    function test_IsDeniedAfterTheRulesChanged() external {
        StandingApproval memory approval = standingOf(MOST, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);
        bytes memory blob = standingBlob(approval, 0, payment, all(), all());

        executeByHumans(address(account), abi.encodeCall(ISignerSet.reconfigure, (packedOf(defaultConfig()))));

        assertDenied(tokenDigest(payment), blob);
    }

    /* BYTES */

    function testFuzz_IsDeniedForAnyOtherByte(uint256 place, uint256 change) external view {
        StandingApproval memory approval = standingOf(MOST, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);
        bytes memory blob = standingBlob(approval, 0, payment, both(agent, bob), all());
        assertAccepted(tokenDigest(payment), blob);

        assertDenied(tokenDigest(payment), flipped(blob, place, change));
    }

    function testFuzz_IsDeniedWhenItIsCut(uint256 length) external view {
        StandingApproval memory approval = standingOf(MOST, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);

        assertDenied(tokenDigest(payment), truncated(standingBlob(approval, 0, payment, all(), all()), length));
    }

    function testFuzz_IsDeniedWhenItGoesOn(bytes calldata more) external view {
        vm.assume(more.length != 0);
        StandingApproval memory approval = standingOf(MOST, COUNT);
        PaymentApproval memory payment = paymentUnder(approval, 0, MOST);

        assertDenied(tokenDigest(payment), bytes.concat(standingBlob(approval, 0, payment, all(), all()), more));
    }

    /* HELPERS */

    /// @dev Released by the agent, approved by one human.
    function _blob(
        StandingApproval memory approval,
        uint256 index,
        PaymentApproval memory payment
    ) private view returns (bytes memory) {
        return standingBlob(approval, uint16(index), payment, only(agent), only(alice));
    }

    function _headUnder(
        StandingApproval memory approval,
        uint16 index,
        PaymentApproval memory payment
    ) private pure returns (bytes memory) {
        return
            bytes.concat(
                headOf(BlobKind.Standing, 0, payment),
                abi.encodePacked(
                    uint128(approval.maxValue),
                    uint16(approval.count),
                    uint40(approval.validUntil),
                    approval.salt,
                    index
                )
            );
    }
}
