/** `expect(outcome).toExitWith(0)`: a failure shows the exit code with the output of the program. */
import { expect } from 'vitest';

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void>> {
    /** The exit code of an `Outcome`. */
    toExitWith(code: number): R;
  }
}

/** Characters of each stream in the message. */
const SHOWN = 10_000;

expect.extend({
  toExitWith(outcome: { readonly code: number }, expected: number) {
    const { code, ...streams } = outcome;
    const pass = code === expected;
    const output = Object.entries(streams).map(([name, content]) => `${name}:\n${text(content)}`);
    return {
      pass,
      actual: code,
      expected,
      message: () => [`exit code ${code}, expected ${pass ? 'another' : expected}`, ...output].join('\n\n'),
    };
  },
});

/** The end, which contains the error. */
function text(content: unknown): string {
  return (typeof content === 'string' ? content : (JSON.stringify(content) ?? '')).slice(-SHOWN);
}
