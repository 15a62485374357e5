// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IReserves} from "../../../contracts/interfaces/IReserves.sol";
import {ISignerSet} from "../../../contracts/interfaces/ISignerSet.sol";
import {BlobKind} from "../../../contracts/types/Blob.sol";
import {MultisigConfig, Signer, Tier, TokenRules} from "../../../contracts/types/MultisigConfig.sol";
import {PaymentApproval} from "../../../contracts/types/TypedData.sol";
import {LyingBalanceToken} from "../../mocks/LyingBalanceToken.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {MultisigUnitTest} from "../../utils/MultisigUnitTest.sol";

contract MultisigIsValidSignatureOfPaymentsTest is MultisigUnitTest {
    /* ENOUGH */

    function testFuzz_IsValidByEachMethod(
        uint256 method,
        uint256 value,
        bytes32 nonce,
        bytes32 resource
    ) external view {
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, bound(value, 0, SMALL));
        payment.nonce = nonce;
        payment.resource = resource;

        assertAccepted(digestBy(kind, payment), blobBy(kind, payment, only(agent)));
    }

    function testFuzz_MovesTheTokenByAnyone(uint256 value, uint256 mask) external {
        (value, mask) = (bound(value, 0, SMALL), bound(mask, 1, 7));
        PaymentApproval memory payment = paymentOf(value);

        pay(payment, paymentBlob(payment, someOf(mask)));

        assertEq(token.balanceOf(shop), value, "shop");
        assertEq(token.balanceOf(address(account)), BALANCE - value, "account");
    }

    function testFuzz_MovesTheTokenByThePayee(uint256 value) external {
        value = bound(value, 0, SMALL);
        PaymentApproval memory payment = paymentBy(BlobKind.Receive, value);
        bytes memory blob = paymentBlob(payment, only(agent));

        vm.prank(shop);
        token.receiveWithAuthorization(
            address(account),
            shop,
            value,
            payment.validAfter,
            payment.validBefore,
            payment.nonce,
            blob
        );

        assertEq(token.balanceOf(shop), value);
    }

    function testFuzz_IsValidForEachTokenUnderItsOwnNumber(uint256 method, uint8 index) external {
        BlobKind kind = anyMethod(method);
        index = uint8(bound(index, 0, MAX_TOKENS - 1));
        Token3009[] memory tokens = _useTokens(MAX_TOKENS);
        PaymentApproval memory payment = paymentBy(kind, SMALL);
        payment.token = address(tokens[index]);

        assertAccepted(digestBy(kind, payment), blobBy(kind, index, payment, only(agent)));
    }

    /// @dev Tokens name themselves as they like: USDC's domain is `USD Coin`, version 2.
    function testFuzz_IsValidForATokenOfAnyNameAndVersion(string calldata name, string calldata version) external view {
        PaymentApproval memory payment = paymentOf(SMALL);
        bytes32 separator = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256(bytes(version)),
                block.chainid,
                payment.token
            )
        );
        bytes32 structHash = keccak256(
            abi.encode(
                token.TRANSFER_WITH_AUTHORIZATION_TYPEHASH(),
                address(account),
                payment.payee,
                payment.value,
                payment.validAfter,
                payment.validBefore,
                payment.nonce
            )
        );
        bytes memory blob = bytes.concat(
            firstOf(paymentHead(payment), 80),
            keccak256(bytes(name)),
            keccak256(bytes(version)),
            payment.nonce,
            signaturesOf(approvalDigest(payment), only(agent))
        );

        assertAccepted(keccak256(abi.encodePacked(hex"1901", separator, structHash)), blob);
    }

    /// @dev The token tells by the time whether it is still paid.
    function testFuzz_DoesNotDependOnTheTime(uint40 validAfter, uint40 validBefore, uint40 timestamp) external {
        PaymentApproval memory payment = paymentOf(SMALL);
        (payment.validAfter, payment.validBefore) = (validAfter, validBefore);
        vm.warp(timestamp);

        assertAccepted(tokenDigest(payment), paymentBlob(payment, only(agent)));
    }

    /* WEIGHT */

    function testFuzz_IsValidForTheWeightOfTheTierAtItsLastValue(uint256 method) external view {
        BlobKind kind = anyMethod(method);
        PaymentApproval memory small = paymentBy(kind, SMALL);
        PaymentApproval memory large = paymentBy(kind, LARGE);

        assertAccepted(digestBy(kind, small), blobBy(kind, small, only(agent)));
        assertAccepted(digestBy(kind, large), blobBy(kind, large, both(agent, alice)));
    }

    function testFuzz_NeedsTheNextWeightOneAboveIt(uint256 method) external view {
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL + 1);

        assertDenied(digestBy(kind, payment), blobBy(kind, payment, only(agent)));
        assertDenied(digestBy(kind, payment), blobBy(kind, payment, only(alice)));
        assertAccepted(digestBy(kind, payment), blobBy(kind, payment, both(agent, alice)));
    }

    function testFuzz_NeedsFullWeightOneAboveTheLastTier(uint256 method) external view {
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, LARGE + 1);

        assertDenied(digestBy(kind, payment), blobBy(kind, payment, both(agent, alice)));
        assertAccepted(digestBy(kind, payment), blobBy(kind, payment, both(alice, bob)));
    }

    function testFuzz_NeedsFullWeightWithoutTiers(uint256 method, uint128 value, uint256 mask) external {
        MultisigConfig memory config = defaultConfig();
        config.tokens[0].tiers = new Tier[](0);
        useConfig(config);
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, value);

        bytes4 answer = account.isValidSignature(digestBy(kind, payment), blobBy(kind, payment, someOf(mask)));

        assertEq(answer, weightOf(mask) >= FULL_WEIGHT ? VALID : INVALID);
    }

    function testFuzz_IsValidExactlyForSignersOfEnoughWeight(uint256 method, uint256 value, uint256 mask) external {
        executeByHumans(address(account), abi.encodeCall(IReserves.setReserve, (address(token), 0)));
        value = bound(value, 0, 2 * LARGE);
        uint256 needed =
            value <= SMALL
                ? AGENT_WEIGHT
                : value <= LARGE
                    ? AGENT_WEIGHT + HUMAN_WEIGHT
                    : FULL_WEIGHT;
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, value);

        bytes4 answer = account.isValidSignature(digestBy(kind, payment), blobBy(kind, payment, someOf(mask)));

        assertEq(answer, weightOf(mask) >= needed ? VALID : INVALID);
    }

    function testFuzz_TakesNoValueBeyond128Bits(uint256 method, uint256 value) external view {
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, bound(value, 1 << 128, type(uint256).max));

        assertDenied(digestBy(kind, payment), blobBy(kind, payment, all()));
    }

    /* RESERVE */

    function testFuzz_IsValidWhenTheReserveIsExactlyLeft(uint256 method, uint256 value) external {
        value = bound(value, 0, SMALL);
        _setBalance(RESERVE + value);
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, value);

        assertAccepted(digestBy(kind, payment), blobBy(kind, payment, only(agent)));
    }

    function testFuzz_IsDeniedOneUnitBelow(uint256 method, uint256 value) external {
        value = bound(value, 0, SMALL);
        _setBalance(RESERVE + value - 1);
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, value);

        assertDenied(digestBy(kind, payment), blobBy(kind, payment, only(agent)));
    }

    function testFuzz_IsDeniedWhenTheBalanceIsBelowTheValue(uint256 value, uint256 balance) external {
        executeByHumans(address(account), abi.encodeCall(IReserves.setReserve, (address(token), 0)));
        value = bound(value, 1, SMALL);
        _setBalance(bound(balance, 0, value - 1));
        PaymentApproval memory payment = paymentOf(value);

        assertDenied(tokenDigest(payment), paymentBlob(payment, only(agent)));
    }

    function testFuzz_FollowsTheReserveThatWasSet(uint128 reserve, uint256 value) external {
        executeByHumans(address(account), abi.encodeCall(IReserves.setReserve, (address(token), reserve)));
        value = bound(value, 0, SMALL - 1);
        token.mint(address(account), uint256(reserve) + value);
        _setBalance(uint256(reserve) + value);
        PaymentApproval memory payment = paymentOf(value);
        PaymentApproval memory more = paymentOf(value + 1);

        assertAccepted(tokenDigest(payment), paymentBlob(payment, only(agent)));
        assertDenied(tokenDigest(more), paymentBlob(more, only(agent)));
    }

    function testFuzz_IsDeniedToAgentsWhenTheTokenTellsNoBalance(uint256 mood) external {
        PaymentApproval memory payment = _paymentInLyingToken(mood);

        assertDenied(tokenDigest(payment), paymentBlob(payment, only(agent)));
    }

    function testFuzz_IsValidByAHumanWhateverTheBalance(uint256 method, uint256 value, uint256 balance) external {
        _setBalance(bound(balance, 0, BALANCE));
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, bound(value, 0, SMALL));

        assertAccepted(digestBy(kind, payment), blobBy(kind, payment, only(alice)));
    }

    function testFuzz_IsValidByAHumanWhenTheTokenTellsNoBalance(uint256 mood) external {
        PaymentApproval memory payment = _paymentInLyingToken(mood);

        assertAccepted(tokenDigest(payment), paymentBlob(payment, only(alice)));
    }

    function _paymentInLyingToken(uint256 mood) private returns (PaymentApproval memory) {
        LyingBalanceToken lying = new LyingBalanceToken();
        token = lying;
        useConfig(defaultConfig());
        lying.setMood(mood % 2 == 0 ? LyingBalanceToken.Mood.Reverts : LyingBalanceToken.Mood.AnswersShort);
        return paymentOf(1);
    }

    function _setBalance(uint256 balance) private {
        uint256 rest = token.balanceOf(address(account)) - balance;
        vm.prank(address(account));
        token.transfer(stranger.addr, rest);
    }

    /* PAYEES */

    function testFuzz_IsValidForEachPayeeOfTheList(uint256 method, uint256 index) external {
        address[] memory payees = _usePayees();
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);
        payment.payee = payees[bound(index, 0, MAX_PAYEES - 1)];

        assertAccepted(digestBy(kind, payment), blobBy(kind, payment, only(agent)));
    }

    function testFuzz_IsDeniedForAnotherPayee(uint256 method, address payee) external {
        address[] memory payees = _usePayees();
        for (uint256 i = 0; i < payees.length; ++i) {
            vm.assume(payee != payees[i]);
        }
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);
        payment.payee = payee;

        assertDenied(digestBy(kind, payment), blobBy(kind, payment, all()));
    }

    function _usePayees() private returns (address[] memory payees) {
        payees = new address[](MAX_PAYEES);
        for (uint256 i = 0; i < MAX_PAYEES; ++i) {
            payees[i] = risingAddress(0, i);
        }
        MultisigConfig memory config = defaultConfig();
        config.payees = payees;
        useConfig(config);
    }

    /* FIELDS */

    function testFuzz_IsDeniedForAnotherEpoch(uint256 method, uint256 epoch) external view {
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);
        PaymentApproval memory approved = paymentBy(kind, SMALL);
        approved.epoch = bound(epoch, 1, type(uint256).max);

        _assertDenied(kind, payment, approved);
    }

    function testFuzz_IsDeniedForAnotherMethod(uint256 method, uint256 other) external view {
        BlobKind kind = anyMethod(method);
        BlobKind approvedKind = BlobKind((uint256(kind) + bound(other, 1, 2)) % 3);

        _assertDenied(kind, paymentBy(kind, SMALL), paymentBy(approvedKind, SMALL));
    }

    function testFuzz_IsDeniedForAnotherTokenOfTheAccount(uint256 method, uint8 index, uint8 other) external {
        BlobKind kind = anyMethod(method);
        index = uint8(bound(index, 0, MAX_TOKENS - 1));
        other = uint8((index + bound(other, 1, MAX_TOKENS - 1)) % MAX_TOKENS);
        Token3009[] memory tokens = _useTokens(MAX_TOKENS);
        PaymentApproval memory payment = paymentBy(kind, SMALL);
        PaymentApproval memory approved = paymentBy(kind, SMALL);
        (payment.token, approved.token) = (address(tokens[index]), address(tokens[other]));
        bytes memory blob = bytes.concat(
            headOf(kind, index, payment),
            payment.nonce,
            signaturesOf(approvalDigest(approved), all())
        );

        assertDenied(digestBy(kind, payment), blob);
        assertDenied(digestBy(kind, approved), blob);
    }

    function testFuzz_IsDeniedForAnotherPayeeThanApproved(uint256 method, address payee) external view {
        vm.assume(payee != shop);
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);
        payment.payee = payee;

        _assertDenied(kind, payment, paymentBy(kind, SMALL));
    }

    function testFuzz_IsDeniedForAnotherValue(uint256 method, uint128 value, uint128 approvedValue) external view {
        vm.assume(value != approvedValue);
        BlobKind kind = anyMethod(method);

        _assertDenied(kind, paymentBy(kind, value), paymentBy(kind, approvedValue));
    }

    function testFuzz_IsDeniedForAnotherValidAfter(uint256 method, uint40 validAfter) external view {
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);
        vm.assume(validAfter != payment.validAfter);
        payment.validAfter = validAfter;

        _assertDenied(kind, payment, paymentBy(kind, SMALL));
    }

    function testFuzz_IsDeniedForAnotherValidBefore(uint256 method, uint40 validBefore) external view {
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);
        vm.assume(validBefore != payment.validBefore);
        payment.validBefore = validBefore;

        _assertDenied(kind, payment, paymentBy(kind, SMALL));
    }

    function testFuzz_IsDeniedForAnotherNonce(uint256 method, bytes32 nonce) external view {
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);
        vm.assume(nonce != payment.nonce);
        payment.nonce = nonce;

        _assertDenied(kind, payment, paymentBy(kind, SMALL));
    }

    function testFuzz_IsDeniedForAnotherResource(uint256 method, bytes32 resource) external view {
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);
        vm.assume(resource != payment.resource);
        payment.resource = resource;

        _assertDenied(kind, payment, paymentBy(kind, SMALL));
    }

    /// @dev All sign for one payment, and another is presented with their signatures: as itself, or as what they signed for.
    function _assertDenied(
        BlobKind kind,
        PaymentApproval memory payment,
        PaymentApproval memory approved
    ) private view {
        bytes memory blob = bytes.concat(
            headOf(kind, 0, payment),
            payment.nonce,
            signaturesOf(approvalDigest(approved), all())
        );

        assertDenied(digestBy(kind, payment), blob);
        assertDenied(digestBy(kind, approved), blob);
    }

    /* HASH */

    function testFuzz_IsDeniedForAnyHash(uint256 method, bytes32 hash) external view {
        BlobKind kind = anyMethod(method);

        assertDenied(hash, blobBy(kind, paymentBy(kind, SMALL), all()));
    }

    function testFuzz_IsDeniedForThePaymentByAnotherMethod(uint256 method, uint256 other) external view {
        BlobKind kind = anyMethod(method);
        BlobKind otherKind = BlobKind((uint256(kind) + bound(other, 1, 2)) % 3);

        assertDenied(digestBy(otherKind, paymentBy(otherKind, SMALL)), blobBy(kind, paymentBy(kind, SMALL), all()));
    }

    function testFuzz_IsDeniedForThePaymentOnAnotherChain(uint256 method, uint64 chainId) external {
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);
        uint256 here = block.chainid;
        vm.assume(chainId != 0 && chainId != here);
        bytes memory blob = blobBy(kind, payment, all());

        vm.chainId(chainId);
        bytes32 digest = digestBy(kind, payment);
        vm.chainId(here);

        assertDenied(digest, blob);
    }

    function testFuzz_IsDeniedForAPaymentOfAnotherAccount(uint256 method) external {
        // Permit2 names no payer in what it asks for.
        BlobKind kind = BlobKind(method % 2);
        PaymentApproval memory payment = paymentBy(kind, SMALL);
        bytes memory blob = blobBy(kind, payment, all());
        bytes32 digest = digestBy(kind, payment);

        account = deployAccount(defaultConfig(), "other");
        bytes32 otherDigest = digestBy(kind, payment);
        bytes memory otherBlob = blobBy(kind, payment, all());

        assertDenied(digest, otherBlob);
        assertDenied(otherDigest, blob);
    }

    function testFuzz_IsDeniedForAnotherSpenderOfPermit2(address spender) external view {
        vm.assume(spender != EXACT_PROXY);
        PaymentApproval memory payment = paymentBy(BlobKind.Permit2, SMALL);

        assertDenied(permit2Digest(payment, spender), blobBy(BlobKind.Permit2, payment, all()));
    }

    /* ELSEWHERE */

    function testFuzz_IsDeniedForAnApprovalForAnotherAccount(uint256 method) external {
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);
        bytes memory signatures = signaturesOf(approvalDigest(payment), all());

        account = deployAccount(defaultConfig(), "other");

        assertDenied(digestBy(kind, payment), bytes.concat(headOf(kind, 0, payment), payment.nonce, signatures));
    }

    function testFuzz_IsDeniedForAnApprovalBeforeTheChainForked(uint256 method, uint64 chainId) external {
        vm.assume(chainId != 0 && chainId != block.chainid);
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);
        bytes memory blob = blobBy(kind, payment, all());
        bytes32 digest = digestBy(kind, payment);

        vm.chainId(chainId);

        assertDenied(digestBy(kind, payment), blob);
        assertDenied(digest, blob);
    }

    function testFuzz_IsValidForAnApprovalAfterTheChainForked(uint256 method, uint64 chainId) external {
        vm.chainId(bound(chainId, 1, type(uint64).max));
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);

        assertAccepted(digestBy(kind, payment), blobBy(kind, payment, only(agent)));
    }

    function testFuzz_IsDeniedForAnApprovalBeforeTheRulesChanged(uint256 method) external {
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);
        bytes memory blob = blobBy(kind, payment, all());

        executeByHumans(address(account), abi.encodeCall(ISignerSet.reconfigure, (packedOf(defaultConfig()))));

        assertDenied(digestBy(kind, payment), blob);
    }

    /* TOKENS */

    function testFuzz_IsDeniedForANumberThatNoTokenHas(uint256 method, uint8 index, address token_) external view {
        index = uint8(bound(index, 1, type(uint8).max));
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);
        assertDenied(digestBy(kind, payment), blobBy(kind, index, payment, all()));

        payment.token = token_;
        assertDenied(digestBy(kind, payment), blobBy(kind, index, payment, all()));

        payment.token = address(0);
        assertDenied(digestBy(kind, payment), blobBy(kind, index, payment, all()));
    }

    /// @dev The rules hold zeros where those of a token at place zero would have their tiers.
    function testFuzz_IsDeniedForTheTokenZeroByTheLargestWeight(uint256 method, uint8 index) external {
        MultisigConfig memory config = defaultConfig();
        config.signers = new Signer[](1);
        config.signers[0] = Signer({account: alice.addr, weight: FULL_WEIGHT, isHuman: true, isContract: false});
        config.tokens[0].reserve = 0;
        useConfig(config);
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);
        payment.token = address(0);
        index = uint8(bound(index, 1, type(uint8).max));

        assertDenied(digestBy(kind, payment), blobBy(kind, index, payment, only(alice)));
    }

    function _useTokens(uint256 count) private returns (Token3009[] memory tokens) {
        tokens = new Token3009[](count);
        for (uint256 i = 0; i < count; ++i) {
            tokens[i] = new Token3009();
            for (uint256 j = i; j > 0 && address(tokens[j]) < address(tokens[j - 1]); --j) {
                (tokens[j], tokens[j - 1]) = (tokens[j - 1], tokens[j]);
            }
        }
        MultisigConfig memory config = defaultConfig();
        config.tokens = new TokenRules[](count);
        for (uint256 i = 0; i < count; ++i) {
            config.tokens[i] = defaultRules(address(tokens[i]));
            // Tokens of different length, so that each is found behind the others.
            if (i % 2 == 0) _dropLastTier(config.tokens[i]);
        }
        useConfig(config);
        for (uint256 i = 0; i < count; ++i) {
            tokens[i].mint(address(account), BALANCE);
        }
    }

    function _dropLastTier(TokenRules memory rules) private pure {
        Tier memory first = rules.tiers[0];
        rules.tiers = new Tier[](1);
        rules.tiers[0] = first;
    }

    /* BYTES */

    function testFuzz_IsDeniedForAnyOtherByte(uint256 method, uint256 place, uint256 change) external view {
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);
        bytes memory blob = blobBy(kind, payment, all());
        assertAccepted(digestBy(kind, payment), blob);

        assertDenied(digestBy(kind, payment), flipped(blob, place, change));
    }

    function testFuzz_IsDeniedWhenItIsCut(uint256 method, uint256 length) external view {
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);

        assertDenied(digestBy(kind, payment), truncated(blobBy(kind, payment, all()), length));
    }

    function testFuzz_IsDeniedWhenItGoesOn(uint256 method, bytes calldata more) external view {
        vm.assume(more.length != 0);
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);

        assertDenied(digestBy(kind, payment), bytes.concat(blobBy(kind, payment, all()), more));
    }
}
