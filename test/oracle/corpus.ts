import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What was seen of one case. */
export interface Entry {
  readonly id: string;
  /** First line of the request, for readers. */
  readonly request: string;
  readonly responses: readonly ResponseRecord[];
  readonly events: readonly EventRecord[];
  /** Requests at the upstream, normalized. */
  readonly upstream: readonly string[];
  /** Requests at token endpoints of other servers. */
  readonly tokenRequests?: readonly string[];
}

export interface ResponseRecord {
  readonly status: number;
  readonly headers: readonly string[];
  /** Of a refusal: the codes in its body, never its message. */
  readonly codes?: readonly string[];
  readonly body?: string;
  readonly truncated?: true;
}

/** Fields of an audit event; its `detail` is prose and left out. */
export type EventRecord = Readonly<Record<string, unknown>>;

/** One entry per line, so that two corpora can be compared by line tools as well. */
export function writeCorpus(file: string, entries: readonly Entry[]): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `[\n${entries.map((entry) => JSON.stringify(entry)).join(',\n')}\n]\n`);
}

export function readCorpus(file: string): readonly Entry[] {
  return JSON.parse(readFileSync(file, 'utf8')) as Entry[];
}
