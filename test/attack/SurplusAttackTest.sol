// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SurplusSteps} from "../utils/SurplusSteps.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title SurplusAttackTest
/// @notice What attacks on money past `pay` share.
abstract contract SurplusAttackTest is AttackTest, SurplusSteps {}
