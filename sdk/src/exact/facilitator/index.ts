export { parseRelayRequest } from "./relayRequest.js";
export { ExactEvmScheme, type ExactEvmSchemeConfig } from "./scheme.js";
export { type Expense, type Sponsor, sponsorEverything } from "./sponsor.js";
export {
  type FacilitatorClient,
  InMemorySubmissionStorage,
  type Submission,
  type SubmissionStorage,
} from "./submitter.js";
