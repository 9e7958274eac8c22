/** K8: an exception anywhere in the line is a 503 and nothing forwarded; never a way through, never the end of others. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { VerifiedCredential } from '../../src/core/credentials/credential.ts';
import type { Forwarder } from '../../src/proxy/index.ts';
import { createListener, type Listener } from '../../src/http/index.ts';
import { createPipeline, type ServicePipeline, type Stages } from '../../src/gateway/index.ts';
import { recordingLog, sampleCredential, type RecordedLog } from '../support/audit-events.ts';
import { eventually } from '../support/eventually.ts';
import { LISTENER, NOT_COUNTED } from '../support/listener.ts';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';
import { openService, openStages, startForwarder } from '../support/scenario/stages.ts';

const CANARY = 'canary-of-the-exception';

let upstream: RecordingUpstream;
let forwarder: Forwarder;
let listener: Listener | undefined;
let log: RecordedLog;
let events: string[];
beforeEach(async () => {
  upstream = await startRecordingUpstream();
  log = recordingLog();
  events = [];
  forwarder = startForwarder(upstream.url, { log });
});
afterEach(async () => {
  await listener?.stop(Promise.resolve());
  await forwarder.close();
  await upstream.close();
});

/** Whatever a room might throw, and however. */
function boom(): never {
  throw new TypeError(CANARY);
}

interface Parts {
  readonly line: ServicePipeline;
  readonly stages: Omit<Stages, 'services'>;
}

const verified: VerifiedCredential = sampleCredential();

async function parts(): Promise<Parts> {
  return {
    line: openService(forwarder),
    stages: await openStages(log, ({ path, reason }) => void events.push(`${path} ${reason}`)),
  };
}

/** The line with a fault in it at /api/boom, and without one everywhere else. */
async function start(breakIt: (whole: Parts) => Parts): Promise<(path: string) => Promise<RawResponse>> {
  const [good, bad] = [await parts(), breakIt(await parts())];
  const broken = { ...bad.line, path: '/api/boom' };
  const forGood = createPipeline({ ...good.stages, services: [good.line] });
  const forBad = createPipeline({ ...bad.stages, services: [broken] });
  listener = createListener(
    LISTENER,
    {
      request: (incoming) => (incoming.req.url === '/api/boom' ? forBad : forGood).request(incoming),
      broken: forGood.broken,
    },
    { log, meter: NOT_COUNTED },
  );
  const { port } = await listener.start();
  return (path) =>
    rawResponse(port, `GET ${path} HTTP/1.1\r\nHost: gateway.example.com\r\nConnection: close\r\n\r\n`);
}

const withLine =
  (changes: (line: ServicePipeline) => Partial<ServicePipeline>) =>
  ({ line, stages }: Parts): Parts => ({ stages, line: { ...line, ...changes(line) } });

const withProtocol = (changes: Partial<ServicePipeline['protocol']>, more: Partial<ServicePipeline> = {}) =>
  withLine(({ protocol }) => ({ protocol: { ...protocol, ...changes }, ...more }));

const later = (): Promise<never> => Promise.resolve().then(boom);
const refusing: Partial<ServicePipeline> = {
  extract: () => undefined,
  authorize: () => ({ kind: 'deny', reason: 'no_credential', detail: '' }),
};

const FAULTS: readonly [string, (whole: Parts) => Parts][] = [
  [
    'audit available',
    ({ line, stages }) => ({ line, stages: { ...stages, audit: { ...stages.audit, available: boom } } }),
  ],
  [
    'requestStarted',
    ({ line, stages }) => ({ line, stages: { ...stages, meter: { ...stages.meter, requestStarted: boom } } }),
  ],
  ['classify', withProtocol({ classify: boom })],
  ['extract', withLine(() => ({ extract: boom }))],
  ['authenticate', withLine(() => ({ authenticate: boom }))],
  ['authenticate, later', withLine(() => ({ authenticate: later }))],
  ['authorize', withLine(() => ({ authorize: boom }))],
  [
    'authorizeUnknown',
    withProtocol({ classify: () => ({ kind: 'unknown', detail: '' }) }, { authorizeUnknown: boom }),
  ],
  [
    'authorize after a slow verification',
    withLine(() => ({ authenticate: () => Promise.resolve(verified), authorize: boom })),
  ],
  ['forward', withLine(() => ({ forward: boom }))],
  [
    'forward after a slow verification',
    withLine(() => ({ authenticate: () => Promise.resolve(verified), forward: boom })),
  ],
  ['challenge', withProtocol({ challenge: boom }, refusing)],
  ['refusal', withProtocol({ refusal: boom }, refusing)],
  ['refusal after a slow verification', withProtocol({ refusal: boom }, { authenticate: later })],
  [
    'refusal of a fault of the upstream',
    withProtocol(
      { refusal: boom },
      { forward: (forwarding) => setImmediate(() => forwarding.failed('upstream_timeout', '')) },
    ),
  ],
  [
    'something that is no error',
    withLine(() => ({
      authorize: () => Promise.reject(CANARY) as never,
      extract: () => {
        // oxlint-disable-next-line typescript/only-throw-error -- a thrown text is what this is about
        throw CANARY;
      },
    })),
  ],
];

test.each(FAULTS)('K8 fail-open: an exception in %s', async (_, breakIt) => {
  const get = await start(breakIt);
  const answer = await get('/api/boom');
  expect(answer.status).toBe(503);
  expect(JSON.parse(answer.body)).toMatchObject({ error: 'internal_error' });
  expect(answer.headers.has('retry-after')).toBe(true);
  expect(upstream.bytes()).toBe('');
  await eventually('its audit event', () => events.includes('/api/boom internal_error'));
  // The log knows where, not what: messages may quote a client.
  expect(log.lines.map(({ message }) => message)).toContain('request failed with an internal error');
  expect(JSON.stringify(log.lines) + answer.head + answer.body).not.toContain(CANARY);
  expect((await get('/api/good')).status).toBe(200);
  expect(upstream.requests()).toHaveLength(1);
});

test('K8 fail-open: an exception in forward, once the answer has begun, cuts the connection', async () => {
  const get = await start(
    withLine(() => ({
      forward({ incoming: { res } }) {
        res.writeHead(200, ['Content-Length', '10']);
        res.write('begun');
        boom();
      },
    })),
  );
  // Nothing came that could be taken for an answer.
  await expect(get('/api/boom')).rejects.toThrow('got 0');
  await eventually('its audit event', () => events.includes('/api/boom internal_error'));
  expect((await get('/api/good')).status).toBe(200);
});

test.each<[string, (stages: Parts['stages']) => Partial<Parts['stages']>]>([
  ['audit write', ({ audit }) => ({ audit: { ...audit, write: boom } })],
  ['access write', () => ({ access: { write: boom } })],
  ['requestEnded', ({ meter }) => ({ meter: { ...meter, requestEnded: boom } })],
])('K8: an exception in %s, after the response, does not affect other requests', async (_, changes) => {
  const get = await start(({ line, stages }) => ({ line, stages: { ...stages, ...changes(stages) } }));
  await get('/api/boom');
  await eventually('it is told', () =>
    log.lines.some(({ message }) => message === 'request was not recorded'),
  );
  expect(JSON.stringify(log.lines)).not.toContain(CANARY);
  expect((await get('/api/good')).status).toBe(200);
});

test.each<[string, (whole: Parts) => Parts]>([
  [
    'of a refusal',
    withProtocol(
      {
        refusal: () => ({
          contentType: 'text/plain',
          body: '',
          status: 403,
          phrase: 'canary',
          headers: ['X-A', '\n'],
        }),
      },
      refusing,
    ),
  ],
  [
    'of an upstream',
    withLine(() => ({
      forward({ incoming: { res } }) {
        res.writeHead(200, 'canary', ['X-A', '\n']);
      },
    })),
  ],
])('S11: a head %s that Node refuses leaves nothing in the answer that follows', async (_, breakIt) => {
  const get = await start(breakIt);
  const answer = await get('/api/boom');
  expect(answer.head).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
  expect(answer.body).toContain('internal_error');
});
