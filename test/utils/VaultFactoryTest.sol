// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {RefundWindowUnitTest} from "./RefundWindowUnitTest.sol";

/// @title VaultFactoryTest
/// @notice Terms of which there is no vault yet, and all the ways in which terms can be wrong.
abstract contract VaultFactoryTest is RefundWindowUnitTest {
    struct WrongTerms {
        bytes encoded;
        bytes reason;
    }

    /// @notice Terms that differ from those of the vault that exists.
    function newTerms() internal view returns (bytes memory) {
        return abi.encode(termsWithSalt("new"));
    }

    function termsWithSalt(bytes32 salt) internal view returns (RefundWindowTerms memory terms) {
        terms = defaultTerms();
        terms.salt = salt;
    }

    /// @notice One example for each error of the terms, with the error.
    function allWrongTerms() internal view returns (WrongTerms[] memory wrong) {
        wrong = new WrongTerms[](12);
        RefundWindowTerms memory terms = defaultTerms();

        wrong[0].encoded = bytes.concat(abi.encode(terms), hex"00");
        wrong[0].reason = abi.encodeWithSelector(IVault.TermsLengthWrong.selector, 321, 320);

        terms.receiver = address(0);
        wrong[1].encoded = abi.encode(terms);
        wrong[1].reason = abi.encodeWithSelector(IVault.TermsWithoutReceiver.selector);

        terms = defaultTerms();
        terms.operator = address(0);
        wrong[2].encoded = abi.encode(terms);
        wrong[2].reason = abi.encodeWithSelector(IVault.TermsWithoutOperator.selector);

        terms = defaultTerms();
        terms.feeBps = 1_001;
        wrong[3].encoded = abi.encode(terms);
        wrong[3].reason = abi.encodeWithSelector(IVault.TermsFeeTooHigh.selector, 1_001, 1_000);

        terms = defaultTerms();
        terms.feeBps = 0;
        wrong[4].encoded = abi.encode(terms);
        wrong[4].reason = abi.encodeWithSelector(IVault.TermsFeeReceiverWrong.selector, feeReceiver, 0);

        terms = defaultTerms();
        terms.feeReceiver = terms.receiver;
        wrong[5].encoded = abi.encode(terms);
        wrong[5].reason = abi.encodeWithSelector(IVault.TermsFeeReceiverWrong.selector, receiver.addr, 100);

        terms = defaultTerms();
        terms.window = 1 hours - 1;
        wrong[6].encoded = abi.encode(terms);
        wrong[6].reason = windowOutOfBounds(terms.window);

        terms.window = 365 days + 1;
        wrong[7].encoded = abi.encode(terms);
        wrong[7].reason = windowOutOfBounds(terms.window);

        terms = defaultTerms();
        terms.nonRefundableBps = 10_000;
        wrong[8].encoded = abi.encode(terms);
        wrong[8].reason = abi.encodeWithSelector(IRefundWindow.TermsNonRefundableTooHigh.selector, 10_000, 10_000);

        terms = defaultTerms();
        terms.arbiter = stranger.addr;
        wrong[9].encoded = abi.encode(terms);
        wrong[9].reason = abi.encodeWithSelector(
            IRefundWindow.TermsResolutionPeriodOutOfBounds.selector,
            0,
            1 days,
            90 days
        );

        terms = defaultTerms();
        terms.silenceFavorsPayer = true;
        wrong[10].encoded = abi.encode(terms);
        wrong[10].reason = abi.encodeWithSelector(IRefundWindow.TermsWithoutArbiter.selector, 0, true);

        terms = defaultTerms();
        (terms.arbiter, terms.resolutionPeriod) = (terms.operator, 1 days);
        wrong[11].encoded = abi.encode(terms);
        wrong[11].reason = abi.encodeWithSelector(IRefundWindow.TermsArbiterIsParty.selector, terms.operator);
    }

    function windowOutOfBounds(uint40 window) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IRefundWindow.TermsWindowOutOfBounds.selector, window, 1 hours, 365 days);
    }
}
