/** Nobody answered in time. */
export class DeadlineError extends Error {
  override name = "DeadlineError";
}

/** Gives up on `work` after `timeoutMs`: what it does further is only reading. */
export async function withDeadline<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(`No answer within ${timeoutMs} ms.`)), timeoutMs);
  });
  return Promise.race([work, deadline]).finally(() => clearTimeout(timer));
}
