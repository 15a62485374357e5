import { type Client, isAddressEqual } from "viem";
import type { MultisigAccount } from "./account.js";
import { validOnes } from "./approvals.js";
import { missingOf } from "./collect.js";
import { ChainMismatchError, RulesChangedError } from "./errors.js";
import { requirementOf } from "./requirements.js";
import { type CollectedApproval, rejectionTypedData } from "./wire.js";

/**
 * What a collector says of a request, looked up: what is needed, and who signs, by the account's rules of now; who signed and who
 * refused by their signatures. What does not hold is left out, so that whoever is shown it has only the chain to believe.
 *
 * @param account The request's, as it stands.
 * @throws {ChainMismatchError} when the request is of another chain or account.
 * @throws {RulesChangedError} when it was asked under other rules: no signature can be used any more.
 * @throws {TokenWithoutRulesError} when the account has no rules for the token.
 * @throws {PayeeNotListedError} when the account may not pay the payee.
 * @throws {UnreadablePlanError} when what it would subscribe to is no plan.
 */
export async function verifyApproval(
  client: Client,
  account: MultisigAccount,
  approval: CollectedApproval,
): Promise<CollectedApproval> {
  const { chainId, id, rejections, typedData } = approval;
  if (chainId !== account.chainId || !isAddressEqual(approval.account, account.address)) {
    throw new ChainMismatchError({ account, chainId });
  }
  const { epoch } = typedData.message;
  if (epoch !== account.epoch) throw new RulesChangedError({ epoch: account.epoch, requestId: id, signed: epoch });
  const { signers } = account.config;
  const [requirement, signatures, refused] = await Promise.all([
    requirementOf(client, account, typedData),
    validOnes(client, account, typedData, approval.signatures),
    Promise.all(
      rejections.map(async (rejection) => {
        const valid = await validOnes(client, account, rejectionTypedData(approval, rejection.reason), [rejection]);
        return valid.length > 0 ? [rejection] : [];
      }),
    ),
  ]);
  return {
    ...approval,
    ...requirement,
    missing: missingOf(signers, signatures),
    rejections: refused.flat(),
    signatures,
    signers,
  };
}
