// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IMultisig} from "../../../contracts/interfaces/IMultisig.sol";
import {ISignerSet} from "../../../contracts/interfaces/ISignerSet.sol";
import {DomainKind, MessageKind} from "../../../contracts/types/Blob.sol";
import {MultisigConfig} from "../../../contracts/types/MultisigConfig.sol";
import {Call, Execute} from "../../../contracts/types/TypedData.sol";
import {KeyedWallet} from "../../mocks/KeyedWallet.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {MultisigMessageTest} from "../../utils/MultisigMessageTest.sol";

contract MultisigExecuteTest is MultisigMessageTest {
    /* NOT FOR NOW */

    function test_RevertWhen_ThisIsNoAccount() external {
        Execute memory message = _transferMessage(1);

        vm.expectRevert(ISignerSet.NotAnAccount.selector);
        implementation.execute(message, "");
    }

    function testFuzz_RevertWhen_EpochIsAnother(uint256 epoch, uint256 changes) external {
        changes = bound(changes, 0, 2);
        for (uint256 i = 0; i < changes; ++i) {
            executeByHumans(address(account), abi.encodeCall(ISignerSet.reconfigure, (packedOf(defaultConfig()))));
        }
        vm.assume(epoch != changes);
        Execute memory message = _transferMessage(1);
        message.epoch = epoch;

        _expectRevert(message, abi.encodeWithSelector(IMultisig.EpochMismatch.selector, changes, epoch));
    }

    function testFuzz_RevertWhen_NonceIsAnother(uint256 nonce, uint256 executed) external {
        executed = bound(executed, 0, 3);
        for (uint256 i = 0; i < executed; ++i) {
            executeByHumans(shop, "");
        }
        vm.assume(nonce != executed);
        Execute memory message = _transferMessage(1);
        message.nonce = nonce;

        _expectRevert(message, abi.encodeWithSelector(IMultisig.NonceMismatch.selector, executed, nonce));
    }

    function test_RevertWhen_MessageWasExecuted() external {
        Execute memory message = _transferMessage(1);
        account.execute(message, _signed(message));

        _expectRevert(message, abi.encodeWithSelector(IMultisig.NonceMismatch.selector, 1, 0));
    }

    function testFuzz_RevertWhen_DeadlineIsReached(uint256 deadline, uint256 late) external {
        Execute memory message = _transferMessage(1);
        message.deadline = bound(deadline, START, START + 365 days);
        uint256 timestamp = message.deadline + bound(late, 0, 365 days);

        vm.warp(timestamp);
        _expectRevert(
            message,
            abi.encodeWithSelector(IMultisig.SignatureExpired.selector, message.deadline, timestamp)
        );
        vm.warp(message.deadline);
        _expectRevert(
            message,
            abi.encodeWithSelector(IMultisig.SignatureExpired.selector, message.deadline, message.deadline)
        );
    }

    /* SIGNATURES */

    function test_RevertWhen_NobodySigned() external {
        Execute memory message = _transferMessage(1);

        _expectInvalid(message, "");
        _expectInvalid(message, hex"0000");
    }

    function testFuzz_RevertWhen_SignaturesAreRandom(bytes calldata random) external {
        _expectInvalid(_transferMessage(1), random);
    }

    function testFuzz_RevertWhen_AByteIsAnother(uint256 place, uint256 change) external {
        Execute memory message = _transferMessage(1);

        _expectInvalid(message, flipped(signaturesOf(executeDigest(message), all()), place, change));
    }

    function testFuzz_RevertWhen_SignaturesAreCut(uint256 length) external {
        Execute memory message = _transferMessage(1);

        _expectInvalid(message, truncated(_signed(message), length));
    }

    function testFuzz_RevertWhen_SignaturesGoOn(bytes calldata more) external {
        vm.assume(more.length != 0);
        Execute memory message = _transferMessage(1);

        _expectInvalid(message, bytes.concat(_signed(message), more));
    }

    function testFuzz_RevertWhen_AFieldWasNotSigned(uint256 seed) external {
        Execute memory message = _transferMessage(1);
        for (uint256 field = 0; field < 8; ++field) {
            Execute memory signed = _transferMessage(1);
            _change(signed, field, draw(seed, field));

            _expectInvalid(message, _signed(signed));
        }
    }

    function _change(Execute memory message, uint256 field, uint256 other) private view {
        if (field == 0) message.epoch += bound(other, 1, type(uint128).max);
        if (field == 1) message.nonce += bound(other, 1, type(uint128).max);
        if (field == 2) message.deadline += bound(other, 1, type(uint128).max);
        if (field == 3) message.calls[0].to = address(uint160(other));
        if (field == 4) message.calls[0].value += bound(other, 1, type(uint128).max);
        if (field == 5) message.calls[0].data = flipped(message.calls[0].data, other, other);
        if (field == 6) message.calls = new Call[](0);
        if (field == 7) message.calls = _twice(message.calls[0]);
    }

    function _twice(Call memory call) private pure returns (Call[] memory calls) {
        calls = new Call[](2);
        (calls[0], calls[1]) = (call, call);
    }

    function test_RevertWhen_AnotherAccountWasMeant() external {
        Execute memory message = _transferMessage(1);
        bytes memory signatures = _signed(message);

        account = deployAccount(defaultConfig(), "other");

        _expectInvalid(message, signatures);
    }

    function testFuzz_RevertWhen_AnotherChainWasMeant(uint64 chainId) external {
        vm.assume(chainId != 0 && chainId != block.chainid);
        Execute memory message = _transferMessage(1);
        bytes memory signatures = _signed(message);

        vm.chainId(chainId);

        _expectInvalid(message, signatures);
    }

    /// @dev What an account can approve of as another's message is no message of its own.
    function test_RevertWhen_ApprovedAsAMessage() external {
        Execute memory message = _transferMessage(1);
        Call memory call = message.calls[0];
        bytes32 callHash = keccak256(
            abi.encode(
                keccak256("Call(address to,uint256 value,bytes data)"),
                call.to,
                call.value,
                keccak256(call.data)
            )
        );
        Message memory asMessage;
        asMessage.kind = MessageKind.Execute;
        asMessage.domainKind = DomainKind.Multisig;
        asMessage.verifyingContract = address(account);
        asMessage.data = abi.encode(message.epoch, keccak256(abi.encode(callHash)), message.nonce, message.deadline);
        assertEq(digestOf(asMessage), executeDigest(message), "the same message");

        _expectInvalid(message, signaturesOf(approvalDigestOf(asMessage), all()));
    }

    /* WEIGHT */

    function test_RevertWhen_WeightIsTooLow() external {
        Execute memory message = _transferMessage(1);
        for (uint256 mask = 1; mask < 8; ++mask) {
            uint256 weight = weightOf(mask);
            if (weight >= FULL_WEIGHT) continue;
            bytes memory signatures = signaturesOf(executeDigest(message), someOf(mask));

            vm.expectRevert(abi.encodeWithSelector(IMultisig.WeightTooLow.selector, weight, FULL_WEIGHT));
            account.execute(message, signatures);
        }
    }

    /* CALLS THAT CANNOT BE MADE */

    function testFuzz_RevertWhen_DataGoesToNoCode(address nowhere, bytes calldata data, uint256 index) external {
        vm.assume(nowhere.code.length == 0 && data.length != 0);
        index = bound(index, 0, 3);
        Execute memory message = _manyCalls(4);
        message.calls[index] = Call({to: nowhere, value: 0, data: data});

        _expectRevert(message, abi.encodeWithSelector(IMultisig.CallWithoutCode.selector, index, nowhere));
    }

    function testFuzz_RevertWhen_ACallFails(uint256 amount, uint256 index) external {
        amount = bound(amount, BALANCE + 1, type(uint256).max);
        index = bound(index, 0, 3);
        Execute memory message = _manyCalls(4);
        message.calls[index] = Call({
            to: address(token),
            value: 0,
            data: abi.encodeCall(IERC20.transfer, (stranger.addr, amount))
        });
        bytes memory reason = abi.encodeWithSelector(
            IERC20Errors.ERC20InsufficientBalance.selector,
            address(account),
            BALANCE - index,
            amount
        );

        _expectRevert(message, abi.encodeWithSelector(IMultisig.CallFailed.selector, index, reason));
    }

    function testFuzz_RevertWhen_ValueIsMoreThanThereIs(uint256 balance, uint256 value) external {
        balance = bound(balance, 0, 1e30);
        vm.deal(address(account), balance);
        Execute memory message = executeOf(
            Call({to: shop, value: bound(value, balance + 1, type(uint256).max), data: ""})
        );

        _expectRevert(message, abi.encodeWithSelector(IMultisig.CallFailed.selector, 0, ""));
    }

    function test_UndoesTheCallsBeforeOneThatFails() external {
        Execute memory message = _manyCalls(3);
        message.calls[2] = Call({to: shop, value: 1, data: ""});

        _expectRevert(message, abi.encodeWithSelector(IMultisig.CallFailed.selector, 2, ""));

        assertEq(token.balanceOf(shop), 0, "shop");
        assertEq(account.nonce(), 0, "nonce");
    }

    /* RIGHT */

    function testFuzz_MakesACallWithItsData(uint256 amount) external {
        amount = bound(amount, 0, BALANCE);
        Execute memory message = _transferMessage(amount);

        account.execute(message, _signed(message));

        assertEq(token.balanceOf(shop), amount);
    }

    function testFuzz_SendsValueWithoutDataToAnybody(uint256 value, uint256 key) external {
        value = bound(value, 0, 1e30);
        vm.deal(address(account), value);
        address anybody = vm.addr(bound(key, 1, type(uint128).max));
        Execute memory message = executeOf(Call({to: anybody, value: value, data: ""}));

        account.execute(message, _signed(message));

        assertEq(anybody.balance, value);
        assertEq(address(account).balance, 0);
    }

    function testFuzz_SendsValueWithData(uint256 value, bytes calldata data) external {
        value = bound(value, 0, 1e30);
        vm.deal(address(account), value);
        Safekeeper keeper = new Safekeeper();
        Execute memory message = executeOf(
            Call({to: address(keeper), value: value, data: abi.encodeCall(Safekeeper.keep, (data))})
        );

        account.execute(message, _signed(message));

        assertEq(address(keeper).balance, value, "value");
        assertEq(keeper.data(), data, "data");
        assertEq(keeper.from(), address(account), "caller");
    }

    function testFuzz_MakesAllCallsInTheirOrder(uint256 count) external {
        count = bound(count, 1, 8);
        Safekeeper keeper = new Safekeeper();
        Execute memory message = _manyCalls(count);
        bytes memory expected;
        for (uint256 i = 0; i < count; ++i) {
            expected = bytes.concat(expected, bytes1(uint8(i)));
            message.calls[i] = Call({
                to: address(keeper),
                value: 0,
                data: abi.encodeCall(Safekeeper.append, (abi.encodePacked(uint8(i))))
            });
        }

        account.execute(message, _signed(message));

        assertEq(keeper.data(), expected);
    }

    function test_TakesAMessageWithoutCalls() external {
        Execute memory message = _manyCalls(0);

        account.execute(message, _signed(message));

        assertEq(account.nonce(), 1);
    }

    function testFuzz_IsValidUntilTheSecondBeforeItsDeadline(uint256 deadline) external {
        Execute memory message = _transferMessage(1);
        message.deadline = bound(deadline, START + 1, type(uint40).max);
        vm.warp(message.deadline - 1);

        account.execute(message, _signed(message));

        assertEq(token.balanceOf(shop), 1);
    }

    function testFuzz_LetsAnybodyRelayIt(address relayer) external {
        Execute memory message = _transferMessage(1);
        bytes memory signatures = _signed(message);

        vm.prank(relayer);
        account.execute(message, signatures);

        assertEq(token.balanceOf(shop), 1);
    }

    function testFuzz_RaisesTheNonceByOne(uint256 times) external {
        times = bound(times, 1, 5);
        for (uint256 i = 1; i <= times; ++i) {
            Execute memory message = _transferMessage(1);
            account.execute(message, _signed(message));
            assertEq(account.nonce(), i);
        }
    }

    function testFuzz_EmitsExecutedBeforeTheCalls(uint256 count, uint256 before) external {
        before = bound(before, 0, 2);
        for (uint256 i = 0; i < before; ++i) {
            executeByHumans(shop, "");
        }
        count = bound(count, 1, 5);
        Execute memory message = _manyCalls(count);
        bytes memory signatures = _signed(message);

        vm.expectEmit(address(account));
        emit IMultisig.Executed(before, count);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(address(account), shop, 1);
        account.execute(message, signatures);
    }

    function test_TakesFullWeightOfEachSet() external {
        uint256 paid = 0;
        for (uint256 mask = 0; mask < 8; ++mask) {
            if (weightOf(mask) < FULL_WEIGHT) continue;
            Execute memory message = _transferMessage(1);
            account.execute(message, signaturesOf(executeDigest(message), someOf(mask)));
            ++paid;
        }

        assertEq(token.balanceOf(shop), paid);
        assertEq(paid, 2, "both humans, and all");
    }

    function test_TakesContractsAmongTheSigners() external {
        MultisigConfig memory config = defaultConfig();
        address wallet = address(new KeyedWallet(stranger.addr));
        for (uint256 i = 0; i < 3; ++i) {
            if (config.signers[i].account != bob.addr) continue;
            (config.signers[i].account, config.signers[i].isContract) = (wallet, true);
        }
        sort(config.signers);
        useConfig(config);
        Execute memory message = _transferMessage(1);
        bytes32 digest = executeDigest(message);
        bytes memory byKey = compactSign(alice.key, digest);
        bytes memory byContract = abi.encodePacked(uint16(66), sign(stranger.key, digest), bytes1(0x01));
        uint16 bitmap = 0;
        for (uint256 i = 0; i < 3; ++i) {
            if (config.signers[i].account != agent.addr) bitmap |= uint16(1 << i);
        }

        account.execute(
            message,
            alice.addr < wallet
                ? bytes.concat(bytes2(bitmap), byKey, byContract)
                : bytes.concat(bytes2(bitmap), byContract, byKey)
        );

        assertEq(token.balanceOf(shop), 1);
    }

    function testFuzz_MovesATokenWithoutRules(uint256 amount) external {
        Token3009 other = new Token3009();
        other.mint(address(account), amount);

        executeByHumans(address(other), abi.encodeCall(IERC20.transfer, (shop, amount)));

        assertEq(other.balanceOf(shop), amount);
    }

    function test_LetsNoCallExecuteTheSameMessageAgain() external {
        Relayer relayer = new Relayer();
        Execute memory message = executeOf(
            Call({to: address(relayer), value: 0, data: abi.encodeCall(Relayer.relay, ())})
        );
        bytes memory signatures = _signed(message);
        relayer.keep(account, message, signatures);

        _expectRevert(
            message,
            abi.encodeWithSelector(
                IMultisig.CallFailed.selector,
                0,
                abi.encodeWithSelector(IMultisig.NonceMismatch.selector, 1, 0)
            )
        );
    }

    function test_LetsACallExecuteTheNextMessage() external {
        Relayer relayer = new Relayer();
        Execute memory next = _transferMessage(1);
        next.nonce = 1;
        relayer.keep(account, next, _signed(next));
        Execute memory message = executeOf(
            Call({to: address(relayer), value: 0, data: abi.encodeCall(Relayer.relay, ())})
        );

        account.execute(message, _signed(message));

        assertEq(account.nonce(), 2, "nonce");
        assertEq(token.balanceOf(shop), 1, "shop");
    }

    /* HELPERS */

    function _transferMessage(uint256 amount) private view returns (Execute memory) {
        return executeOf(Call({to: address(token), value: 0, data: abi.encodeCall(IERC20.transfer, (shop, amount))}));
    }

    /// @dev Each pays one unit to the shop.
    function _manyCalls(uint256 count) private view returns (Execute memory message) {
        message = _transferMessage(1);
        Call memory call = message.calls[0];
        message.calls = new Call[](count);
        for (uint256 i = 0; i < count; ++i) {
            message.calls[i] = call;
        }
    }

    function _signed(Execute memory message) private view returns (bytes memory) {
        return signaturesOf(executeDigest(message), both(alice, bob));
    }

    function _expectRevert(Execute memory message, bytes memory reason) private {
        bytes memory signatures = _signed(message);
        vm.expectRevert(reason);
        account.execute(message, signatures);
    }

    function _expectInvalid(Execute memory message, bytes memory signatures) private {
        vm.expectRevert(IMultisig.SignaturesInvalid.selector);
        account.execute(message, signatures);
    }
}

/// @notice Keeps what it was called with.
contract Safekeeper {
    address public from;
    bytes public data;

    function keep(bytes calldata data_) external payable {
        (from, data) = (msg.sender, data_);
    }

    function append(bytes calldata data_) external {
        data = bytes.concat(data, data_);
    }
}

/// @notice Executes a message of an account when it is called.
contract Relayer {
    IMultisig private _account;
    Execute private _message;
    bytes private _signatures;

    function keep(IMultisig account, Execute calldata message, bytes calldata signatures) external {
        (_account, _signatures) = (account, signatures);
        (_message.epoch, _message.nonce, _message.deadline) = (message.epoch, message.nonce, message.deadline);
        for (uint256 i = 0; i < message.calls.length; ++i) {
            _message.calls.push(message.calls[i]);
        }
    }

    function relay() external {
        try _account.execute(_message, _signatures) {} catch (bytes memory reason) {
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
    }
}
