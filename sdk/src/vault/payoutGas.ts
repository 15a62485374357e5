/**
 * The gas that an SDK call lets the token use for a payout: twice what real tokens need. It is a limit and not a cost.
 * Above the contract's floor, so that a healthy token cannot fail for want of gas.
 */
export const PAYOUT_GAS = 150_000n;
