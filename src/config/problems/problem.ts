import { formatPath, type KeyPath } from './key-path.ts';
import { printable } from './printable.ts';

export type Severity = 'error' | 'warning';

export interface Problem {
  readonly file: string;
  /** From 1, as editors count. */
  readonly line: number;
  readonly column: number;
  /** `services.orders.upstream.url`; empty where the whole file is meant. */
  readonly path: string;
  /** What is wrong and what would be right; never a secret, nor text that a variable brought in. */
  readonly message: string;
  readonly severity: Severity;
}

/** A place in a file. */
export interface Mark {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export function problemAt(mark: Mark, path: KeyPath, message: string, severity: Severity = 'error'): Problem {
  const { file, line, column } = mark;
  return { file, line, column, path: formatPath(path), message: printable(message), severity };
}

/** `file:line:column: path: message`, the form that editors and terminals make a link of. */
export function formatProblem({ file, line, column, path, message }: Problem): string {
  return `${printable(file)}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`;
}

export function formatMark({ file, line, column }: Mark): string {
  return `${file}:${line}:${column}`;
}

/** In reading order, each once. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const unique = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  return [...unique.values()].sort(
    (a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column || compare(a.path, b.path),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
