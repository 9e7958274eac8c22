import type { Draft } from '../model/draft.ts';
import type { KeyPath } from '../problems/key-path.ts';
import { hint } from '../problems/suggest.ts';

export type Section = 'issuers' | 'identities' | 'services' | 'roles' | 'deployTokens';

const SINGULAR: Readonly<Record<Section, string>> = {
  issuers: 'issuer',
  identities: 'identity',
  services: 'service',
  roles: 'role',
  deployTokens: 'deploy token',
};

/** Input of a rule, and its methods for reporting problems. */
export interface RuleContext {
  readonly draft: Draft;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /**
   * All names as written, also of entries that the schema refused: a reference to those is no second problem.
   * Undefined where the whole section could not be read.
   */
  readonly names: Readonly<Record<Section, ReadonlySet<string> | undefined>>;
  error(path: KeyPath, message: string, place?: 'key' | 'value'): void;
  warn(path: KeyPath, message: string, place?: 'key' | 'value'): void;
  note(path: KeyPath, message: string, place?: 'key' | 'value'): void;
  /** Whether the value at the path contains the value of a variable, which no message may show. */
  isExpanded(path: KeyPath): boolean;
  /** `file:line:column` of another place that a message names. */
  where(path: KeyPath): string;
}

export type Rule = (context: RuleContext) => void;

/** Reports a name that no entry of the section has. */
export function checkReference(context: RuleContext, path: KeyPath, section: Section, name: string): void {
  const names = context.names[section];
  if (names === undefined || names.has(name)) return;
  context.error(path, `no ${SINGULAR[section]} is named "${name}"${hint(name, [...names])}`);
}
