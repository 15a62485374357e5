/** `RefundExceedsRefundable` as words: `refund exceeds refundable`. */
export function words(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(" ");
}

export function snakeCase(name: string): string {
  return words(name).join("_");
}

export function kebabCase(name: string): string {
  return words(name).join("-");
}

/** `RefundWindow` → `refundWindow`. */
export function camelCase(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** `expectedHeld` → `Expected held`; abbreviations stay as they are. */
export function label(name: string): string {
  const text = words(name).join(" ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What a contract's function is called in the SDK: JavaScript keeps one word of our trade for itself. */
export function actionName(functionName: string): string {
  return functionName === "void" ? "voidPayment" : functionName;
}
