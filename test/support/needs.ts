import { describe, test } from 'vitest';
import { missingTools } from './tools.ts';
import type { Tool } from './tools.ts';

export type Availability =
  { readonly kind: 'run' } | { readonly kind: 'skip' | 'fail'; readonly message: string };

/** A test that cannot run is skipped locally and fails in CI, where a skip would look like a pass. */
export function availability(missing: string | undefined, ci: string | undefined): Availability {
  if (missing === undefined) return { kind: 'run' };
  return { kind: ci === 'true' ? 'fail' : 'skip', message: missing };
}

interface Needing {
  describe(name: string, body: () => void): void;
  /** `timeout` in milliseconds, if the default is too short. */
  test(name: string, body: () => void | Promise<void>, timeout?: number): void;
}

/** `needs('nginx', 'curl').describe('…', () => { … })`: describe and test for what depends on programs. */
export function needs(...tools: readonly Tool[]): Needing {
  return needing(missingTools(tools));
}

/** For programs that Debian does not package: the message names the program and how to install it. */
export function needing(missing: string | undefined): Needing {
  const state = availability(missing, process.env['CI']);
  switch (state.kind) {
    case 'run':
      return { describe, test };
    case 'skip':
      return {
        describe: (name, body) => describe.skip(`${name} (${state.message})`, body),
        test: (name, body) => test.skip(`${name} (${state.message})`, body),
      };
    case 'fail': {
      const refuse = (name: string): void =>
        test(name, () => {
          throw new Error(state.message);
        });
      return { describe: refuse, test: refuse };
    }
    default:
      return state satisfies never;
  }
}
