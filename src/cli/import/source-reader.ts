import { problemAt, type Mark, type Problem, type SourceNode } from '../../config/index.ts';
import { GatehouseError } from '../../core/errors.ts';
import { counted } from '../../util/text/counted.ts';
import { listProblems } from '../configuration.ts';

type Entries = ReadonlyMap<string, { readonly mark: Mark; readonly value: SourceNode }>;

/** Reads values of a source file and collects what has another type than the format documents. */
export class SourceReader {
  readonly #file: string;
  readonly #problems: Problem[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  /** The entries of a mapping; none for `null`, as both formats read it. */
  entries(node: SourceNode | undefined, path: readonly (string | number)[]): Entries {
    if (node === undefined || isNull(node)) return new Map();
    if (node.kind === 'mapping') return node.entries;
    this.refuse(node.mark, path, 'must be a mapping');
    return new Map();
  }

  items(node: SourceNode | undefined, path: readonly (string | number)[]): readonly SourceNode[] {
    if (node === undefined || isNull(node)) return [];
    if (node.kind === 'list') return node.items;
    this.refuse(node.mark, path, 'must be a list');
    return [];
  }

  text(node: SourceNode | undefined, path: readonly (string | number)[]): string | undefined {
    if (node === undefined || isNull(node)) return undefined;
    if (node.kind === 'scalar') return node.text;
    this.refuse(node.mark, path, 'must be a text');
    return undefined;
  }

  texts(node: SourceNode | undefined, path: readonly (string | number)[]): readonly string[] {
    return this.items(node, path).flatMap((item, index) => this.text(item, [...path, index]) ?? []);
  }

  refuse(mark: Mark, path: readonly (string | number)[], message: string): void {
    this.#problems.push(problemAt(mark, path, message));
  }

  /** Throws `config_invalid` if there are problems. */
  finish(): void {
    if (this.#problems.length > 0) this.fail();
  }

  fail(): never {
    return refuseSource(this.#file, this.#problems);
  }
}

export function refuseSource(file: string, problems: readonly Problem[]): never {
  const count = counted(problems.length, 'problem');
  throw new GatehouseError('config_invalid', `${file} has ${count}\n${listProblems(problems).trimEnd()}`);
}

export function isNull(node: SourceNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}

/** Whether the value is the same as none: `null`, `""`, `0`, `false`, `[]`, `{}`. */
export function isEmpty(node: SourceNode): boolean {
  switch (node.kind) {
    case 'scalar':
      return !node.value;
    case 'list':
      return node.items.length === 0;
    case 'mapping':
      return node.entries.size === 0;
    default:
      return node satisfies never;
  }
}
