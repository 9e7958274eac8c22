import type { Entry, EventRecord, ResponseRecord } from './corpus.ts';
import type { AuditLine } from './gateway.ts';
import { readResponses, type RawResponse } from './http-text.ts';
import { isConsolePage, shortBody, type Normalize } from './normalize.ts';
import type { Case } from './scenario.ts';
import { auditField, type Vocabulary } from './vocabulary.ts';
import type { RecordedRequest } from './world/recorded-request.ts';

/** Everything that followed from one case, as received. */
export interface Observation {
  readonly sent: Case;
  readonly received: string;
  readonly upstream: { readonly requests: readonly RecordedRequest[]; readonly partial: string };
  readonly tokenRequests: readonly string[];
}

export function entryOf(
  { sent, received, upstream, tokenRequests }: Observation,
  events: readonly AuditLine[],
  normalize: Normalize,
  vocabulary: Vocabulary,
): Entry {
  const records = events.map((event) => eventRecord(event, normalize, vocabulary));
  const responses = readResponses(received).map((response, index) =>
    sent.namesOnly === true
      ? { status: response.status, headers: [], body: namesIn(response.body) }
      : responseRecord(response, records[index]?.['reason'], normalize),
  );
  const requests = upstream.requests.map(({ head, body }) =>
    body === '' ? normalize(head) : `${normalize(head)}\r\n\r\n${shortBody(body, normalize)}`,
  );
  const partial =
    upstream.partial === '' ? [] : [`partial: ${normalize(upstream.partial.split('\r\n')[0] ?? '')}`];
  return {
    id: sent.id,
    request: normalize(sent.bytes.split('\r\n')[0] ?? '').slice(0, 200),
    responses,
    events: records,
    upstream: [...requests, ...partial],
    ...(tokenRequests.length === 0 ? {} : { tokenRequests: tokenRequests.map(normalize) }),
  };
}

const FORWARDED: ReadonlySet<unknown> = new Set(['granted', 'anonymous', 'shadow']);

function responseRecord(
  { status, headers, body, complete }: RawResponse,
  reason: unknown,
  normalize: Normalize,
): ResponseRecord {
  const known = isConsolePage(body) ? headers.map(withoutLength) : headers;
  const kept = known.filter((line) => !/^(?:date|keep-alive):/i.test(line)).map(normalize);
  if (FORWARDED.has(reason) || (reason === undefined && status < 400)) {
    return complete
      ? { status, headers: kept, body: shortBody(body, normalize) }
      : { status, headers: kept, truncated: true };
  }
  return { status, headers: kept.flatMap(withoutMessage), codes: codesIn(body) };
}

/** The length depends on times in the page. */
function withoutLength(line: string): string {
  return line.replace(/^(content-length: )\d+$/i, '$1<BYTES>');
}

/** Metrics with their types, or members of a JSON document. */
function namesIn(body: string): string {
  const metrics = body.split('\n').filter((line) => line.startsWith('# TYPE '));
  if (metrics.length > 0) return metrics.toSorted().join('\n');
  return [...new Set(body.match(/"\w+"(?=:)/g) ?? [])].join(' ');
}

/** Values that clients act on; other headers of a refusal may hold its message. */
const ACTED_ON =
  /^(?:allow|cache-control|connection|content-type|docker-distribution-api-version|lfs-authenticate|location|retry-after|www-authenticate):/i;

function withoutMessage(line: string): readonly string[] {
  const name = line.slice(0, line.indexOf(':'));
  if (name.toLowerCase() === 'content-length') return [];
  // The remaining time depends on when the case ran.
  if (name.toLowerCase() === 'retry-after') return [line.replace(/\d+/, '<SECONDS>')];
  return [ACTED_ON.test(line) ? line : name];
}

/** Machine-readable codes: JSON members of these names whose value is one word, and `error: CODE` in text. */
function codesIn(body: string): readonly string[] {
  const codes = [
    ...body.matchAll(/"(?:error|code|status|title|detail|reason)": ?"?([A-Za-z_-]+|\d{3})"?[,}\]]/g),
  ];
  const inText = [...body.matchAll(/^error: (\w+)$|\(([a-z_]+), request id /gm)];
  return [
    ...codes.map(([, code = '']) => code),
    ...inText.map(([, line, sentence]) => line ?? sentence ?? ''),
  ];
}

/** Audit fields by their path, in the new vocabulary. Ids, hashes, times and prose are left out. */
const FIELDS: readonly string[] = [
  'event.type',
  'event.outcome',
  'event.action',
  'http.request.method',
  'http.response.status_code',
  'url.domain',
  'url.path',
  'client.address',
  'user.name',
  'user.id',
  'user.roles',
  'cicd',
  'gatehouse.service',
  'gatehouse.type',
  'gatehouse.scopes',
  'gatehouse.resources',
  'gatehouse.operations',
  'gatehouse.credential',
  'gatehouse.credential_source',
  'gatehouse.issuer',
  'gatehouse.project',
  'gatehouse.job',
  'gatehouse.decision',
  'gatehouse.basis',
  'gatehouse.relaxed.reason',
  'gatehouse.upstream_status',
  'gatehouse.aborted',
];

function eventRecord(event: AuditLine, normalize: Normalize, vocabulary: Vocabulary): EventRecord {
  const fields = FIELDS.flatMap((path): [string, unknown][] => {
    const value = path
      .split('.')
      .reduce<unknown>((found, key) => memberOf(found, auditField(vocabulary, key)), event);
    return value === undefined ? [] : [[path, JSON.parse(normalize(JSON.stringify(value))) as unknown]];
  });
  return { reason: memberOf(event['event'], 'reason'), ...Object.fromEntries(fields) };
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as AuditLine)[key] : undefined;
}
