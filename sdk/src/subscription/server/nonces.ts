/**
 * Keeps a sign-in from being used twice. All processes behind one origin must share it; what counts is that `claim` is atomic.
 */
export type NonceStorage = {
  /**
   * Takes a nonce that nobody has taken.
   *
   * @param seconds How long it must be remembered at least.
   * @returns Whether it was free.
   */
  claim(nonce: string, seconds: number): Promise<boolean>;
};

/** Remembers nonces in the memory of one process. */
export class InMemoryNonceStorage implements NonceStorage {
  readonly #claimed = new Map<string, number>();

  async claim(nonce: string, seconds: number): Promise<boolean> {
    const now = Date.now();
    // In the order in which they were claimed, and all for as long: the first that still counts ends the search.
    for (const [old, until] of this.#claimed) {
      if (until > now) break;
      this.#claimed.delete(old);
    }
    if (this.#claimed.has(nonce)) return false;
    this.#claimed.set(nonce, now + seconds * 1_000);
    return true;
  }
}
