// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {TokenLib} from "../../contracts/libraries/TokenLib.sol";
import {Authorization} from "../../contracts/types/Payment.sol";
import {SwallowingToken} from "../mocks/SwallowingToken.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: a token without EIP-3009 reverts when it is asked for it.
contract SwallowedCallTest is AttackTest {
    SwallowingToken private _swallowing;

    function setUp() public override {
        super.setUp();
        _swallowing = new SwallowingToken();
    }

    function test_RevertWhen_TheFallbackSwallowsTheCallByKey() external {
        _assertRefused(new bytes(65), 0);
    }

    function test_RevertWhen_TheFallbackSwallowsTheCallByContract() external {
        _assertRefused(new bytes(66), 0);
    }

    function test_RevertWhen_TheCallIsSwallowedAndSurplusIsThere() external {
        _swallowing.mint(address(vault), PRICE);
        _assertRefused(new bytes(65), PRICE);
    }

    function _assertRefused(bytes memory signature, uint256 balance) private {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        (signed.token, signed.signature) = (address(_swallowing), signature);
        bytes4 selector = TokenLib.ReceivedOtherAmount.selector;
        assertPayRefused(signed, abi.encodeWithSelector(selector, _swallowing, balance, balance + PRICE));
    }
}
