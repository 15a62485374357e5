// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IBursts} from "../../contracts/interfaces/IBursts.sol";
import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Authorization, PaymentId} from "../../contracts/types/Payment.sol";
import {FeeOnTransferToken} from "../mocks/FeeOnTransferToken.sol";
import {HeavyWallet} from "../mocks/HeavyWallet.sol";
import {LyingBalanceToken} from "../mocks/LyingBalanceToken.sol";
import {SilentNonceToken} from "../mocks/SilentNonceToken.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {MoodyWallet} from "../mocks/Wallets.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumptions broken: the payers of a batch mean well, the caller gives enough gas, and the token does what it says.
contract BatchesTest is AttackTest {
    uint256 private constant FLOOR = 150_000;
    /// @dev With what the token needs itself, a little below the floor.
    uint256 private constant NEARLY_FLOOR = 60_000;
    /// @dev What a batch costs beside its items.
    uint256 private constant OVERHEAD = 200_000;

    Account private _heavy;
    MoodyWallet private _moody;

    function setUp() public override {
        super.setUp();
        _heavy = makeAccount("heavy");
        _heavy.addr = address(new HeavyWallet(_heavy.addr, NEARLY_FLOOR));
        _moody = new MoodyWallet(stranger.addr);
        use(token);
    }

    /* GAS */

    function test_APayerThatBurnsAllGasHarmsNoOther() external {
        _moody.setMood(MoodyWallet.Mood.BurnsGas);
        _assertOnlyTheMoodyOneIsLeftOut();
    }

    function test_APayerThatRevertsWithABombHarmsNoOther() external {
        _moody.setMood(MoodyWallet.Mood.RevertsMuch);
        _assertOnlyTheMoodyOneIsLeftOut();
    }

    function test_APayerWhoChangesItsMindAfterTheSimulationHarmsNoOther() external {
        Authorization[] memory items = _batch("");
        uint256 simulation = vm.snapshotState();
        assertNotEq(PaymentId.unwrap(vault.payMany(address(token), items, FLOOR)[1]), 0, "simulated");
        vm.revertToState(simulation);

        _moody.setMood(MoodyWallet.Mood.BurnsGas);
        PaymentId[] memory ids = vault.payMany(address(token), items, FLOOR);

        assertEq(PaymentId.unwrap(ids[1]), 0, "left out");
        assertEq(liabilities(), 2 * PRICE, "the others");
    }

    function test_APayerThatReentersIsKeptOut() external {
        Authorization memory inner = authorize(otherPayer, address(vault), PRICE, "inner");
        _moody.setCall(address(vault), abi.encodeCall(IVault.pay, (inner)));

        vault.payMany(address(token), _batch(""), FLOOR);

        assertEq(vault.paymentOf(refOf(otherPayer.addr, "inner")).paid, 0, "inner");
        assertEq(liabilities(), 3 * PRICE, "the batch");
    }

    function test_BurnersCostNoMoreThanTheirGas() external {
        _moody.setMood(MoodyWallet.Mood.BurnsGas);
        Authorization[] memory items = new Authorization[](8);
        for (uint256 i = 0; i < 8; ++i) items[i] = _moodyItem(bytes32(i));
        uint256 before = gasleft();

        vault.payMany(address(token), items, FLOOR);

        assertLt(before - gasleft(), 8 * FLOOR + OVERHEAD);
    }

    function test_TheFloorIsEnoughForAHeavyPayer() external {
        Authorization[] memory items = new Authorization[](1);
        items[0] = _heavyItem("nonce");
        vm.cool(address(token));
        vm.cool(_heavy.addr);

        vault.payMany(address(token), items, FLOOR);

        assertEq(vault.paymentOf(refOf(_heavy.addr, "nonce")).held, PRICE);
    }

    /// @dev Whatever the limit, the call reverts and leaves no trace, or every good item is paid.
    function test_NoGasLimitLeavesAGoodItemOut() external {
        _moody.setMood(MoodyWallet.Mood.BurnsGas);
        uint256[3] memory itemGas = [FLOOR, FLOOR + 1, 170_000];
        uint256 done;
        for (uint256 i = 0; i < itemGas.length; ++i) {
            for (uint256 limit = 150_000; limit <= 800_000; limit += 3_250) {
                if (_tryBatch(limit, itemGas[i])) ++done;
            }
        }
        assertGt(done, 50, "some succeeded");
        assertLt(done, 600, "some did not");
        assertEq(liabilities(), 2 * PRICE * done, "each revert left no trace");
        assertEq(token.balanceOf(address(vault)), 2 * PRICE * done, "each success paid");
    }

    /// @dev A heavy payer, one that burns all, and one more heavy payer at the end, where the least gas is left.
    function _tryBatch(uint256 limit, uint256 itemGas) private returns (bool) {
        bytes32 nonce = keccak256(abi.encode(limit, itemGas));
        Authorization[] memory items = new Authorization[](3);
        items[0] = _heavyItem(nonce);
        items[1] = _moodyItem(nonce);
        items[2] = _heavyItem(keccak256(abi.encode(nonce)));
        vm.cool(address(vault));
        vm.cool(address(token));
        vm.cool(_heavy.addr);
        try vault.payMany{gas: limit}(address(token), items, itemGas) returns (PaymentId[] memory ids) {
            assertNotEq(PaymentId.unwrap(ids[0]), 0, "the first");
            assertEq(PaymentId.unwrap(ids[1]), 0, "the burner");
            assertNotEq(PaymentId.unwrap(ids[2]), 0, "the last");
            return true;
        } catch {
            return false;
        }
    }

    /// @dev The stated boundary: a payer that needs more than the caller gives each item is left out, and nothing is
    /// written about it. Its payment can be made with more gas, or alone.
    function test_APayerAboveTheFloorIsPaidWithMoreGas() external {
        Account memory heavier = makeAccount("heavier");
        heavier.addr = address(new HeavyWallet(heavier.addr, FLOOR));
        token.mint(heavier.addr, PRICE);
        Authorization[] memory items = new Authorization[](1);
        items[0] = authorize(heavier, address(vault), PRICE, "nonce");
        items[0].signature = bytes.concat(items[0].signature, hex"01");

        assertEq(PaymentId.unwrap(vault.payMany(address(token), items, FLOOR)[0]), 0, "with little");
        assertNotEq(PaymentId.unwrap(vault.payMany(address(token), items, 2 * FLOOR)[0]), 0, "with more");
    }

    /* TOKENS */

    function test_RevertWhen_TheTokenKeepsAPart() external {
        use(new FeeOnTransferToken());
        Authorization[] memory items = _batch("");
        _assertRefused(items, receivedOther((3 * PRICE * 99) / 100, 3 * PRICE));
    }

    function test_RevertWhen_AnItemThatMovedNothingCouldBePaidOutOfSurplus() external {
        use(new SilentNonceToken());
        Authorization[] memory items = _batch("");
        submitToToken(items[0]);
        token.mint(address(vault), 9 * PRICE);
        _assertRefused(items, receivedOther(12 * PRICE, 13 * PRICE));
    }

    function test_RevertWhen_TheBalanceIsALieAfterTheTransfers() external {
        LyingBalanceToken lying = new LyingBalanceToken();
        use(lying);
        Authorization[] memory items = _batch("");
        lying.setMoodAfterTransfer(LyingBalanceToken.Mood.AddsOne);
        _assertRefused(items, receivedOther(3 * PRICE + 1, 3 * PRICE));
    }

    /// @dev Two tokens' books never meet, whatever a batch says.
    function test_RevertWhen_AWorthlessTokenIsMixedIn() external {
        Authorization[] memory items = _batch("");
        Token3009 worthless = new Token3009();
        items[2].token = address(worthless);
        _assertRefused(
            items,
            abi.encodeWithSelector(IBursts.ItemOfOtherToken.selector, 2, address(worthless), address(token))
        );
    }

    /* HELPERS */

    function use(Token3009 newToken) internal override {
        super.use(newToken);
        token.mint(_heavy.addr, 1e30);
        token.mint(address(_moody), 1e30);
    }

    /// @dev Of the payer, the moody wallet, and the heavy one.
    function _batch(bytes32 nonce) private view returns (Authorization[] memory items) {
        items = new Authorization[](3);
        items[0] = authorize(payer, address(vault), PRICE, nonce);
        items[1] = _moodyItem(nonce);
        items[2] = _heavyItem(nonce);
    }

    function _heavyItem(bytes32 nonce) private view returns (Authorization memory item) {
        item = authorize(_heavy, address(vault), PRICE, nonce);
        item.signature = bytes.concat(item.signature, hex"01");
    }

    function _moodyItem(bytes32 nonce) private view returns (Authorization memory item) {
        item = authorize(Account(address(_moody), stranger.key), address(vault), PRICE, nonce);
        item.signature = bytes.concat(item.signature, hex"01");
    }

    function _assertOnlyTheMoodyOneIsLeftOut() private {
        PaymentId[] memory ids = vault.payMany(address(token), _batch(""), FLOOR);

        assertNotEq(PaymentId.unwrap(ids[0]), 0, "the first");
        assertEq(PaymentId.unwrap(ids[1]), 0, "the moody one");
        assertNotEq(PaymentId.unwrap(ids[2]), 0, "the last");
        assertEq(
            uint8(vault.paymentOf(refOf(address(_moody), "")).status),
            uint8(IRefundWindow.Status.None),
            "nothing is written about it"
        );
        assertEq(liabilities(), 2 * PRICE, "liabilities");
    }

    function _assertRefused(Authorization[] memory items, bytes memory reason) private {
        vm.expectRevert(reason);
        vault.payMany(address(token), items, FLOOR);
        assertEq(liabilities(), 0, "liabilities");
        assertEq(
            uint8(vault.paymentOf(refOf(payer.addr, items[0].nonce)).status),
            uint8(IRefundWindow.Status.None),
            "no item is known"
        );
    }
}
