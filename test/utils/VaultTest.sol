// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ReceiptVerifier} from "../../contracts/ReceiptVerifier.sol";
import {VaultFactory} from "../../contracts/VaultFactory.sol";
import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {TypedDataLib} from "../../contracts/libraries/TypedDataLib.sol";
import {Authorization, Method, PaymentRef} from "../../contracts/types/Payment.sol";
import {Withdraw} from "../../contracts/types/TypedData.sol";
import {OwnedWallet} from "../mocks/OwnedWallet.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {ProtocolTest} from "./ProtocolTest.sol";

/// @title VaultTest
/// @notice What the tests of every kind of vault share: a token, the parties, payments, credits, signatures
/// and scarce gas.
abstract contract VaultTest is ProtocolTest {
    uint40 internal constant START = 1_760_000_001; // not at a full hour
    uint256 internal constant PAYOUT_GAS = 150_000;
    uint256 internal constant PRICE = 1_000_000;

    uint256 internal constant MIN_PAYOUT_GAS = 100_000;
    uint256 internal constant PAYOUT_RESERVE_GAS = 60_000;
    /// @dev At most what passes between the check and the gas that the error tells.
    uint256 internal constant GAS_OF_ERROR = 100;
    uint256 internal constant SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    ReceiptVerifier internal verifier;
    VaultFactory internal factory;
    Token3009 internal token;

    Account internal payer;
    Account internal otherPayer;
    Account internal receiver;
    Account internal operator;
    Account internal stranger;
    address internal feeReceiver;

    function setUp() public virtual {
        vm.warp(START);
        verifier = deployVerifier();
        token = new Token3009();

        payer = makeAccount("payer");
        otherPayer = makeAccount("otherPayer");
        receiver = makeAccount("receiver");
        operator = makeAccount("operator");
        stranger = makeAccount("stranger");
        feeReceiver = makeAccount("feeReceiver").addr;

        token.mint(payer.addr, 1e30);
        token.mint(otherPayer.addr, 1e30);
    }

    /// @notice From now on payments are made in `newToken`.
    function use(Token3009 newToken) internal virtual {
        token = newToken;
        token.mint(payer.addr, 1e30);
        token.mint(otherPayer.addr, 1e30);
    }

    /// @notice The vault that is tested, of whatever kind.
    function testedVault() internal view virtual returns (ISurplus);

    /// @notice The name in the EIP-712 domain of its kind.
    function domainName() internal pure virtual returns (string memory);

    /* PAY */

    /// @notice A valid authorization of `from` to `to`, signed with its key.
    function authorize(
        Account memory from,
        address to,
        uint256 value,
        bytes32 nonce
    ) internal view returns (Authorization memory authorization) {
        authorization.token = address(token);
        authorization.payer = from.addr;
        authorization.value = value;
        authorization.validBefore = type(uint40).max;
        authorization.nonce = nonce;
        authorization.signature = sign(
            from.key,
            token.digestOf(from.addr, to, value, 0, authorization.validBefore, nonce)
        );
    }

    function pay(Account memory from, uint256 value, bytes32 nonce) internal returns (PaymentRef memory) {
        testedVault().pay(authorize(from, address(testedVault()), value, nonce));
        return refOf(from.addr, nonce);
    }

    function refOf(address from, bytes32 nonce) internal view returns (PaymentRef memory) {
        return PaymentRef({method: Method.Eip3009, token: address(token), payer: from, nonce: nonce});
    }

    /* ACCOUNTS WITH CODE */

    /// @notice A contract account of `owner` that has tokens.
    function makeWallet(Account memory owner) internal returns (Account memory account) {
        account.addr = address(new OwnedWallet(owner.addr));
        account.key = owner.key;
        token.mint(account.addr, 1e30);
    }

    /// @notice Makes `account` an EIP-7702 account that delegates to a wallet of `owner`.
    function delegateToWalletOf(Account memory account, Account memory owner) internal {
        vm.etch(account.addr, abi.encodePacked(hex"ef0100", address(new OwnedWallet(owner.addr))));
    }

    function signAuthorization(
        Account memory from,
        Authorization memory authorization
    ) internal view returns (bytes memory) {
        bytes32 message = token.digestOf({
            from: from.addr,
            to: address(testedVault()),
            value: authorization.value,
            validAfter: authorization.validAfter,
            validBefore: authorization.validBefore,
            nonce: authorization.nonce
        });
        return sign(from.key, message);
    }

    /* MESSAGES */

    function signWithdraw(Account memory signer, Withdraw memory message) internal view returns (bytes memory) {
        return sign(signer.key, digest(keccak256(abi.encode(TypedDataLib.WITHDRAW_TYPEHASH, message))));
    }

    /// @notice The EIP-712 digest for the vault's domain, computed here and not by the vault.
    function digest(bytes32 structHash) internal view returns (bytes32) {
        return digestIn(structHash, block.chainid, address(testedVault()));
    }

    /// @notice As `digest`, for any domain of the kind.
    function digestIn(bytes32 structHash, uint256 chainId, address verifyingContract) internal pure returns (bytes32) {
        return digestIn(structHash, domainName(), chainId, verifyingContract);
    }

    /// @notice As `digest`, for any domain.
    function digestIn(
        bytes32 structHash,
        string memory name,
        uint256 chainId,
        address verifyingContract
    ) internal pure returns (bytes32) {
        bytes32 separator = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256("1"),
                chainId,
                verifyingContract
            )
        );
        return keccak256(abi.encodePacked(hex"1901", separator, structHash));
    }

    /* CREDITS */

    function assertCredit(address owner, uint256 expectedBalance, uint256 expectedWithdrawn) internal view {
        (uint256 balance, uint256 withdrawn) = testedVault().creditOf(address(token), owner);
        assertEq(balance, expectedBalance, "credit");
        assertEq(withdrawn, expectedWithdrawn, "withdrawn");
    }

    function creditOf(address owner) internal view returns (uint256 credit) {
        (credit, ) = testedVault().creditOf(address(token), owner);
    }

    function liabilities() internal view returns (uint256) {
        return testedVault().liabilitiesOf(address(token));
    }

    function expectCredited(address owner, uint256 amount, uint256 balance) internal {
        vm.expectEmit(address(testedVault()));
        emit IVault.Credited(address(token), owner, amount, balance);
    }

    /// @notice What the owner signs to send the whole credit to `to`.
    function withdrawMessage(address owner, address to) internal view returns (Withdraw memory) {
        (uint256 balance, uint256 withdrawn) = testedVault().creditOf(address(token), owner);
        return
            Withdraw({
                token: address(token),
                owner: owner,
                to: to,
                expectedCredit: balance,
                expectedWithdrawn: withdrawn,
                deadline: block.timestamp + 1 days
            });
    }

    /* SIGNATURES */

    /// @notice The other signature of the same key over the same digest, which ECDSA without a low s would accept.
    function malleate(bytes memory signature) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 s, uint8 v) = split(signature);
        return abi.encodePacked(r, SECP256K1_ORDER - uint256(s), v == 27 ? uint8(28) : uint8(27));
    }

    function withV(bytes memory signature, uint8 v) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 s, ) = split(signature);
        return abi.encodePacked(r, s, v);
    }

    function truncate(bytes memory signature) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 s, ) = split(signature);
        return abi.encodePacked(r, s);
    }

    /// @notice The EIP-2098 form of the same signature.
    function compact(bytes memory signature) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 s, uint8 v) = split(signature);
        return abi.encodePacked(r, v == 28 ? bytes32(uint256(s) | (1 << 255)) : s);
    }

    function split(bytes memory signature) internal pure returns (bytes32 r, bytes32 s, uint8 v) {
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
            v := byte(0, mload(add(signature, 0x60)))
        }
    }

    /* GAS */

    /// @notice What must be left for a payout with `payoutGas`.
    function neededGas(uint256 payoutGas) internal pure returns (uint256) {
        return (payoutGas * 64) / 63 + PAYOUT_RESERVE_GAS;
    }

    /// @notice Calls the vault as `by` with more and more gas, from `gas` on, until it does not revert; insists that only
    /// the last bit of gas was missing before.
    /// @param by The caller.
    /// @param data The call.
    /// @param gas Not enough.
    function raiseGasUntilEnough(address by, bytes memory data, uint256 gas) internal {
        uint256 needed = neededGas(PAYOUT_GAS);
        uint256 highestGasLeft;
        while (true) {
            vm.prank(by);
            (bool success, bytes memory answer) = address(testedVault()).call{gas: gas}(data);
            if (success) break;
            uint256 toldNeeded;
            (highestGasLeft, toldNeeded) = decodeGasLeftTooLow(answer);
            assertEq(toldNeeded, needed, "needed gas");
            // Of one more unit of gas at most one arrives behind the clone, so this never goes too far.
            uint256 missing = needed - highestGasLeft;
            gas += missing > GAS_OF_ERROR ? missing - GAS_OF_ERROR : 1;
        }
        assertGe(highestGasLeft, needed - GAS_OF_ERROR, "one unit less was refused");
    }

    function decodeGasLeftTooLow(bytes memory answer) internal pure returns (uint256 gasLeft, uint256 needed) {
        assertEq(answer.length, 68, "length of the error");
        assertEq(bytes4(answer), IVault.GasLeftTooLow.selector, "selector of the error");
        assembly ("memory-safe") {
            gasLeft := mload(add(answer, 0x24))
            needed := mload(add(answer, 0x44))
        }
    }
}
