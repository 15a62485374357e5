// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";

import {IReceiptVerifier} from "../../../contracts/interfaces/IReceiptVerifier.sol";
import {AuthorizedTransfer, ReceiptProof} from "../../../contracts/types/Receipt.sol";
import {Log, ReceiptBuilder} from "../../utils/ReceiptBuilder.sol";
import {ReceiptVerifierTest} from "../../utils/ReceiptVerifierTest.sol";

contract AuthorizedTransferInTest is ReceiptVerifierTest {
    using RLP for RLP.Encoder;

    /* HEADER */

    function test_RevertWhen_HeaderTooLong() external {
        ReceiptProof memory proof = proofWithHeaderOf(4097);
        mine(proof.header);

        assertRefused(proof, abi.encodeWithSelector(IReceiptVerifier.HeaderTooLong.selector, 4097, 4096));
    }

    function test_AcceptsLongestHeader() external {
        ReceiptProof memory proof = proofWithHeaderOf(4096);
        mine(proof.header);

        assertShows(proof);
    }

    function test_RevertWhen_HeaderHasElevenFields() external {
        ReceiptProof memory proof = minedProof();
        proof.header = ReceiptBuilder.upToGasUsed(NUMBER, rootOf(proof)).encode();
        mine(proof.header);

        assertRefused(proof, abi.encodeWithSelector(IReceiptVerifier.HeaderMalformed.selector));
    }

    function test_AcceptsTwelveFields() external {
        ReceiptProof memory proof = minedProof();
        proof.header = ReceiptBuilder.upToTimestamp(NUMBER, TIMESTAMP, rootOf(proof)).encode();
        mine(proof.header);

        assertShows(proof);
    }

    function test_AcceptsFieldsOfLaterUpgrades() external {
        ReceiptProof memory proof = minedProof();
        RLP.Encoder memory header = ReceiptBuilder.upToTimestamp(NUMBER, TIMESTAMP, rootOf(proof));
        for (uint256 i = 12; i < 30; ++i) header.push(bytes32(i));
        proof.header = header.encode();
        mine(proof.header);

        assertShows(proof);
    }

    function test_RevertWhen_HeaderEmpty() external {
        ReceiptProof memory proof = minedProof();
        proof.header = "";

        assertRefused(proof, invalidEncoding());
    }

    function testFuzz_RevertWhen_SomethingFollowsTheHeader(bytes calldata trailing) external {
        vm.assume(trailing.length != 0);
        ReceiptProof memory proof = minedProof();
        proof.header = bytes.concat(proof.header, trailing);
        mine(proof.header);

        assertRefused(
            proof,
            proof.header.length > 4096
                ? abi.encodeWithSelector(IReceiptVerifier.HeaderTooLong.selector, proof.header.length, 4096)
                : invalidEncoding()
        );
    }

    function test_RevertWhen_HeaderTruncated() external {
        ReceiptProof memory proof = minedProof();
        bytes memory header = proof.header;
        assembly ("memory-safe") {
            mstore(header, sub(mload(header), 1))
        }
        mine(header);

        assertRefused(proof, invalidEncoding());
    }

    /* BLOCK */

    function test_RevertWhen_BlockIsCurrent() external {
        ReceiptProof memory proof = minedProof();
        vm.roll(NUMBER);

        assertRefused(proof, abi.encodeWithSelector(IReceiptVerifier.BlockNotPast.selector, NUMBER, NUMBER));
    }

    function testFuzz_RevertWhen_BlockIsFuture(uint256 number) external {
        number = bound(number, NUMBER + 1, type(uint256).max);
        ReceiptProof memory proof = minedProof();
        proof.header = ReceiptBuilder.encodeHeader(number, TIMESTAMP, rootOf(proof), "");
        vm.roll(NUMBER);

        assertRefused(proof, abi.encodeWithSelector(IReceiptVerifier.BlockNotPast.selector, number, NUMBER));
    }

    function testFuzz_RevertWhen_BlockIsBeyondTheHistory(uint256 distance) external {
        distance = bound(distance, HISTORY_REACH + 1, 1_000_000);
        ReceiptProof memory proof = minedProof();
        mine(proof.header, distance);

        assertRefused(proof, tooOld(distance));
    }

    function test_RevertWhen_BlockIsBeyondTheHistoryByOne() external {
        ReceiptProof memory proof = minedProof();
        mine(proof.header, HISTORY_REACH + 1);

        assertRefused(proof, tooOld(HISTORY_REACH + 1));
    }

    function test_RevertWhen_HistoryReachesFurther() external {
        ReceiptProof memory proof = minedProof();
        mine(proof.header, HISTORY_REACH + 1);
        vm.mockCall(HISTORY, abi.encode(NUMBER), abi.encode(keccak256(proof.header)));

        assertRefused(proof, tooOld(HISTORY_REACH + 1));
    }

    function test_RevertWhen_ChainHasNoHistory() external {
        ReceiptProof memory proof = minedProof();
        mine(proof.header, BLOCKHASH_REACH + 1);
        vm.etch(HISTORY, "");

        assertRefused(proof, tooOld(BLOCKHASH_REACH + 1));
    }

    function test_RevertWhen_HistoryIsYoungerThanTheBlock() external {
        ReceiptProof memory proof = minedProof();
        mine(proof.header, BLOCKHASH_REACH + 1);
        vm.store(HISTORY, bytes32(NUMBER % HISTORY_REACH), 0);

        assertRefused(proof, tooOld(BLOCKHASH_REACH + 1));
    }

    /// @dev Even an error whose bytes are the hash of a header that somebody made up is no answer.
    function test_RevertWhen_HistoryFailsWithTheHash() external {
        ReceiptProof memory proof = minedProof();
        mine(proof.header, BLOCKHASH_REACH + 1);
        vm.mockCallRevert(HISTORY, abi.encode(NUMBER), abi.encode(keccak256(proof.header)));

        assertRefused(proof, tooOld(BLOCKHASH_REACH + 1));
    }

    function test_RevertWhen_HistoryAnswersWithMoreThanAHash() external {
        ReceiptProof memory proof = minedProof();
        mine(proof.header, BLOCKHASH_REACH + 1);
        vm.mockCall(HISTORY, abi.encode(NUMBER), abi.encode(keccak256(proof.header), 0));

        assertRefused(proof, tooOld(BLOCKHASH_REACH + 1));
    }

    function testFuzz_RevertWhen_HeaderForged(uint256 distance, uint40 timestamp) external {
        distance = bound(distance, 1, HISTORY_REACH);
        vm.assume(timestamp != TIMESTAMP);
        ReceiptProof memory proof = minedProof();
        mine(proof.header, distance);
        proof.header = ReceiptBuilder.encodeHeader(NUMBER, timestamp, rootOf(proof), "");

        assertRefused(proof, mismatch(proof.header));
    }

    function test_RevertWhen_HeaderForgedBesideAKeptHash() external {
        ReceiptProof memory proof = minedProof();
        verifier.saveBlockHash(proof.header);
        mine(proof.header, HISTORY_REACH + 1);
        proof.header = ReceiptBuilder.encodeHeader(NUMBER, TIMESTAMP + 1, rootOf(proof), "");

        assertRefused(proof, mismatch(proof.header));
    }

    function testFuzz_ShowsBlocksThatTheChainKnows(uint256 distance) external {
        ReceiptProof memory proof = minedProof();
        mine(proof.header, bound(distance, 1, HISTORY_REACH));

        assertShows(proof);
    }

    function test_ShowsLastBlockOfTheOpcode() external {
        ReceiptProof memory proof = minedProof();
        vm.etch(HISTORY, "");
        mine(proof.header, BLOCKHASH_REACH);

        assertShows(proof);
    }

    function test_ShowsFirstBlockBehindTheOpcode() external {
        ReceiptProof memory proof = minedProof();
        mine(proof.header, BLOCKHASH_REACH + 1);

        assertShows(proof);
    }

    function test_ShowsLastBlockOfTheHistory() external {
        ReceiptProof memory proof = minedProof();
        mine(proof.header, HISTORY_REACH);

        assertShows(proof);
    }

    function testFuzz_ShowsBlocksWhoseHashWasKept(uint256 distance) external {
        ReceiptProof memory proof = minedProof();
        verifier.saveBlockHash(proof.header);
        vm.etch(HISTORY, "");
        vm.roll(NUMBER + bound(distance, BLOCKHASH_REACH + 1, 1_000_000));

        assertShows(proof);
    }

    /* TRIE */

    function test_RevertWhen_ProofHasTenNodes() external {
        ReceiptProof memory proof = deepestProof();
        proof.nodes = longer(proof.nodes, proof.nodes[8]);

        assertRefused(proof, abi.encodeWithSelector(IReceiptVerifier.ProofTooDeep.selector, 10, 9));
    }

    function test_AcceptsNineNodes() external {
        ReceiptProof memory proof = deepestProof();
        assertEq(proof.nodes.length, 9, "nodes");

        assertShows(proof);
    }

    function test_RevertWhen_NoNodes() external {
        ReceiptProof memory proof = minedProof();
        proof.nodes = new bytes[](0);

        assertRefused(proof, notInBlock(0));
    }

    function testFuzz_RevertWhen_NodesAreMissingAtTheEnd(uint256 count) external {
        ReceiptProof memory proof = minedProofAmong(200, 130);
        proof.nodes = cut(proof.nodes, bound(count, 0, proof.nodes.length - 1));

        assertRefused(proof, notInBlock(130));
    }

    function test_RevertWhen_ANodeFollowsTheLeaf() external {
        ReceiptProof memory proof = minedProofAmong(20, 7);
        proof.nodes = longer(proof.nodes, proof.nodes[proof.nodes.length - 1]);

        assertRefused(proof, notInBlock(7));
    }

    function testFuzz_RevertWhen_ANodeIsAltered(uint256 node, uint256 position, bytes1 change) external {
        vm.assume(change != 0);
        ReceiptProof memory proof = minedProofAmong(20, 7);
        bytes memory altered = proof.nodes[bound(node, 0, proof.nodes.length - 1)];
        position = bound(position, 0, altered.length - 1);
        altered[position] = altered[position] ^ change;

        assertRefused(proof, notInBlock(7));
    }

    function test_RevertWhen_NodesAreOfAnotherBlock() external {
        ReceiptProof memory proof = minedProofAmong(20, 7);
        (, proof.nodes) = ReceiptBuilder.prove(
            receiptsAround(ReceiptBuilder.encodeReceipt(1, paymentLogs()), 20, 7),
            7
        );

        assertRefused(proof, notInBlock(7));
    }

    function testFuzz_RevertWhen_IndexIsOfAnother(uint256 index) external {
        index = bound(index, 0, 19);
        vm.assume(index != 7);
        ReceiptProof memory proof = minedProofAmong(20, 7);
        proof.transactionIndex = index;

        assertRefused(proof, notInBlock(index));
    }

    function testFuzz_RevertWhen_IndexIsOfNone(uint256 index) external {
        // The root's children are at 0, 1 and 8, the first nibbles of the keys of 20 transactions.
        index = bound(index, 0x20, 0x7f);
        ReceiptProof memory proof = minedProofAmong(20, 7);
        proof.transactionIndex = index;

        assertRefused(proof, invalidEncoding());
    }

    function testFuzz_ShowsEachTransactionOfABlock(uint256 count, uint256 index) external {
        count = bound(count, 1, 40);
        ReceiptProof memory proof = minedProofAmong(count, bound(index, 0, count - 1));

        assertShows(proof);
    }

    function test_ShowsTransactionsOnBothSidesOfALongerKey() external {
        assertShows(minedProofAmong(300, 127));
        assertShows(minedProofAmong(300, 128));
        assertShows(minedProofAmong(300, 255));
        assertShows(minedProofAmong(300, 256));
    }

    /* RECEIPT */

    function testFuzz_RevertWhen_TypeIsUnknown(uint8 receiptType) external {
        receiptType = uint8(bound(receiptType, 5, 0xbf));
        vm.assume(receiptType != ReceiptBuilder.DEPOSIT);
        ReceiptProof memory proof = minedProof(ReceiptBuilder.encodeReceipt(receiptType, paymentLogs()));

        assertRefused(proof, abi.encodeWithSelector(IReceiptVerifier.ReceiptTypeUnknown.selector, receiptType));
    }

    function test_RevertWhen_TypeIsOneBeyondTheKnown() external {
        uint8[5] memory types = [5, 0x7d, 0x7f, 0x80, 0xbf];
        for (uint256 i = 0; i < types.length; ++i) {
            ReceiptProof memory proof = minedProof(ReceiptBuilder.encodeReceipt(types[i], paymentLogs()));

            assertRefused(proof, abi.encodeWithSelector(IReceiptVerifier.ReceiptTypeUnknown.selector, types[i]));
        }
    }

    function test_RevertWhen_TypeIsZero() external {
        bytes memory untyped = ReceiptBuilder.encodeReceipt(ReceiptBuilder.LEGACY, paymentLogs());
        ReceiptProof memory proof = minedProof(abi.encodePacked(uint8(0), untyped));

        assertRefused(proof, abi.encodeWithSelector(IReceiptVerifier.ReceiptTypeUnknown.selector, 0));
    }

    function test_ShowsReceiptsOfEachType() external {
        uint8[6] memory types = [ReceiptBuilder.LEGACY, 1, 2, 3, 4, ReceiptBuilder.DEPOSIT];
        for (uint256 i = 0; i < types.length; ++i) {
            assertShows(minedProof(ReceiptBuilder.encodeReceipt(types[i], paymentLogs())));
        }
    }

    function test_RevertWhen_ReceiptIsAllType() external {
        assertRefused(minedProof(hex"02"), malformed());
    }

    function test_RevertWhen_ReceiptHasNoItems() external {
        assertRefused(minedProof(hex"c0"), malformed());
    }

    function test_RevertWhen_ReceiptHasThreeItems() external {
        bytes memory receipt = RLP.encoder().push(uint256(1)).push(uint256(21_000)).push(new bytes(256)).encode();

        assertRefused(minedProof(receipt), malformed());
    }

    function test_RevertWhen_SomethingFollowsTheReceipt() external {
        bytes memory receipt = ReceiptBuilder.encodeReceipt(2, paymentLogs());

        assertRefused(minedProof(bytes.concat(receipt, hex"00")), invalidEncoding());
    }

    function test_RevertWhen_SomethingFollowsTheLeaf() external {
        ReceiptProof memory proof = minedProof();
        proof.nodes[0] = bytes.concat(proof.nodes[0], hex"00");
        proof.header = headerWith(keccak256(proof.nodes[0]));
        mine(proof.header);

        assertRefused(proof, invalidEncoding());
    }

    function test_RevertWhen_StatusIsNotOne() external {
        // Failed; two; the state root of receipts before Byzantium; a list.
        bytes[4] memory states = [bytes(hex"80"), hex"02", abi.encodePacked(hex"a0", bytes32(uint256(1))), hex"c101"];
        for (uint256 i = 0; i < states.length; ++i) {
            bytes memory receipt = ReceiptBuilder.encodeReceipt(2, states[i], ReceiptBuilder.encodeLogs(paymentLogs()));

            assertRefused(minedProof(receipt), abi.encodeWithSelector(IReceiptVerifier.ReceiptNotSuccessful.selector));
        }
    }

    /* PLACE OF THE LOGS */

    function test_RevertWhen_ReceiptHasNoLogs() external {
        assertLogsRefused(new Log[](0), missing(0, 0));
    }

    function test_RevertWhen_ReceiptHasOneLog() external {
        Log[] memory logs = new Log[](1);
        logs[0] = authorizationLog(PAYER, NONCE);

        assertLogsRefused(logs, missing(0, 1));
    }

    function testFuzz_RevertWhen_NoLogIsBehind(uint256 logIndex) external {
        logIndex = bound(logIndex, 1, type(uint256).max);
        ReceiptProof memory proof = minedProof();
        proof.logIndex = logIndex;

        assertRefused(proof, missing(logIndex, 2));
    }

    function testFuzz_ShowsPaymentAmongOtherLogs(uint256 count, uint256 logIndex) external {
        count = bound(count, 2, 20);
        ReceiptProof memory proof;
        logIndex = bound(logIndex, 0, count - 2);
        Log[] memory logs = new Log[](count);
        for (uint256 i = 0; i < count; ++i) logs[i] = Log(OTHER_TOKEN, new bytes32[](0), abi.encode(i));
        (logs[logIndex], logs[logIndex + 1]) = (paymentLogs()[0], paymentLogs()[1]);
        proof = minedProof(logs);
        proof.logIndex = logIndex;

        assertShows(proof);
    }

    function testFuzz_ShowsEachPaymentOfABatch(uint256 count, uint256 picked) external {
        count = bound(count, 1, 10);
        picked = bound(picked, 0, count - 1);
        Log[] memory logs = new Log[](2 * count);
        for (uint256 i = 0; i < count; ++i) {
            address payer = address(uint160(PAYER) + uint160(i));
            logs[2 * i] = authorizationLog(payer, bytes32(i));
            logs[2 * i + 1] = transferLog(payer, RECIPIENT, i);
        }
        ReceiptProof memory proof = minedProof(logs);
        proof.logIndex = 2 * picked;

        assertShows(
            proof,
            AuthorizedTransfer(address(uint160(PAYER) + uint160(picked)), bytes32(picked), RECIPIENT, picked, TIMESTAMP)
        );
    }

    /* EMITTER */

    function testFuzz_RevertWhen_AuthorizationIsOfAnotherToken(address emitter) external {
        vm.assume(emitter != TOKEN);
        Log[] memory logs = paymentLogs();
        logs[0].emitter = emitter;

        assertLogsRefused(logs, ofOtherToken(0, emitter));
    }

    function testFuzz_RevertWhen_TransferIsOfAnotherToken(address emitter) external {
        vm.assume(emitter != TOKEN);
        Log[] memory logs = paymentLogs();
        logs[1].emitter = emitter;

        assertLogsRefused(logs, ofOtherToken(1, emitter));
    }

    function test_RevertWhen_AnotherTokenComesBetween() external {
        Log[] memory logs = new Log[](3);
        (logs[0], logs[1], logs[2]) = (paymentLogs()[0], paymentLogs()[1], paymentLogs()[1]);
        logs[1].emitter = OTHER_TOKEN;

        assertLogsRefused(logs, ofOtherToken(1, OTHER_TOKEN));
    }

    function test_RevertWhen_AnotherTokenIsAskedFor() external {
        ReceiptProof memory proof = minedProof();

        vm.expectRevert(abi.encodeWithSelector(IReceiptVerifier.LogOfOtherToken.selector, 0, TOKEN, OTHER_TOKEN));
        verifier.authorizedTransferIn(OTHER_TOKEN, proof);
    }

    /* AUTHORIZATION */

    function test_RevertWhen_AuthorizationWasCanceled() external {
        Log[] memory logs = paymentLogs();
        logs[0].topics[0] = AUTHORIZATION_CANCELED;

        assertLogsRefused(logs, notAuthorization());
    }

    function testFuzz_RevertWhen_FirstLogIsAnotherEvent(bytes32 topic) external {
        vm.assume(topic != AUTHORIZATION_USED);
        Log[] memory logs = paymentLogs();
        logs[0].topics[0] = topic;

        assertLogsRefused(logs, notAuthorization());
    }

    function test_RevertWhen_IndexIsTheTransfers() external {
        Log[] memory logs = new Log[](3);
        (logs[0], logs[1], logs[2]) = (paymentLogs()[0], paymentLogs()[1], paymentLogs()[1]);
        ReceiptProof memory proof = minedProof(logs);
        proof.logIndex = 1;

        assertRefused(proof, abi.encodeWithSelector(IReceiptVerifier.LogNotAuthorization.selector, 1));
    }

    function test_RevertWhen_AuthorizationHasOtherThanThreeTopics() external {
        for (uint256 count = 0; count < 5; ++count) {
            if (count == 3) continue;
            Log[] memory logs = paymentLogs();
            logs[0].topics = resized(logs[0].topics, count);

            assertLogsRefused(logs, notAuthorization());
        }
    }

    function testFuzz_RevertWhen_PayerIsNoAddress(uint96 dirt) external {
        vm.assume(dirt != 0);
        Log[] memory logs = paymentLogs();
        logs[0].topics[1] |= bytes32(uint256(dirt) << 160);
        logs[1].topics[1] = logs[0].topics[1];

        assertLogsRefused(logs, notAuthorization());
    }

    function testFuzz_RevertWhen_AuthorizationHasData(bytes calldata data) external {
        vm.assume(data.length != 0);
        Log[] memory logs = paymentLogs();
        logs[0].data = data;

        assertLogsRefused(logs, notAuthorization());
    }

    function test_RevertWhen_AuthorizationHasAByteOfData() external {
        bytes[4] memory data = [bytes(hex"00"), hex"01", hex"7f", hex"80"];
        for (uint256 i = 0; i < data.length; ++i) {
            Log[] memory logs = paymentLogs();
            logs[0].data = data[i];

            assertLogsRefused(logs, notAuthorization());
        }
    }

    /* TRANSFER */

    function testFuzz_RevertWhen_SecondLogIsAnotherEvent(bytes32 topic) external {
        vm.assume(topic != TRANSFER);
        Log[] memory logs = paymentLogs();
        logs[1].topics[0] = topic;

        assertLogsRefused(logs, notTransfer());
    }

    function testFuzz_RevertWhen_TransferIsByAnother(address from) external {
        vm.assume(from != PAYER);
        Log[] memory logs = paymentLogs();
        logs[1].topics[1] = word(from);

        assertLogsRefused(logs, notTransfer());
    }

    function testFuzz_RevertWhen_SenderOfTransferIsNoAddress(uint96 dirt) external {
        vm.assume(dirt != 0);
        Log[] memory logs = paymentLogs();
        logs[1].topics[1] |= bytes32(uint256(dirt) << 160);

        assertLogsRefused(logs, notTransfer());
    }

    function testFuzz_RevertWhen_RecipientIsNoAddress(uint96 dirt) external {
        vm.assume(dirt != 0);
        Log[] memory logs = paymentLogs();
        logs[1].topics[2] |= bytes32(uint256(dirt) << 160);

        assertLogsRefused(logs, notTransfer());
    }

    function test_RevertWhen_TransferHasOtherThanThreeTopics() external {
        for (uint256 count = 0; count < 5; ++count) {
            if (count == 3) continue;
            Log[] memory logs = paymentLogs();
            logs[1].topics = resized(logs[1].topics, count);

            assertLogsRefused(logs, notTransfer());
        }
    }

    function test_RevertWhen_DataOfTransferIsNoWord() external {
        uint8[6] memory lengths = [0, 1, 31, 33, 55, 64];
        for (uint256 i = 0; i < lengths.length; ++i) {
            Log[] memory logs = paymentLogs();
            logs[1].data = new bytes(lengths[i]);

            assertLogsRefused(logs, notTransfer());
        }
    }

    /* SHAPE OF THE LOGS */

    function test_RevertWhen_LogHasOtherThanThreeItems() external {
        Log memory log = paymentLogs()[0];
        bytes memory emitter = RLP.encode(log.emitter);
        bytes memory list = ReceiptBuilder.encodeTopics(log.topics);

        assertRefused(proofOfFirstLog(RLP.encode(items(emitter, list))), malformed());
        assertRefused(proofOfFirstLog(RLP.encode(items(emitter, list, hex"80", hex"80"))), malformed());
    }

    function test_RevertWhen_EmitterIsNoAddress() external {
        bytes memory list = ReceiptBuilder.encodeTopics(paymentLogs()[0].topics);

        assertRefused(proofOfFirstLog(RLP.encode(items(hex"80", list, hex"80"))), malformed());
        assertRefused(proofOfFirstLog(RLP.encode(items(RLP.encode(word(TOKEN)), list, hex"80"))), malformed());
    }

    function test_RevertWhen_TopicIsNoWord() external {
        bytes memory emitter = RLP.encode(TOKEN);
        for (uint256 place = 0; place < 3; ++place) {
            bytes[] memory topics = items(RLP.encode(AUTHORIZATION_USED), RLP.encode(word(PAYER)), RLP.encode(NONCE));
            topics[place] = RLP.encode(new bytes(31));

            assertRefused(proofOfFirstLog(RLP.encode(items(emitter, RLP.encode(topics), hex"80"))), malformed());
        }
    }

    /* ANSWER */

    function testFuzz_AnswersWithWhatTheLogsSay(AuthorizedTransfer calldata expected) external {
        Log[] memory logs = new Log[](2);
        logs[0] = authorizationLog(expected.payer, expected.nonce);
        logs[1] = transferLog(expected.payer, expected.recipient, expected.value);
        ReceiptProof memory proof = minedProof(logs);
        proof.header = ReceiptBuilder.encodeHeader(NUMBER, expected.timestamp, rootOf(proof), "");
        mine(proof.header);

        assertShows(proof, expected);
    }

    function test_AnswersWithTheLastAddressThereIs() external {
        address last = address(type(uint160).max);
        AuthorizedTransfer memory expected;
        (expected.payer, expected.recipient, expected.value, expected.timestamp) = (last, last, 1, 1);
        Log[] memory logs = new Log[](2);
        logs[0] = authorizationLog(last, expected.nonce);
        logs[1] = transferLog(last, last, 1);
        ReceiptProof memory proof = minedProof(logs);
        proof.header = ReceiptBuilder.encodeHeader(NUMBER, expected.timestamp, rootOf(proof), "");
        mine(proof.header);

        assertShows(proof, expected);
    }

    function testFuzz_AnswersAnybodyAndAgain(address caller) external {
        ReceiptProof memory proof = minedProof();
        assertShows(proof);

        vm.prank(caller);
        assertShows(proof);
    }

    /* ERRORS */

    function invalidEncoding() private pure returns (bytes memory) {
        return abi.encodeWithSelector(RLP.RLPInvalidEncoding.selector);
    }

    function tooOld(uint256 distance) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReceiptVerifier.BlockTooOld.selector, NUMBER, NUMBER + distance);
    }

    function mismatch(bytes memory header) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReceiptVerifier.BlockHashMismatch.selector, NUMBER, keccak256(header));
    }

    function notInBlock(uint256 index) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReceiptVerifier.ReceiptNotInBlock.selector, index);
    }

    function malformed() private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReceiptVerifier.ReceiptMalformed.selector);
    }

    function missing(uint256 logIndex, uint256 logs) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReceiptVerifier.LogMissing.selector, logIndex, logs);
    }

    function ofOtherToken(uint256 logIndex, address emitter) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReceiptVerifier.LogOfOtherToken.selector, logIndex, emitter, TOKEN);
    }

    function notAuthorization() private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReceiptVerifier.LogNotAuthorization.selector, 0);
    }

    function notTransfer() private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReceiptVerifier.LogNotTransfer.selector, 1);
    }

    /* BLOCKS */

    /// @notice In a block of one receipt the only node is the root.
    function rootOf(ReceiptProof memory proof) private pure returns (bytes32) {
        return keccak256(proof.nodes[0]);
    }

    function proofWithHeaderOf(uint256 length) private pure returns (ReceiptProof memory proof) {
        proof = proofIn(only(ReceiptBuilder.encodeReceipt(2, paymentLogs())), 0);
        // Shorter data has a shorter prefix: begin with what has the same prefix as the result.
        bytes memory extraData = new bytes(1000);
        uint256 rest = ReceiptBuilder.encodeHeader(NUMBER, TIMESTAMP, rootOf(proof), extraData).length - 1000;
        proof.header = ReceiptBuilder.encodeHeader(NUMBER, TIMESTAMP, rootOf(proof), new bytes(length - rest));
        assertEq(proof.header.length, length, "length of the header");
    }

    function minedProofAmong(uint256 count, uint256 index) private returns (ReceiptProof memory proof) {
        proof = proofIn(receiptsAround(ReceiptBuilder.encodeReceipt(2, paymentLogs()), count, index), index);
        mine(proof.header);
    }

    /// @notice `count` receipts, `receipt` at `index` and others around it.
    function receiptsAround(
        bytes memory receipt,
        uint256 count,
        uint256 index
    ) private pure returns (bytes[] memory receipts) {
        receipts = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) receipts[i] = ReceiptBuilder.encodeReceipt(uint8(i % 5), new Log[](0));
        receipts[index] = receipt;
    }

    /// @notice A transaction below 2^24 among eight others, one for each nibble of its key that another key leaves.
    function deepestProof() private returns (ReceiptProof memory proof) {
        uint256[] memory indices = new uint256[](9);
        (indices[0], indices[1], indices[2]) = (0x123456, 1, 0);
        for (uint256 i = 0; i < 6; ++i) indices[3 + i] = 0x123456 ^ (0x800000 >> (4 * i));
        bytes32 root;
        bytes[] memory receipts = receiptsAround(ReceiptBuilder.encodeReceipt(2, paymentLogs()), 9, 0);
        (root, proof.nodes) = ReceiptBuilder.prove(indices, receipts, 0);
        proof.header = headerWith(root);
        proof.transactionIndex = 0x123456;
        mine(proof.header);
    }

    function proofOfFirstLog(bytes memory log) private returns (ReceiptProof memory) {
        bytes memory logs = RLP.encode(items(log, ReceiptBuilder.encodeLog(paymentLogs()[1])));
        return minedProof(ReceiptBuilder.encodeReceipt(2, hex"01", logs));
    }

    /* LISTS */

    function items(bytes memory first, bytes memory second) private pure returns (bytes[] memory list) {
        list = new bytes[](2);
        (list[0], list[1]) = (first, second);
    }

    function items(
        bytes memory first,
        bytes memory second,
        bytes memory third
    ) private pure returns (bytes[] memory list) {
        return longer(items(first, second), third);
    }

    function items(
        bytes memory first,
        bytes memory second,
        bytes memory third,
        bytes memory fourth
    ) private pure returns (bytes[] memory list) {
        return longer(items(first, second, third), fourth);
    }

    function longer(bytes[] memory list, bytes memory item) private pure returns (bytes[] memory result) {
        result = new bytes[](list.length + 1);
        for (uint256 i = 0; i < list.length; ++i) result[i] = list[i];
        result[list.length] = item;
    }

    function cut(bytes[] memory list, uint256 count) private pure returns (bytes[] memory result) {
        result = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) result[i] = list[i];
    }

    function resized(bytes32[] memory list, uint256 count) private pure returns (bytes32[] memory result) {
        result = new bytes32[](count);
        for (uint256 i = 0; i < count && i < list.length; ++i) result[i] = list[i];
    }
}
