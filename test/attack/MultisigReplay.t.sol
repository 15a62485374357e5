// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IMultisig} from "../../contracts/interfaces/IMultisig.sol";
import {BlobKind, DomainKind, MessageKind} from "../../contracts/types/Blob.sol";
import {MultisigConfig, TokenRules} from "../../contracts/types/MultisigConfig.sol";
import {Call, Execute, PaymentApproval, StandingApproval} from "../../contracts/types/TypedData.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {MultisigAttackTest} from "./MultisigAttackTest.sol";

/// @dev Assumption broken: what a signer approved of is used once, where, when and for what it was signed. All that are signed here
/// never expire.
contract MultisigReplayTest is MultisigAttackTest {
    /// @dev In storage, because the optimizer reads a local copy of `block.chainid` anew after it has changed.
    uint256 private _oldChainId;
    Token3009 private _otherToken;

    function setUp() public override {
        super.setUp();
        _oldChainId = block.chainid;
        _otherToken = new Token3009();
    }

    /* PAYMENTS */

    function test_RevertWhen_APaymentIsPresentedTwice() external {
        (PaymentApproval memory payment, bytes memory blob) = _signedPayment(all());
        pay(payment, blob);
        vm.expectRevert(
            abi.encodeWithSelector(Token3009.AuthorizationUsedOrCanceled.selector, address(account), payment.nonce)
        );
        pay(payment, blob);
    }

    function test_RevertWhen_AnotherAccountOfTheSameSignersShallPay() external {
        (PaymentApproval memory payment, bytes memory blob) = _signedPayment(all());
        use(deployAccount(defaultConfig(), "other"));
        token.mint(address(account), BALANCE);
        vm.expectRevert(abi.encodeWithSelector(Token3009.AuthorizationSignatureInvalid.selector, address(account)));
        pay(payment, blob);
    }

    function test_DeniesWhatWasSignedForAnotherChain() external {
        (PaymentApproval memory payment, bytes memory blob) = _signedPayment(all());
        bytes32 oldDigest = tokenDigest(payment);
        vm.chainId(_oldChainId + 1);
        assertDenied(oldDigest, blob);
        assertDenied(tokenDigest(payment), blob);
    }

    function test_DeniesWhatWasSignedBeforeTheRulesChanged() external {
        (PaymentApproval memory payment, bytes memory blob) = _signedPayment(all());
        assertAccepted(tokenDigest(payment), blob);
        reconfigure(defaultConfig());
        assertDenied(tokenDigest(payment), blob);
    }

    /// @dev Rules that are again what they were are new rules all the same.
    function test_DeniesItWhenTheOldRulesAreBack() external {
        (PaymentApproval memory payment, bytes memory blob) = _signedPayment(all());
        MultisigConfig memory config = defaultConfig();
        config.tokens[0].refillPerDay += 1;
        reconfigure(config);
        reconfigure(defaultConfig());
        assertDenied(tokenDigest(payment), blob);
    }

    function test_DeniesATransferAsReceive() external {
        (PaymentApproval memory payment, bytes memory blob) = _signedPayment(all());
        payment.method = RECEIVE;
        blob[0] = bytes1(uint8(BlobKind.Receive));
        assertDenied(tokenDigest(payment), blob);
    }

    function test_DeniesAReceiveAsTransfer() external {
        PaymentApproval memory payment = _payment();
        payment.method = RECEIVE;
        bytes memory blob = paymentBlob(payment, all());
        assertAccepted(tokenDigest(payment), blob);
        payment.method = TRANSFER;
        blob[0] = bytes1(uint8(BlobKind.Transfer));
        assertDenied(tokenDigest(payment), blob);
    }

    function test_DeniesATransferAsPermit2() external view {
        PaymentApproval memory payment = _payment();
        bytes memory signatures = signaturesOf(approvalDigest(payment), all());
        bytes memory blob = bytes.concat(headOf(BlobKind.Permit2, 0, payment), payment.nonce, signatures);
        assertDenied(_permitDigest(payment), blob);
        payment.method = PERMIT2;
        signatures = signaturesOf(approvalDigest(payment), all());
        blob = bytes.concat(headOf(BlobKind.Permit2, 0, payment), payment.nonce, signatures);
        assertAccepted(_permitDigest(payment), blob);
    }

    /// @dev What a human said to one payment is nothing said to many.
    function test_DeniesAPaymentAsStandingApproval() external view {
        StandingApproval memory approval = standingOf(SMALL, 10);
        PaymentApproval memory payment = paymentUnder(approval, 0, SMALL);
        bytes memory approved = signaturesOf(approvalDigest(payment), all());
        bytes memory blob = standingBlob(approval, 0, payment, all(), nobody());
        bytes memory forged = new bytes(blob.length - 2);
        for (uint256 i = 0; i < forged.length; ++i) forged[i] = blob[i];
        assertDenied(tokenDigest(payment), bytes.concat(forged, approved));
    }

    function test_DeniesATokensPaymentForAnother() external {
        MultisigConfig memory config = _configOfTwo();
        reconfigure(config);
        uint8 own = config.tokens[0].token == address(token) ? 0 : 1;
        (PaymentApproval memory payment, bytes memory blob) = _signedPayment(all());
        blob[1] = bytes1(own);
        assertAccepted(tokenDigest(payment), blob);
        payment.token = address(_otherToken);
        blob[1] = bytes1(1 - own);
        assertDenied(tokenDigest(payment), blob);
    }

    function test_DeniesItForTheTokenThatTookItsPlace() external {
        (PaymentApproval memory payment, bytes memory blob) = _signedPayment(all());
        MultisigConfig memory config = defaultConfig();
        config.tokens[0].token = address(_otherToken);
        reconfigure(config);
        payment.token = address(_otherToken);
        assertDenied(tokenDigest(payment), blob);
    }

    function test_DeniesATokenBeyondTheList() external view {
        (PaymentApproval memory payment, bytes memory blob) = _signedPayment(all());
        payment.token = address(0);
        blob[1] = bytes1(uint8(1));
        assertDenied(tokenDigest(payment), blob);
    }

    /// @dev A facilitator that changes anything changes what was signed.
    function testFuzz_DeniesAPaymentThatIsChanged(uint256 at, uint8 by) external view {
        (PaymentApproval memory payment, bytes memory blob) = _signedPayment(all());
        at = bound(at, 2, 175);
        by = uint8(bound(by, 1, 255));
        blob[at] = bytes1(uint8(blob[at]) ^ by);
        payment.payee = address(_slice(blob, 2));
        payment.value = uint128(bytes16(_slice(blob, 22)));
        payment.validAfter = uint40(bytes5(_slice(blob, 38)));
        payment.validBefore = uint40(bytes5(_slice(blob, 43)));
        payment.nonce = bytes32(bytes.concat(_slice(blob, 144), bytes12(_slice(blob, 164))));
        assertDenied(tokenDigest(payment), blob);
    }

    /* MESSAGES */

    function test_DeniesTheApprovalOfAMessageForAnotherVault() external view {
        bytes memory data = abi.encode(keccak256("payment"), bytes32(0), FOREVER);
        string memory approvalType =
            "MessageApproval(uint256 epoch,address verifyingContract,Dispute message)"
            "Dispute(bytes32 paymentId,bytes32 evidence,uint256 deadline)";
        bytes32 typeHash = keccak256("Dispute(bytes32 paymentId,bytes32 evidence,uint256 deadline)");
        bytes32 structHash = keccak256(bytes.concat(typeHash, data));
        bytes memory signatures = signaturesOf(
            messageApprovalDigest(approvalType, address(refundWindow), structHash),
            only(agent)
        );
        bytes memory blob = messageBlob(
            MessageKind.Dispute,
            DomainKind.RefundWindow,
            address(refundWindow),
            data,
            signatures
        );
        assertAccepted(digestIn("Recourse RefundWindow", _oldChainId, address(refundWindow), structHash), blob);
        blob = messageBlob(MessageKind.Dispute, DomainKind.RefundWindow, address(escrow), data, signatures);
        assertDenied(digestIn("Recourse RefundWindow", _oldChainId, address(escrow), structHash), blob);
    }

    /* CALLS */

    function test_RevertWhen_AnExecuteIsPresentedTwice() external {
        (Execute memory message, bytes memory signatures) = _signedExecute();
        account.execute(message, signatures);
        vm.expectRevert(abi.encodeWithSelector(IMultisig.NonceMismatch.selector, 1, 0));
        account.execute(message, signatures);
    }

    function test_RevertWhen_AnExecuteIsForAnotherAccount() external {
        (Execute memory message, bytes memory signatures) = _signedExecute();
        use(deployAccount(defaultConfig(), "other"));
        vm.expectRevert(IMultisig.SignaturesInvalid.selector);
        account.execute(message, signatures);
    }

    function test_RevertWhen_AnExecuteIsForAnotherChain() external {
        (Execute memory message, bytes memory signatures) = _signedExecute();
        vm.chainId(_oldChainId + 1);
        vm.expectRevert(IMultisig.SignaturesInvalid.selector);
        account.execute(message, signatures);
    }

    function test_RevertWhen_AnExecuteIsOfBeforeTheNewRules() external {
        Execute memory message = executeOf(Call({to: shop, value: 0, data: ""}));
        message.nonce = 1;
        bytes memory signatures = signaturesOf(executeDigest(message), both(alice, bob));
        reconfigure(defaultConfig());
        vm.expectRevert(abi.encodeWithSelector(IMultisig.EpochMismatch.selector, 1, 0));
        account.execute(message, signatures);
    }

    /* HELPERS */

    function _payment() private view returns (PaymentApproval memory payment) {
        payment = paymentOf(SMALL);
        payment.validBefore = FOREVER;
    }

    function _signedPayment(
        Account[] memory signers
    ) private view returns (PaymentApproval memory payment, bytes memory blob) {
        payment = _payment();
        blob = paymentBlob(payment, signers);
    }

    function _signedExecute() private view returns (Execute memory message, bytes memory signatures) {
        message = executeOf(Call({to: shop, value: 0, data: ""}));
        message.deadline = FOREVER;
        signatures = signaturesOf(executeDigest(message), both(alice, bob));
    }

    function _configOfTwo() private view returns (MultisigConfig memory config) {
        config = defaultConfig();
        config.tokens = new TokenRules[](2);
        bool isFirst = address(token) < address(_otherToken);
        config.tokens[0] = defaultRules(isFirst ? address(token) : address(_otherToken));
        config.tokens[1] = defaultRules(isFirst ? address(_otherToken) : address(token));
    }

    function _slice(bytes memory data, uint256 at) private pure returns (bytes20 part) {
        assembly ("memory-safe") {
            part := mload(add(add(data, 0x20), at))
        }
    }

    /// @dev What Permit2 asks for.
    function _permitDigest(PaymentApproval memory payment) private view returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,uint256 validAfter)"
                ),
                keccak256(
                    abi.encode(
                        keccak256("TokenPermissions(address token,uint256 amount)"),
                        payment.token,
                        payment.value
                    )
                ),
                0x402085c248EeA27D92E8b30b2C58ed07f9E20001,
                payment.nonce,
                payment.validBefore,
                keccak256(
                    abi.encode(keccak256("Witness(address to,uint256 validAfter)"), payment.payee, payment.validAfter)
                )
            )
        );
        bytes32 separator = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)"),
                keccak256("Permit2"),
                block.chainid,
                0x000000000022D473030F116dDEE9F6B43aC78BA3
            )
        );
        return keccak256(abi.encodePacked(hex"1901", separator, structHash));
    }
}
