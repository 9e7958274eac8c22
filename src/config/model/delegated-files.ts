import type { Problem } from '../problems/problem.ts';

/** A delegated file of a loaded configuration. */
export interface DelegatedFile {
  readonly file: string;
  /** The active version: the file as it was read, its last valid version, or none. */
  readonly state: 'current' | 'previous' | 'omitted';
  /** The active version. */
  readonly text: string | undefined;
  /** Why the file as it was read is not active. */
  readonly problems: readonly Problem[];
}

export interface DelegatedFiles {
  /** The `files` of the delegations. */
  readonly patterns: readonly string[];
  /** Hash of all files that the patterns name. */
  readonly fingerprint: string;
  readonly files: readonly DelegatedFile[];
}

export const NO_DELEGATED_FILES: DelegatedFiles = { patterns: [], fingerprint: '', files: [] };

/** A version of a delegated file. */
export interface DelegatedVersion {
  readonly file: string;
  readonly text: string;
}

/** The active versions, which a reload falls back to. */
export function activeVersions({ files }: DelegatedFiles): readonly DelegatedVersion[] {
  return files.flatMap(({ file, text }) => (text === undefined ? [] : [{ file, text }]));
}
