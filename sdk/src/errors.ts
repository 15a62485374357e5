export { contractErrorFrom } from "./contractErrorFrom.js";
export * from "./generated/errors.js";
export { wireCodeOf } from "./generated/wireCodes.js";
export { type CauseOption, RecourseError, type RecourseErrorOptions } from "./RecourseError.js";
