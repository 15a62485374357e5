// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

/// @notice Surplus of one token that the operator means to assign.
/// @param amount What is left of it, in the token's smallest unit.
/// @param claims What payers froze of it, in all; can be more than there is.
/// @param provable Surplus that was free when it was announced, this amount included, less what of it was proven since.
/// @param announcedAt Unix seconds; zero when there is no such announcement.
struct Announcement {
    // slot 0
    uint256 amount;
    // slot 1
    uint256 claims;
    // slot 2
    uint256 provable;
    // slot 3
    uint40 announcedAt; // 5
}

/// @notice The announcements of one token.
/// @param count How many there were; the newest has this number.
/// @param aside What is left of all of them: surplus that is no longer free.
/// @param byNumber Each of them, from 1.
struct Announcements {
    // slot 0
    uint256 count;
    // slot 1
    uint256 aside;
    // slot 2
    mapping(uint256 number => Announcement) byNumber;
}
