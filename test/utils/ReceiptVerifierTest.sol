// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ReceiptVerifier} from "../../contracts/ReceiptVerifier.sol";
import {AuthorizedTransfer, ReceiptProof} from "../../contracts/types/Receipt.sol";
import {Log, ReceiptBuilder} from "./ReceiptBuilder.sol";
import {ProtocolTest} from "./ProtocolTest.sol";

/// @title ReceiptVerifierTest
/// @notice A verifier, a chain whose blocks a test writes, and a payment as the logs of a token tell it.
abstract contract ReceiptVerifierTest is ProtocolTest {
    uint256 internal constant NUMBER = 20_000_000;
    uint40 internal constant TIMESTAMP = 1_760_000_001;
    uint256 internal constant VALUE = 1_000_000;
    bytes32 internal constant NONCE = "nonce";

    uint256 internal constant BLOCKHASH_REACH = 256;
    uint256 internal constant HISTORY_REACH = 8191;
    address internal constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    /// @dev What EIP-2935 puts there.
    bytes internal constant HISTORY_CODE =
        hex"3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500";

    bytes32 internal constant AUTHORIZATION_USED = keccak256("AuthorizationUsed(address,bytes32)");
    bytes32 internal constant AUTHORIZATION_CANCELED = keccak256("AuthorizationCanceled(address,bytes32)");
    bytes32 internal constant TRANSFER = keccak256("Transfer(address,address,uint256)");

    address internal constant TOKEN = address(0x70cE4);
    address internal constant OTHER_TOKEN = address(0x0f4E6);
    address internal constant PAYER = address(0x9A7e6);
    address internal constant OTHER_PAYER = address(0x0f9A7e6);
    address internal constant RECIPIENT = address(0x7ec1);

    ReceiptVerifier internal verifier;

    function setUp() public virtual {
        verifier = deployVerifier();
        vm.etch(HISTORY, HISTORY_CODE);
        vm.roll(NUMBER + 1);
    }

    /* CHAIN */

    /// @notice Makes `header` that of the block `NUMBER`, at a distance of `distance` from the current one.
    function mine(bytes memory header, uint256 distance) internal {
        vm.roll(NUMBER + distance);
        if (distance <= BLOCKHASH_REACH) vm.setBlockhash(NUMBER, keccak256(header));
        vm.store(HISTORY, bytes32(NUMBER % HISTORY_REACH), keccak256(header));
    }

    function mine(bytes memory header) internal {
        mine(header, 1);
    }

    /// @notice A header of the block `NUMBER`, which the chain does not know yet.
    function headerWith(bytes32 receiptsRoot) internal pure returns (bytes memory) {
        return ReceiptBuilder.encodeHeader(NUMBER, TIMESTAMP, receiptsRoot, "");
    }

    /* LOGS */

    function authorizationLog(address payer, bytes32 nonce) internal pure returns (Log memory) {
        return Log(TOKEN, topics(AUTHORIZATION_USED, word(payer), nonce), "");
    }

    function transferLog(address from, address to, uint256 value) internal pure returns (Log memory) {
        return Log(TOKEN, topics(TRANSFER, word(from), word(to)), abi.encode(value));
    }

    /// @notice What the token logs when `PAYER` pays.
    function paymentLogs() internal pure returns (Log[] memory logs) {
        logs = new Log[](2);
        logs[0] = authorizationLog(PAYER, NONCE);
        logs[1] = transferLog(PAYER, RECIPIENT, VALUE);
    }

    function topics(bytes32 first, bytes32 second, bytes32 third) internal pure returns (bytes32[] memory list) {
        list = new bytes32[](3);
        (list[0], list[1], list[2]) = (first, second, third);
    }

    function word(address account) internal pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }

    /* PROOFS */

    function only(bytes memory receipt) internal pure returns (bytes[] memory receipts) {
        receipts = new bytes[](1);
        receipts[0] = receipt;
    }

    /// @notice A proof of the first two logs in the receipt at `index`, whose header nobody mined yet.
    function proofIn(bytes[] memory receipts, uint256 index) internal pure returns (ReceiptProof memory proof) {
        bytes32 root;
        (root, proof.nodes) = ReceiptBuilder.prove(receipts, index);
        proof.header = headerWith(root);
        proof.transactionIndex = index;
    }

    /// @notice The same in a block of this one receipt, which is mined.
    function minedProof(bytes memory receipt) internal returns (ReceiptProof memory proof) {
        proof = proofIn(only(receipt), 0);
        mine(proof.header);
    }

    function minedProof(Log[] memory logs) internal returns (ReceiptProof memory) {
        return minedProof(ReceiptBuilder.encodeReceipt(2, logs));
    }

    function minedProof() internal returns (ReceiptProof memory) {
        return minedProof(paymentLogs());
    }

    function assertShows(ReceiptProof memory proof) internal view {
        assertShows(proof, AuthorizedTransfer(PAYER, NONCE, RECIPIENT, VALUE, TIMESTAMP));
    }

    function assertShows(ReceiptProof memory proof, AuthorizedTransfer memory expected) internal view {
        AuthorizedTransfer memory transfer = verifier.authorizedTransferIn(TOKEN, proof);

        assertEq(transfer.payer, expected.payer, "payer");
        assertEq(transfer.nonce, expected.nonce, "nonce");
        assertEq(transfer.recipient, expected.recipient, "recipient");
        assertEq(transfer.value, expected.value, "value");
        assertEq(transfer.timestamp, expected.timestamp, "timestamp");
    }

    /// @notice Insists on exactly `reason`.
    function assertRefused(ReceiptProof memory proof, bytes memory reason) internal {
        vm.expectRevert(reason);
        verifier.authorizedTransferIn(TOKEN, proof);
    }

    function assertLogsRefused(Log[] memory logs, bytes memory reason) internal {
        assertRefused(minedProof(logs), reason);
    }
}
