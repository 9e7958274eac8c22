import { formatPath, type KeyPath } from './key-path.ts';
import { printable } from './printable.ts';

/** `note`: probably intended, but worth a look. It fails no check. */
export type Severity = 'error' | 'warning' | 'note';

export interface Problem {
  readonly file: string;
  /** 1-based, as in editors. */
  readonly line: number;
  readonly column: number;
  /** `services.orders.upstream.url`; empty for the whole file. */
  readonly path: string;
  /** The problem and its fix; never contains a secret or the value of a variable. */
  readonly message: string;
  readonly severity: Severity;
  /** Name of the check that found the problem, such as `deploy-tokens`. */
  readonly rule: string;
}

/** A position in a file. */
export interface Mark {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export function isError({ severity }: Problem): boolean {
  return severity === 'error';
}

export function problemAt(
  { file, line, column }: Mark,
  path: KeyPath,
  message: string,
  { severity = 'error', rule = 'schema' }: { readonly severity?: Severity; readonly rule?: string } = {},
): Problem {
  return { file, line, column, path: formatPath(path), message: printable(message), severity, rule };
}

/** `file:line:column: path: message`, which editors and terminals recognise as a link. */
export function formatProblem({ file, line, column, path, message }: Problem): string {
  return `${printable(file)}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`;
}

export function formatMark({ file, line, column }: Mark): string {
  return `${file}:${line}:${column}`;
}

/** Sorted by position, without duplicates. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const unique = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  return [...unique.values()].sort(
    (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column || compare(a.path, b.path),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
