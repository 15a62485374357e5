export * from "./generated/addresses.js";
