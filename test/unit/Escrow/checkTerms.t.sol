// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {EscrowTerms} from "../../../contracts/types/Terms.sol";
import {EscrowTest} from "../../utils/EscrowTest.sol";

contract EscrowCheckTermsTest is EscrowTest {
    uint256 private constant LENGTH = 192;

    EscrowTerms private terms;

    function setUp() public override {
        super.setUp();
        terms = defaultTerms();
    }

    function test_RevertWhen_ThereAreNoBytes() external {
        expectRefused("", abi.encodeWithSelector(IVault.TermsLengthWrong.selector, 0, LENGTH));
    }

    function test_RevertWhen_OneByteIsMissing() external {
        bytes memory encoded = abi.encode(terms);
        assembly ("memory-safe") {
            mstore(encoded, sub(mload(encoded), 1))
        }

        expectRefused(encoded, abi.encodeWithSelector(IVault.TermsLengthWrong.selector, LENGTH - 1, LENGTH));
    }

    function test_RevertWhen_OneByteIsTooMuch() external {
        expectRefused(
            bytes.concat(abi.encode(terms), hex"00"),
            abi.encodeWithSelector(IVault.TermsLengthWrong.selector, LENGTH + 1, LENGTH)
        );
    }

    /// @dev All fields but the salt are shorter than a word; the decoder refuses without data.
    function testFuzz_RevertWhen_FieldHasForeignBits(uint256 field) external view {
        field = bound(field, 0, 5);
        if (field == 4) field = 0;
        bytes memory encoded = abi.encode(terms);
        encoded[field * 32] = 0x01;

        (bool success, bytes memory answer) = address(implementation).staticcall(
            abi.encodeCall(IVault.checkTerms, (encoded))
        );

        assertFalse(success, "one promise has one encoding");
        assertEq(answer.length, 0, "reason");
    }

    function test_RevertWhen_ReceiverIsZero() external {
        terms.receiver = address(0);

        expectRefused(abi.encode(terms), abi.encodeWithSelector(IVault.TermsWithoutReceiver.selector));
    }

    function test_RevertWhen_OperatorIsZero() external {
        terms.operator = address(0);

        expectRefused(abi.encode(terms), abi.encodeWithSelector(IVault.TermsWithoutOperator.selector));
    }

    function test_RevertWhen_FeeIsTooHigh() external {
        terms.feeBps = 1_001;

        expectRefused(abi.encode(terms), abi.encodeWithSelector(IVault.TermsFeeTooHigh.selector, 1_001, 1_000));
    }

    function test_RevertWhen_FeeHasNoReceiver() external {
        terms.feeReceiver = address(0);

        expectRefused(
            abi.encode(terms),
            abi.encodeWithSelector(IVault.TermsFeeReceiverWrong.selector, address(0), terms.feeBps)
        );
    }

    function test_RevertWhen_CaptureWindowIsTooShort() external {
        terms.captureWindow = 10 minutes - 1;

        expectWindowOutOfBounds();
    }

    function test_RevertWhen_CaptureWindowIsTooLong() external {
        terms.captureWindow = 365 days + 1;

        expectWindowOutOfBounds();
    }

    function testFuzz_AcceptsWhatEncodeTermsReturns(uint40 captureWindow, uint16 feeBps) external {
        terms.captureWindow = uint40(bound(captureWindow, 10 minutes, 365 days));
        terms.feeBps = uint16(bound(feeBps, 1, 1_000));

        implementation.checkTerms(implementation.encodeTerms(terms));
    }

    function test_AnswersOnAVaultToo() external view {
        vault.checkTerms(abi.encode(terms));
    }

    /* HELPERS */

    function expectRefused(bytes memory encoded, bytes memory reason) private {
        vm.expectRevert(reason);
        implementation.checkTerms(encoded);
    }

    function expectWindowOutOfBounds() private {
        expectRefused(
            abi.encode(terms),
            abi.encodeWithSelector(
                IEscrow.TermsCaptureWindowOutOfBounds.selector,
                terms.captureWindow,
                10 minutes,
                365 days
            )
        );
    }
}
