import { hash } from 'node:crypto';
import { serialize } from 'node:v8';
import type { Config } from '../model/config.ts';
import type { Problem } from '../problems/problem.ts';
import type { LoadResult } from './load.ts';

/**
 * A part of a result, small enough for the receiving thread to copy between two requests: a value, or some items of
 * a list or record.
 */
export type Part =
  | { readonly kind: 'value'; readonly key: string; readonly value: unknown }
  /** Starts a list or record, which the next parts fill. */
  | { readonly kind: 'collection'; readonly key: string; readonly list: boolean }
  | { readonly kind: 'items'; readonly key: string; readonly items: readonly unknown[] }
  | { readonly kind: 'entries'; readonly key: string; readonly entries: readonly [string, unknown][] };

export type PartsByHash = ReadonlyMap<string, Part>;

/** Identities of four grants each are copied in about a millisecond. */
const ITEMS_PER_PART = 200;

/** The keys of a failed result, and of a configuration beside those of `Config`. */
interface Sections {
  readonly ok: boolean;
  readonly warnings: readonly Problem[];
  readonly problems?: readonly Problem[];
}

/** Splits a result at its sections. */
export function* splitResult(result: LoadResult): Generator<Part, undefined> {
  const { ok, warnings } = result;
  const sections = result.ok
    ? { ok, warnings, ...result.config }
    : { ok, warnings, problems: result.problems };
  for (const [key, value] of Object.entries(sections)) {
    if (Array.isArray(value)) yield* splitList(key, value);
    else if (isLarge(value)) yield* splitRecord(key, value);
    else yield { kind: 'value', key, value };
  }
  return undefined;
}

function* splitList(key: string, list: readonly unknown[]): Generator<Part> {
  yield { kind: 'collection', key, list: true };
  for (let at = 0; at < list.length; at += ITEMS_PER_PART)
    yield { kind: 'items', key, items: list.slice(at, at + ITEMS_PER_PART) };
}

function* splitRecord(key: string, record: object): Generator<Part> {
  yield { kind: 'collection', key, list: false };
  const entries = Object.entries(record);
  for (let at = 0; at < entries.length; at += ITEMS_PER_PART)
    yield { kind: 'entries', key, entries: entries.slice(at, at + ITEMS_PER_PART) };
}

function isLarge(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.keys(value).length > ITEMS_PER_PART;
}

/** A part with the hash of its content, or the hash only where the receiver has the part. */
export interface SentPart {
  readonly hash: string;
  readonly part?: Part;
}

export function toSentPart(part: Part, known: ReadonlySet<string>): SentPart {
  const digest = hash('sha256', serialize(part));
  return known.has(digest) ? { hash: digest } : { hash: digest, part };
}

/**
 * Joins the parts of one result, in the order of `splitResult`. Parts that are equal to one of the last result are
 * not copied again: most of a large policy is the same after a reload.
 */
export class JoinedParts {
  readonly #sections: Record<string, unknown> = {};
  readonly #last: PartsByHash;
  readonly #received = new Map<string, Part>();

  constructor(last: PartsByHash) {
    this.#last = last;
  }

  /** The parts so far, for the next result. */
  get received(): PartsByHash {
    return this.#received;
  }

  add({ hash: digest, part = this.#last.get(digest) }: SentPart): void {
    if (part === undefined) throw new TypeError('the loader thread refers to an unknown part');
    this.#received.set(digest, part);
    this.#join(part);
  }

  #join(part: Part): void {
    switch (part.kind) {
      case 'value':
        this.#sections[part.key] = part.value;
        return;
      case 'collection':
        // Made here: a collection of the last result must not grow.
        this.#sections[part.key] = part.list ? [] : {};
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
    const { ok, warnings, problems = [], ...config } = this.#sections as unknown as Sections & Config;
    return ok ? { ok, config, warnings } : { ok, problems, warnings };
  }
}
