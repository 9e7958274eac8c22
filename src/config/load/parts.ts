import type { Config } from '../model/config.ts';
import type { Problem } from '../problems/problem.ts';
import type { LoadResult } from './load.ts';

/**
 * A part of a result, small enough for the receiving thread to copy between two requests: a value, or some items of
 * a list or record.
 */
export type Part =
  | { readonly kind: 'value'; readonly key: string; readonly value: unknown }
  | { readonly kind: 'items'; readonly key: string; readonly items: readonly unknown[] }
  | { readonly kind: 'entries'; readonly key: string; readonly entries: readonly [string, unknown][] };

/** Identities of four grants each are copied in about a millisecond. */
const ITEMS_PER_PART = 200;

/** The keys of a failed result, and of a configuration beside those of `Config`. */
interface Sections {
  readonly kind: LoadResult['kind'];
  readonly warnings: readonly Problem[];
  readonly problems?: readonly Problem[];
}

/** Splits a result at its sections. */
export function* splitResult(result: LoadResult): Generator<Part, undefined> {
  const { kind, warnings } = result;
  const sections =
    result.kind === 'loaded'
      ? { kind, warnings, ...result.config }
      : { kind, warnings, problems: result.problems };
  for (const [key, value] of Object.entries(sections)) {
    if (Array.isArray(value)) yield* splitList(key, value);
    else if (isLarge(value)) yield* splitRecord(key, value);
    else yield { kind: 'value', key, value };
  }
  return undefined;
}

function* splitList(key: string, list: readonly unknown[]): Generator<Part> {
  yield { kind: 'value', key, value: [] };
  for (let at = 0; at < list.length; at += ITEMS_PER_PART)
    yield { kind: 'items', key, items: list.slice(at, at + ITEMS_PER_PART) };
}

function* splitRecord(key: string, record: object): Generator<Part> {
  yield { kind: 'value', key, value: {} };
  const entries = Object.entries(record);
  for (let at = 0; at < entries.length; at += ITEMS_PER_PART)
    yield { kind: 'entries', key, entries: entries.slice(at, at + ITEMS_PER_PART) };
}

function isLarge(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.keys(value).length > ITEMS_PER_PART;
}

/** Joins the parts of one result, in the order of `splitResult`. */
export class JoinedParts {
  readonly #sections: Record<string, unknown> = {};

  add(part: Part): void {
    switch (part.kind) {
      case 'value':
        this.#sections[part.key] = part.value;
        return;
      case 'items':
        (this.#sections[part.key] as unknown[]).push(...part.items);
        return;
      case 'entries':
        Object.assign(this.#sections[part.key] as object, Object.fromEntries(part.entries));
        return;
      default:
        part satisfies never;
    }
  }

  result(): LoadResult {
    const { kind, warnings, problems = [], ...config } = this.#sections as unknown as Sections & Config;
    return kind === 'loaded' ? { kind, config, warnings } : { kind, problems, warnings };
  }
}
