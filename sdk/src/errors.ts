export { contractErrorFrom } from "./contractErrorFrom.js";
export * from "./generated/errors.js";
export { wireCodeOf } from "./generated/wireCodes.js";
export { RecourseError } from "./RecourseError.js";
