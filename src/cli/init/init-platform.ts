import type { InitIssuer } from './init-issuer.ts';
import type { ReadInitValue } from './init-values.ts';

/** A platform whose tokens one value selects; placeholders take the place of the ids of its callers. */
export interface InitPlatform {
  /** Name of the flag. */
  readonly name: string;
  readonly value: string;
  readonly help: string;
  readonly question: string;
  /** The answer to an empty line. */
  readonly preset: string;
  readonly read: ReadInitValue;
  readonly issuer: (value: string) => InitIssuer;
}
