/** Calls `look` every 10 ms until it returns a value; throws after `deadline` ms. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  deadline = 20_000,
): Promise<T> {
  const end = performance.now() + deadline;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > end) throw new Error(`waited ${deadline} ms for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
