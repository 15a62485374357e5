export { vaultAddressOf } from "../kinds.js";
export { parseVaultExtra, type VaultExtra } from "../terms.js";
export type { ExactEvmSchemeConfig } from "./facilitator.js";
export { parseRelayRequest } from "./relayRequest.js";
export { ExactEvmScheme } from "./scheme.js";
export { type Expense, type Sponsor, sponsorEverything } from "./sponsor.js";
export {
  type FacilitatorClient,
  InMemorySubmissionStorage,
  type Submission,
  type SubmissionStorage,
} from "./submitter.js";
