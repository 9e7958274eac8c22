import type { AccessDifference, AccessDifferences } from '../../app/tools.ts';

/** A difference with the position of its rule, in the configuration that allows the access. */
export type LocatedDifference = Omit<AccessDifference, 'rule'> & { readonly source: string };

/** The output of the command. */
export interface DiffReport extends Omit<AccessDifferences, 'gains' | 'losses'> {
  readonly gains: readonly LocatedDifference[];
  readonly losses: readonly LocatedDifference[];
}
