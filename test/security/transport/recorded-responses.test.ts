/**
 * N1: responses recorded from the servers that tests run are accepted. test/support/record-responses/main.ts records them
 * again (threats.md).
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compareReaders } from '../../support/fuzz/compare-readers.ts';
import { seededRandom } from '../../support/fuzz/seeded-random.ts';
import type { RecordedResponse } from '../../support/record-responses/raw-recorder.ts';
import { readText, ROOT } from '../../support/repository.ts';

const FOLDER = 'test/fixtures/responses';
const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);

const recorded = readdirSync(join(ROOT, FOLDER)).flatMap(
  (file) => JSON.parse(readText(join(FOLDER, file))) as readonly RecordedResponse[],
);

/** Forms of servers that tests do not run, from their sources. */
const FROM_SOURCES: readonly RecordedResponse[] = [
  {
    // Gitea 1.24, services/context and routers/api/packages, on Go's net/http.
    server: 'Gitea',
    method: 'GET',
    request: 'GET /api/packages/acme/npm/small',
    bytes: `HTTP/1.1 200 OK\r\nCache-Control: max-age=0, private, must-revalidate, no-transform\r\nContent-Type: application/json;charset=utf-8\r\nSet-Cookie: i_like_gitea=xxxx; Path=/; HttpOnly; SameSite=Lax\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: SAMEORIGIN\r\nDate: Fri, 27 Nov 2026 12:00:00 GMT\r\nContent-Length: 3\r\n\r\n{}\n`,
  },
  {
    server: 'Gitea',
    method: 'GET',
    request: 'GET /api/packages/acme/generic/small/1.0/small.bin',
    bytes: `HTTP/1.1 200 OK\r\nAccess-Control-Expose-Headers: Content-Disposition\r\nContent-Disposition: attachment; filename="small.bin"; filename*=UTF-8''small.bin\r\nContent-Type: application/octet-stream\r\nDate: Fri, 27 Nov 2026 12:00:00 GMT\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsmall\r\n0\r\n\r\n`,
  },
];

const RESPONSES = [...recorded, ...FROM_SOURCES];

/** distribution 2.8 announces the length of the blob with a 416 and sends a part of its error text. */
const isTruncated = ({ server, bytes }: RecordedResponse): boolean =>
  server === 'docker-registry' && bytes.startsWith('HTTP/1.1 416');

test('N1 the recordings cover the servers and the forms of responses', () => {
  expect(new Set(recorded.map(({ server }) => server)).size).toBeGreaterThanOrEqual(10);
  const text = recorded.map(({ bytes }) => bytes).join('\n');
  for (const form of ['HTTP/1.0 200', ' 204 ', ' 206 ', ' 304 ', 'chunked', 'Connection: close'])
    expect(text).toContain(form);
});

describe('N1 a recorded response is accepted, and read as llhttp reads it', () => {
  test.each(RESPONSES)('$server: $request', async (response) => {
    const { method, bytes } = response;
    const expected = isTruncated(response) ? 'truncated' : 'accepted';
    for (const seed of SEEDS) {
      const random = seededRandom(seed);
      const cuts = Array.from({ length: random.below(20) }, () => random.below(bytes.length));
      const { own, problem, stricter } = await compareReaders({
        requests: [method],
        bytes,
        cuts: [...new Set(cuts)].toSorted((a, b) => a - b),
      });
      expect([seed, problem, stricter, own.map(({ kind }) => kind)]).toEqual([
        seed,
        undefined,
        [],
        [expected],
      ]);
    }
  });
});

test('N1 recorded responses in random order on one connection', async () => {
  const kept = recorded.filter(
    (response) => !isTruncated(response) && !/^HTTP\/1\.0|\r\nConnection: close\r\n/i.test(response.bytes),
  );
  for (const seed of SEEDS) {
    const random = seededRandom(seed);
    const order = Array.from({ length: 12 }, () => random.pick(kept));
    let end = 0;
    const cuts = order.flatMap(({ bytes }) => {
      const start = end;
      end += bytes.length;
      return [start + random.below(bytes.length), end];
    });
    const { own, problem } = await compareReaders({
      requests: order.map(({ method }) => method),
      bytes: order.map(({ bytes }) => bytes).join(''),
      cuts,
    });
    expect([seed, problem, own.length, own.at(-1)?.kind]).toEqual([seed, undefined, 12, 'accepted']);
  }
});
