// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

import {IReserves} from "../../../contracts/interfaces/IReserves.sol";
import {BlobKind, DomainKind, MessageKind} from "../../../contracts/types/Blob.sol";
import {MultisigConfig, Signer, Tier, TokenRules} from "../../../contracts/types/MultisigConfig.sol";
import {PaymentApproval, StandingApproval} from "../../../contracts/types/TypedData.sol";
import {AnsweringContract} from "../../mocks/AnsweringContract.sol";
import {HeavyWallet} from "../../mocks/HeavyWallet.sol";
import {MoodyWallet} from "../../mocks/Wallets.sol";
import {MultisigMessageTest} from "../../utils/MultisigMessageTest.sol";

/// @notice What asking an account costs at most, whatever it is asked.
contract MultisigIsValidSignatureWithinGasTest is MultisigMessageTest {
    /// @dev What a signer that is a contract may use, and what any signer costs besides: `SignerSet` promises it. Its signature
    /// of up to 4 kB is copied by the proxy and into the question.
    uint256 private constant SIGNER_GAS = 150_000;
    uint256 private constant PER_SIGNER = 10_000;
    /// @dev What a plan may use to tell its terms.
    uint256 private constant TERMS_GAS = 50_000;
    /// @dev The proxy, the rules, the preimage, the token's balance.
    uint256 private constant BASE = 60_000;
    /// @dev The proxy copies the call data, 3 gas a word, into memory, 3 gas a word and a 512th of its square.
    uint256 private constant LONG = 100_000;
    uint256 private constant LONG_WORDS = LONG / 32 + 10;
    uint256 private constant LONG_GAS = 6 * LONG_WORDS + (LONG_WORDS * LONG_WORDS) / 512;

    uint256 private constant KEYS_BOUND = BASE + MAX_SIGNERS * PER_SIGNER;
    uint256 private constant CONTRACTS_BOUND = BASE + MAX_SIGNERS * (SIGNER_GAS + PER_SIGNER);
    /// @dev A standing approval is released and approved, so that each signer is asked twice.
    uint256 private constant STANDING_BOUND = BASE + 2 * MAX_SIGNERS * (SIGNER_GAS + PER_SIGNER);

    uint16 private constant EVERYBODY = type(uint16).max;
    uint256 private constant LONGEST_SIGNATURE = 4096;
    uint256 private constant SIGNATURE_LENGTH = 66;
    /// @dev The most that a wallet can burn and still answer.
    uint256 private constant BURN = 135_000;

    function test_IsBoundedForSixteenKeys() external {
        (Account[] memory keys, MultisigConfig memory config) = _keys();
        useConfig(config);
        PaymentApproval memory payment = paymentOf(LARGE + 1);
        bytes memory list;
        for (uint256 i = 0; i < MAX_SIGNERS; ++i) {
            list = bytes.concat(list, compactSign(keys[i].key, approvalDigest(payment)));
        }

        bytes memory blob = bytes.concat(paymentHead(payment), payment.nonce, bytes2(EVERYBODY), list);

        _assertCostsAtMost(KEYS_BOUND, tokenDigest(payment), blob, VALID);
    }

    function test_IsBoundedForSixteenContracts() external {
        _useWallets(address(new HeavyWallet(alice.addr, BURN)));
        PaymentApproval memory payment = paymentOf(LARGE + 1);

        bytes memory blob = bytes.concat(
            paymentHead(payment),
            payment.nonce,
            _longList(approvalDigest(payment), LONGEST_SIGNATURE)
        );

        _assertCostsAtMost(CONTRACTS_BOUND, tokenDigest(payment), blob, VALID);
    }

    function test_IsBoundedForSixteenContractsAskedTwice() external {
        _useWallets(address(new HeavyWallet(alice.addr, BURN)));
        StandingApproval memory approval = standingOf(LARGE, 10);
        PaymentApproval memory payment = paymentUnder(approval, 0, LARGE);
        bytes memory blob = bytes.concat(
            headOf(BlobKind.Standing, 0, payment),
            abi.encodePacked(uint128(LARGE), uint16(10), uint40(approval.validUntil), approval.salt, uint16(0)),
            _longList(approvalDigest(payment), LONGEST_SIGNATURE),
            _longList(standingDigest(approval), LONGEST_SIGNATURE)
        );

        _assertCostsAtMost(STANDING_BOUND, tokenDigest(payment), blob, VALID);
    }

    /// @dev It is asked, and nobody after it.
    function test_IsBoundedForAFirstContractThatBurnsItsGas() external {
        MoodyWallet wallet = new MoodyWallet(alice.addr);
        wallet.setMood(MoodyWallet.Mood.BurnsGas);
        _useWallets(address(wallet));
        PaymentApproval memory payment = paymentOf(SMALL);
        bytes memory list = _longList(approvalDigest(payment), LONGEST_SIGNATURE);

        _assertCostsAtMost(
            BASE + SIGNER_GAS + PER_SIGNER,
            tokenDigest(payment),
            bytes.concat(paymentHead(payment), payment.nonce, list),
            INVALID
        );
    }

    function test_IsBoundedForContractsThatAnswerWithVeryMuch() external {
        MoodyWallet wallet = new MoodyWallet(alice.addr);
        wallet.setMood(MoodyWallet.Mood.ReturnsMuch);
        _useWallets(address(wallet));
        PaymentApproval memory payment = paymentOf(SMALL);
        bytes memory list = _longList(approvalDigest(payment), SIGNATURE_LENGTH);

        _assertCostsAtMost(
            CONTRACTS_BOUND,
            tokenDigest(payment),
            bytes.concat(paymentHead(payment), payment.nonce, list),
            VALID
        );
    }

    function test_IsBoundedForAPlanThatBurnsItsGas() external {
        Message memory message = messageOf(MessageKind.Subscribe, 0);
        message.domainKind = DomainKind.SubscriptionPlan;
        message.verifyingContract = address(new AnsweringContract(AnsweringContract.Mood.BurnsGas, ""));
        setWord(message, 2, uint256(1));
        setWord(message, 3, uint256(1));

        _assertCostsAtMost(BASE + TERMS_GAS + 3 * PER_SIGNER, digestOf(message), blobOf(message, all()), INVALID);
    }

    /// @dev The token, its tier and the payee stand last.
    function test_IsBoundedForTheLargestRules() external {
        (Account[] memory keys, MultisigConfig memory config) = _keys();
        config.payees = new address[](MAX_PAYEES);
        for (uint256 i = 0; i < MAX_PAYEES; ++i) {
            config.payees[i] = address(uint160(i + 1));
        }
        config.payees[MAX_PAYEES - 1] = shop;
        config.tokens = new TokenRules[](MAX_TOKENS);
        for (uint256 i = 0; i < MAX_TOKENS; ++i) {
            config.tokens[i] = defaultRules(address(uint160(i + 1)));
            config.tokens[i].tiers = new Tier[](MAX_TIERS);
            for (uint256 j = 0; j < MAX_TIERS; ++j) {
                config.tokens[i].tiers[j] = Tier({maxValue: uint96(j + 1), weight: FULL_WEIGHT});
            }
        }
        config.tokens[MAX_TOKENS - 1].token = address(token);
        useConfig(config);
        PaymentApproval memory payment = paymentOf(MAX_TIERS);
        bytes memory list;
        for (uint256 i = 0; i < MAX_SIGNERS; ++i) {
            list = bytes.concat(list, compactSign(keys[i].key, approvalDigest(payment)));
        }

        bytes memory blob = bytes.concat(
            headOf(BlobKind.Transfer, uint8(MAX_TOKENS - 1), payment),
            payment.nonce,
            bytes2(EVERYBODY),
            list
        );

        _assertCostsAtMost(KEYS_BOUND, tokenDigest(payment), blob, VALID);
    }

    /// @dev Right ones that go on, and such as have no right beginning.
    function testFuzz_IsBoundedForVeryLongBlobs(uint8 kind, bytes32 hash, bytes calldata random) external view {
        PaymentApproval memory payment = paymentOf(SMALL);
        bytes memory long = new bytes(LONG);
        bytes memory right = paymentBlob(payment, all());

        _assertCostsAtMost(
            BASE + 3 * PER_SIGNER + LONG_GAS,
            tokenDigest(payment),
            bytes.concat(right, new bytes(LONG - right.length)),
            INVALID
        );
        long[0] = bytes1(kind % 5);
        for (uint256 i = 0; i < random.length; ++i) {
            long[1 + i] = random[i];
        }
        _assertCostsAtMost(BASE + 3 * PER_SIGNER + LONG_GAS, hash, long, INVALID);
    }

    /// @dev What is denied because the token, a plan or a signer says so stays denied when they have too little gas to say it.
    function testFuzz_DoesNotBecomeValidByLittleGas(uint256 gasLimit) external {
        gasLimit = bound(gasLimit, 0, 300_000);
        executeByHumans(address(account), abi.encodeCall(IReserves.setReserve, (address(token), BALANCE)));
        PaymentApproval memory payment = paymentOf(1);
        _assertNotValidWith(gasLimit, tokenDigest(payment), paymentBlob(payment, only(agent)));

        Message memory message = messageOf(MessageKind.Subscribe, 0);
        message.domainKind = DomainKind.SubscriptionPlan;
        message.verifyingContract = _planOf(LARGE + 1);
        setWord(message, 2, uint256(1));
        setWord(message, 3, uint256(1));
        _assertNotValidWith(gasLimit, digestOf(message), blobOf(message, both(agent, alice)));

        _useWallets(address(new HeavyWallet(alice.addr, 20_000)));
        payment = paymentOf(SMALL);
        bytes memory list = _list(1, approvalDigest(paymentOf(SMALL - 1)), SIGNATURE_LENGTH);
        bytes memory blob = bytes.concat(paymentHead(payment), payment.nonce, list);
        _assertNotValidWith(gasLimit, tokenDigest(payment), blob);
    }

    /// @dev It tells this price in the account's token, and zero of all else.
    function _planOf(uint256 price) private returns (address) {
        bytes memory terms = bytes.concat(new bytes(5 * 32), abi.encode(address(token), price), new bytes(7 * 32));
        return address(new AnsweringContract(AnsweringContract.Mood.Answers, terms));
    }

    /* ASK */

    function _assertCostsAtMost(uint256 most, bytes32 digest, bytes memory blob, bytes4 expected) private view {
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, blob));
        address asked = address(account);
        bool success;
        bytes32 answer;

        uint256 before = gasleft();
        assembly ("memory-safe") {
            success := staticcall(gas(), asked, add(question, 0x20), mload(question), 0x00, 0x20)
            answer := mload(0x00)
        }
        uint256 used = before - gasleft();

        assertTrue(success, "it never fails");
        assertEq(bytes4(answer), expected, "answer");
        assertLe(used, most, "gas");
    }

    function _assertNotValidWith(uint256 gasLimit, bytes32 digest, bytes memory blob) private view {
        (bool success, bytes memory answer) = address(account).staticcall{gas: gasLimit}(
            abi.encodeCall(IERC1271.isValidSignature, (digest, blob))
        );
        if (success) assertEq(abi.decode(answer, (bytes4)), INVALID, "answer");
    }

    /* SIGNERS */

    function _keys() private view returns (Account[] memory keys, MultisigConfig memory config) {
        keys = new Account[](MAX_SIGNERS);
        for (uint256 i = 0; i < MAX_SIGNERS; ++i) {
            keys[i].key = 1 + i;
            keys[i].addr = vm.addr(keys[i].key);
            for (uint256 j = i; j > 0 && keys[j].addr < keys[j - 1].addr; --j) {
                (keys[j], keys[j - 1]) = (keys[j - 1], keys[j]);
            }
        }
        config = _sixteen(false);
        for (uint256 i = 0; i < MAX_SIGNERS; ++i) {
            config.signers[i].account = keys[i].addr;
        }
    }

    /// @dev Sixteen signers with the code of one.
    function _useWallets(address wallet) private {
        MultisigConfig memory config = _sixteen(true);
        for (uint256 i = 0; i < MAX_SIGNERS; ++i) {
            address signer = address(uint160(0x516e00 + i));
            config.signers[i].account = signer;
            vm.etch(signer, wallet.code);
            // The mood of a moody wallet.
            vm.store(signer, 0, vm.load(wallet, 0));
        }
        useConfig(config);
    }

    function _sixteen(bool isContract) private view returns (MultisigConfig memory config) {
        config = defaultConfig();
        config.fullWeight = uint8(MAX_SIGNERS);
        config.signers = new Signer[](MAX_SIGNERS);
        for (uint256 i = 0; i < MAX_SIGNERS; ++i) {
            config.signers[i].weight = 1;
            config.signers[i].isHuman = true;
            config.signers[i].isContract = isContract;
        }
    }

    /// @dev What a keyed wallet takes, and zeros, from each of sixteen.
    function _longList(bytes32 digest, uint256 length) private view returns (bytes memory) {
        return _list(EVERYBODY, digest, length);
    }

    function _list(uint16 bitmap, bytes32 digest, uint256 length) private view returns (bytes memory list) {
        bytes memory signature = abi.encodePacked(sign(alice.key, digest), bytes1(0x01));
        bytes memory item = abi.encodePacked(uint16(length), signature, new bytes(length - SIGNATURE_LENGTH));
        list = bytes.concat(bytes2(bitmap));
        for (uint256 i = 0; i < MAX_SIGNERS; ++i) {
            if ((bitmap >> i) & 1 != 0) list = bytes.concat(list, item);
        }
    }
}
