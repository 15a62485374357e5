// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Multisig} from "../../contracts/Multisig.sol";
import {ISignerSet} from "../../contracts/interfaces/ISignerSet.sol";
import {MultisigConfig, Signer} from "../../contracts/types/MultisigConfig.sol";
import {PaymentApproval} from "../../contracts/types/TypedData.sol";
import {MoodyWallet} from "../mocks/Wallets.sol";
import {MultisigAttackTest} from "./MultisigAttackTest.sol";

/// @dev Assumption broken: a signer that is a contract answers in reason. It burns all gas, answers with very much, fails, or answers
/// as the gas is.
contract MultisigContractSignersTest is MultisigAttackTest {
    uint256 private constant SIGNER_GAS = 150_000;
    /// @dev What an account's own part costs for a signer; and once.
    uint256 private constant GAS_PER_SIGNER = 30_000;
    uint256 private constant MAX_SIGNERS = 16;
    string private constant PAYMENT_TYPE =
        "PaymentApproval(uint256 epoch,string method,address token,address payee,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce,bytes32 resource)";
    string private constant PAYMENT_APPROVAL_TYPE =
        "MessageApproval(uint256 epoch,address verifyingContract,PaymentApproval message)"
        "PaymentApproval(uint256 epoch,string method,address token,address payee,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce,bytes32 resource)";

    MoodyWallet private _wallet;

    function setUp() public override {
        super.setUp();
        _wallet = new MoodyWallet(bob.addr);
        use(_accountOf(address(_wallet)));
        token.mint(address(account), BALANCE);
    }

    function test_AnHonestWalletCounts() external view {
        PaymentApproval memory payment = paymentOf(LARGE);
        assertAccepted(tokenDigest(payment), _blobOf(payment));
    }

    function test_AMoodyWalletNeitherFailsNorCostsMuch() external {
        PaymentApproval memory payment = paymentOf(LARGE);
        bytes32 digest = tokenDigest(payment);
        bytes memory blob = _blobOf(payment);
        MoodyWallet.Mood[2] memory moods = [MoodyWallet.Mood.BurnsGas, MoodyWallet.Mood.RevertsMuch];
        for (uint256 i = 0; i < moods.length; ++i) {
            _wallet.setMood(moods[i]);
            uint256 gas = gasleft();
            assertDenied(digest, blob);
            assertLt(gas - gasleft(), SIGNER_GAS + 3 * GAS_PER_SIGNER, "gas");
        }
    }

    /// @dev It says yes, and 100,000 bytes more, which nobody copies. That it says yes is its own affair.
    function test_ABombOfAnAnswerIsNotCopied() external {
        PaymentApproval memory payment = paymentOf(LARGE);
        bytes32 digest = tokenDigest(payment);
        bytes memory blob = _blobOf(payment);
        _wallet.setMood(MoodyWallet.Mood.ReturnsMuch);
        uint256 gas = gasleft();
        assertAccepted(digest, blob);
        assertLt(gas - gasleft(), SIGNER_GAS + 3 * GAS_PER_SIGNER, "gas");
    }

    function test_DeniesAYesWithoutItsWord() external {
        PaymentApproval memory payment = paymentOf(LARGE);
        bytes memory blob = _blobOf(payment);
        // Four bytes; a word with more behind the four bytes; one as a boolean; and nothing.
        bytes[4] memory codes = [
            bytes(hex"631626ba7e60e01b5f5260045ff3"),
            hex"631626ba7e60e01b6001175f5260205ff3",
            hex"60015f5260205ff3",
            hex"00"
        ];
        for (uint256 i = 0; i < codes.length; ++i) {
            vm.etch(address(_wallet), codes[i]);
            assertDenied(tokenDigest(payment), blob);
        }
        vm.etch(address(_wallet), hex"631626ba7e60e01b5f5260205ff3");
        assertAccepted(tokenDigest(payment), blob);
    }

    /// @dev Whatever gas the asker gives: what is not signed is never accepted, and what is is accepted or not.
    function testFuzz_NoGasMakesASignatureOfNothing(uint256 gas) external view {
        PaymentApproval memory payment = paymentOf(LARGE);
        (bytes32 digest, bytes memory blob) = (tokenDigest(payment), _blobOf(payment));
        payment.value += 1;
        bytes32 other = tokenDigest(payment);
        gas = bound(gas, 1_000, 600_000);
        (bool success, bytes memory answer) = _ask(other, blob, gas);
        assertTrue(!success || bytes4(answer) == INVALID, "not signed");
        (success, answer) = _ask(digest, blob, gas);
        assertTrue(!success || bytes4(answer) == INVALID || bytes4(answer) == VALID, "signed");
    }

    function test_SixteenWalletsThatBurnAllGasCostAtMostTheirCaps() external {
        MultisigConfig memory config = defaultConfig();
        config.signers = new Signer[](MAX_SIGNERS);
        for (uint256 i = 0; i < MAX_SIGNERS; ++i) {
            MoodyWallet wallet = new MoodyWallet(bob.addr);
            // The last answers; else the first that does not ends it.
            config.signers[i] = Signer({account: address(wallet), weight: 1, isHuman: true, isContract: true});
            vm.etch(address(wallet), _slowYes());
        }
        sort(config.signers);
        use(deployAccount(config, "sixteen"));
        PaymentApproval memory payment = paymentOf(LARGE);
        bytes memory list = hex"ffff";
        for (uint256 i = 0; i < MAX_SIGNERS; ++i) list = bytes.concat(list, hex"0000");
        bytes memory blob = bytes.concat(paymentHead(payment), payment.nonce, list);
        uint256 gas = gasleft();
        token.mint(address(account), BALANCE);
        assertAccepted(tokenDigest(payment), blob);
        assertLt(gas - gasleft(), MAX_SIGNERS * (SIGNER_GAS + GAS_PER_SIGNER), "gas");
    }

    /// @dev A length that goes beyond the list, or is longer than anybody needs.
    function test_DeniesALengthThatIsNotThere() external view {
        PaymentApproval memory payment = paymentOf(LARGE);
        bytes32 digest = tokenDigest(payment);
        uint256 place = _placeOf(address(_wallet));
        bytes2 bit = bytes2(uint16(1 << place));
        bytes memory head = bytes.concat(paymentHead(payment), payment.nonce, bit);
        assertDenied(digest, bytes.concat(head, hex"ffff"));
        assertDenied(digest, bytes.concat(head, hex"0042", new bytes(65)));
        assertDenied(digest, bytes.concat(head, hex"1001", new bytes(4097)));
        assertDenied(digest, head);
    }

    /* NESTED ACCOUNTS */

    /// @dev The inner account's full weight is the outer's human; its agent is nobody there.
    function test_AnAccountSignsForAnotherWithFullWeightAlone() external {
        Nesting memory nested = _nest();
        PaymentApproval memory payment = paymentOf(LARGE);
        bytes32 digest = tokenDigest(payment);
        assertDenied(digest, _nestedBlob(nested, payment, only(agent)));
        assertDenied(digest, _nestedBlob(nested, payment, both(agent, alice)));
        assertAccepted(digest, _nestedBlob(nested, payment, both(alice, bob)));
    }

    /// @dev Each is the other's human. The inner one asks the outer one back, whose answer to an approval of a message is no, with
    /// whatever list.
    function test_TwoAccountsThatSignForEachOtherSignNothing() external {
        Nesting memory nested = _nest();
        _makeOuterASignerOfInner(nested);
        PaymentApproval memory payment = paymentOf(LARGE);
        bytes32 digest = tokenDigest(payment);
        bytes memory data = _dataOf(payment);
        bytes32 structHash = keccak256(bytes.concat(keccak256(bytes(PAYMENT_TYPE)), data));
        use(_multisig(nested.inner));
        bytes32 askedBack = messageApprovalDigest(PAYMENT_APPROVAL_TYPE, nested.outer, structHash);
        use(_multisig(nested.outer));
        bytes memory list = hex"0000";
        for (uint256 depth = 0; depth < 8; ++depth) {
            list = _wrap(nested.outer, nested.inner, data, _lengthened(list));
            bytes memory ofInner = _lengthened(_wrap(nested.inner, nested.outer, data, _lengthened(list)));
            bytes memory blob = bytes.concat(paymentHead(payment), payment.nonce, _bitOf(nested), ofInner);
            vm.expectCall(nested.outer, abi.encodeWithSelector(VALID, askedBack));
            uint256 gas = gasleft();
            assertDenied(digest, blob);
            assertLt(gas - gasleft(), SIGNER_GAS + 4 * GAS_PER_SIGNER, "gas");
        }
    }

    struct Nesting {
        address inner;
        address outer;
    }

    /// @dev The inner account is the default one; it stands where the wallet stood.
    function _nest() private returns (Nesting memory nested) {
        nested.inner = address(deployAccount(defaultConfig(), "inner"));
        use(_accountOf(nested.inner));
        nested.outer = address(account);
        token.mint(nested.outer, BALANCE);
    }

    function _makeOuterASignerOfInner(Nesting memory nested) private {
        MultisigConfig memory config = defaultConfig();
        config.signers[0] = Signer({account: nested.outer, weight: FULL_WEIGHT, isHuman: true, isContract: true});
        config.signers[1].weight = 1;
        config.signers[2].weight = 1;
        sort(config.signers);
        bytes memory packed = implementation.encodeConfig(config);
        vm.prank(nested.inner);
        ISignerSet(nested.inner).reconfigure(packed);
        config = _configOf(nested.inner);
        for (uint256 i = 0; i < config.signers.length; ++i) {
            if (config.signers[i].account == nested.inner) config.signers[i].weight = FULL_WEIGHT;
        }
        packed = implementation.encodeConfig(config);
        vm.prank(nested.outer);
        ISignerSet(nested.outer).reconfigure(packed);
    }

    /// @dev That `signer` signs the payment of `asker`, because its own signer that is a contract does.
    function _wrap(
        address signer,
        address asker,
        bytes memory data,
        bytes memory list
    ) private view returns (bytes memory) {
        Signer[] memory signers = ISignerSet(signer).config().signers;
        uint16 bit = 0;
        for (uint256 i = 0; i < signers.length; ++i) if (signers[i].isContract) bit = uint16(1 << i);
        return abi.encodePacked(uint8(4), uint8(13), uint8(3), asker, data, bit, list);
    }

    function _lengthened(bytes memory signature) private pure returns (bytes memory) {
        return bytes.concat(bytes2(uint16(signature.length)), signature);
    }

    function _bitOf(Nesting memory nested) private view returns (bytes2) {
        return bytes2(uint16(1 << _placeOf(nested.inner)));
    }

    function _nestedBlob(
        Nesting memory nested,
        PaymentApproval memory payment,
        Account[] memory signers
    ) private returns (bytes memory blob) {
        bytes memory data = _dataOf(payment);
        bytes32 structHash = keccak256(bytes.concat(keccak256(bytes(PAYMENT_TYPE)), data));
        bytes2 agentBit = bytes2(uint16((1 << _placeOf(nested.inner)) | (1 << _placeOf(agent.addr))));
        bool isAgentFirst = _placeOf(agent.addr) < _placeOf(nested.inner);
        bytes memory ofAgent = compactSign(agent.key, approvalDigest(payment));

        use(_multisig(nested.inner));
        bytes memory signatures = signaturesOf(
            messageApprovalDigest(PAYMENT_APPROVAL_TYPE, nested.outer, structHash),
            signers
        );
        use(_multisig(nested.outer));
        bytes memory inner = abi.encodePacked(uint8(4), uint8(13), uint8(3), nested.outer, data, signatures);
        inner = _lengthened(inner);
        blob = bytes.concat(paymentHead(payment), payment.nonce, agentBit);
        blob = isAgentFirst ? bytes.concat(blob, ofAgent, inner) : bytes.concat(blob, inner, ofAgent);
    }

    /* HELPERS */

    function _dataOf(PaymentApproval memory payment) private pure returns (bytes memory) {
        return
            abi.encode(
                payment.epoch,
                keccak256(bytes(payment.method)),
                payment.token,
                payment.payee,
                payment.value,
                payment.validAfter,
                payment.validBefore,
                payment.nonce,
                payment.resource
            );
    }

    /// @dev The agent, alice, and a human that is a contract.
    function _accountOf(address human) private returns (Multisig) {
        return deployAccount(_configOf(human), "contract");
    }

    function _configOf(address human) private view returns (MultisigConfig memory config) {
        config = defaultConfig();
        for (uint256 i = 0; i < config.signers.length; ++i) {
            if (config.signers[i].account != bob.addr) continue;
            (config.signers[i].account, config.signers[i].isContract) = (human, true);
        }
        sort(config.signers);
    }

    /// @dev The agent's signature and the wallet's.
    function _blobOf(PaymentApproval memory payment) private view returns (bytes memory) {
        bytes32 digest = approvalDigest(payment);
        (uint256 agentPlace, uint256 walletPlace) = (_placeOf(agent.addr), _placeOf(address(_wallet)));
        bytes memory ofAgent = compactSign(agent.key, digest);
        bytes memory ofWallet = bytes.concat(hex"0042", sign(bob.key, digest), hex"01");
        bytes memory list =
            agentPlace < walletPlace ? bytes.concat(ofAgent, ofWallet) : bytes.concat(ofWallet, ofAgent);
        bytes2 bits = bytes2(uint16((1 << agentPlace) | (1 << walletPlace)));
        return bytes.concat(paymentHead(payment), payment.nonce, bits, list);
    }

    function _placeOf(address signer) private view returns (uint256 place) {
        Signer[] memory signers = account.config().signers;
        while (signers[place].account != signer) ++place;
    }

    function _ask(bytes32 digest, bytes memory blob, uint256 gas) private view returns (bool, bytes memory) {
        return address(account).staticcall{gas: gas}(abi.encodeCall(account.isValidSignature, (digest, blob)));
    }

    function _multisig(address which) private pure returns (Multisig) {
        return Multisig(payable(which));
    }

    /// @dev Says yes when little gas is left: loops until there are fewer than 2,000, and returns the magic value.
    function _slowYes() private pure returns (bytes memory) {
        return hex"5b6107d05a11600057631626ba7e60e01b5f5260205ff3";
    }
}
