/** X1: headers by which an upstream acts on other resources than the path are refused or removed, on services of every type. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ACTING_HEADERS } from '../../src/core/headers/acting-headers.ts';
import { auditedIn } from '../support/audited.ts';
import { startEveryType, SERVICE_TYPES, type EveryType } from '../support/every-type.ts';
import { openConversation } from '../support/conversation.ts';
import { eventually } from '../support/eventually.ts';
import { startAttackScenario, type AttackScenario } from '../support/scenario/attack.ts';
import { rawRequest, rawResponse, type RawResponse } from '../support/raw-client.ts';
import { namesIn, receivedBy, valuesOf } from '../support/received.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';

let upstream: RecordingUpstream;
let gateway: EveryType;
beforeAll(async () => {
  upstream = await startRecordingUpstream();
  gateway = await startEveryType(upstream.url);
});
afterEach(() => upstream.reset());
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** Written out, so that a name that gets lost in the table is missed. */
const REFUSED = [
  'X-Explode-Archive',
  'X-Explode-Archive-Atomic',
  'X-Checksum-Deploy',
  'Destination',
  'Overwrite',
  'Translate',
  'x-amz-copy-source',
  'x-amz-copy-source-range',
  'x-amz-rename-source',
  'x-goog-copy-source',
  'x-ms-copy-source',
  'x-ms-rename-source',
  'x-oss-copy-source',
  'X-Copy-From',
  'X-Object-Manifest',
  'X-Symlink-Target',
  'X-Symlink-Target-Account',
  'Upload-Concat',
  'X-Scope-OrgID',
  'X-Vault-Namespace',
  'X-Grafana-Org-Id',
] as const;

const REMOVED = [
  'X-Original-URL',
  'X-Original-URI',
  'X-Original-Path',
  'X-Rewrite-URL',
  'Script-Name',
  'SCRIPT_NAME',
  'PATH_INFO',
  'X-Middleware-Subrequest',
  'X-Matched-Path',
  'X-Sendfile-Type',
  'X-Accel-Mapping',
  'Gitlab-Workhorse-Api-Request',
  'X-Artifactory-Override-Base-Url',
  'X-Artifactory-Created-By',
] as const;

/** With the end of a prefix made up. */
const table = (effect: 'refuse' | 'remove'): readonly string[] =>
  ACTING_HEADERS.filter((group) => group.effect === effect).flatMap(({ names }) =>
    names.map((name) => name.replace('*', 'x-other')),
  );

const SPELLINGS: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => name.toUpperCase(),
  (name) => name.replaceAll('-', '_'),
  (name) => name.toLowerCase().replaceAll('-', '.'),
];

function expectRefused(answer: RawResponse, name: string): void {
  expect([name, answer.status]).toEqual([name, 400]);
  // Every error format carries the message.
  expect(answer.body).toContain(
    `The header ${name} makes an upstream act on a resource that the path does not name`,
  );
  expect(answer.body).toContain('passHeaders');
  expect(upstream.bytes()).toBe('');
}

describe.each(SERVICE_TYPES)('type %s', (type) => {
  test('a request without such headers is forwarded', async () => {
    expect((await rawResponse(gateway.port, gateway.request(type))).status).toBe(200);
    receivedBy(upstream);
  });

  test('headers that change the request are refused, whatever their value', async () => {
    for (const name of new Set([...REFUSED, ...table('refuse')])) {
      const answer = await rawResponse(gateway.port, gateway.request(type, [`${name}: false`]));
      expectRefused(answer, name);
    }
  });

  test('headers that only a proxy sets are removed', async () => {
    const names = [...new Set([...REMOVED, ...table('remove')])];
    for (const spell of SPELLINGS) {
      upstream.reset();
      const lines = names.slice(0, 80).map((name) => `${spell(name)}: canary-acting`);
      const answer = await rawResponse(gateway.port, gateway.request(type, lines));
      expect(answer.status).toBe(200);
      expect(receivedBy(upstream).head).not.toContain('canary-acting');
    }
  });
});

describe('however it is written', () => {
  test.each(['X-Explode-Archive', 'Destination', 'x-amz-copy-source-range', 'X-Scope-OrgID'])(
    '%s: in any spelling, twice, empty, named by Connection',
    async (name) => {
      for (const spell of SPELLINGS) {
        const spelled = spell(name);
        const request = gateway.request('generic', [`${spelled}: true`, `${spelled}: true`]);
        expectRefused(await rawResponse(gateway.port, request), spelled);
      }
      expectRefused(await rawResponse(gateway.port, gateway.request('generic', [`${name}:`])), name);
      const hop = gateway.request('generic', [`${name}: true`]).replace('close', `close, ${name}`);
      expectRefused(await rawResponse(gateway.port, hop), name);
    },
  );

  test('a long name is refused, and comes back cut', async () => {
    const name = `X-Symlink-Target-${'a'.repeat(5_000)}`;
    expectRefused(
      await rawResponse(gateway.port, gateway.request('maven', [`${name}: a`])),
      name.slice(0, 64),
    );
  });

  test('names that only look alike pass', async () => {
    const names = [
      'X-Explode',
      'Destinations',
      'X-Checksum-Sha1',
      'X-Checksum-Sha256',
      'x-amz-meta-copy',
      'Depth',
    ];
    const lines = names.map((name) => `${name}: canary`);
    expect((await rawResponse(gateway.port, gateway.request('generic', lines))).status).toBe(200);
    expect(namesIn(receivedBy(upstream))).toEqual(
      expect.arrayContaining(names.map((name) => name.toLowerCase())),
    );
  });
});

describe('before anything else is done', () => {
  test('the refusal is audited, with the header and without its value', async () => {
    const answer = await rawResponse(gateway.port, gateway.request('npm', ['Destination: /canary']));
    const line = await auditedIn(gateway, answer);
    expect(line).toMatchObject({
      event: { reason: 'header_refused', outcome: 'failure' },
      gatehouse: { decision: 'deny', detail: 'the header Destination' },
    });
    expect(JSON.stringify(line)).not.toContain('canary');
  });

  test('not a byte of the body is asked for', async () => {
    const conversation = await openConversation(gateway.port);
    const lines = ['Content-Length: 1000000', 'Expect: 100-continue', 'X-Explode-Archive: true'];
    conversation.write(
      gateway
        .request('generic', lines)
        .replace('Content-Length: 0\r\n', '')
        .replace('Connection: close\r\n', ''),
    );
    await eventually('the refusal', () => conversation.received().includes('header_refused'));
    expect(conversation.received()).toMatch(/^HTTP\/1\.1 400 /);
    await conversation.answers();
    expect(upstream.bytes()).toBe('');
  });

  test('a Git LFS batch is refused before its body is read', async () => {
    const conversation = await openConversation(gateway.port);
    const head = gateway
      .request('git', [
        'Content-Type: application/vnd.git-lfs+json',
        'Content-Length: 100',
        'Destination: /x',
      ])
      .replace(/GET \S+/, 'POST /git/acme/app.git/info/lfs/objects/batch')
      .replace('Connection: close\r\n', '');
    conversation.write(head);
    await eventually('the refusal', () => conversation.received().includes('Destination'));
    expect(conversation.received()).toMatch(/^HTTP\/1\.1 400 /);
    conversation.destroy();
  });

  test('a handshake is a request like any other', async () => {
    const lines = [
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    const request = gateway
      .request('http', [...lines, 'X-Scope-OrgID: other'])
      .replace('PUT', 'GET')
      .replace('Content-Length: 0\r\n', '')
      .replace('Connection: close', 'Connection: Upgrade');
    const [answer] = await rawRequest(gateway.port, request);
    expect(answer?.status).toBe(400);
    expect(upstream.bytes()).toBe('');
  });
});

describe('passHeaders', () => {
  let passing: EveryType;
  let scenario: AttackScenario;
  beforeAll(async () => {
    [passing, scenario] = await Promise.all([
      startEveryType(upstream.url, 'passHeaders: [X-Checksum-Deploy, x-amz-copy-source, X-Original-URL]'),
      startAttackScenario({
        api: [
          'passHeaders: [Destination, Overwrite]',
          'identityHeaders: { X-Scope-OrgID: "{identity}", X-Vault-Namespace: "{claims.team}" }',
          'operations: [{ scope: read_api, methods: [GET] }, { scope: write_api, methods: [COPY, MOVE, PUT] }]',
          'anonymous: [{ scopes: [read_api], resources: ["/open/**"] }]',
        ],
        services: 'shadowed: { type: http, path: /shadowed/, mode: shadow, upstream: { url: "UPSTREAM/" } }',
      }),
    ]);
  });
  afterAll(async () => {
    await passing.close();
    await scenario.close();
  });

  test.each(SERVICE_TYPES)(
    'type %s: the names that it lists pass as they were written, and no others',
    async (type) => {
      const lines = [
        'x-checksum-deploy: true',
        'X-Amz-Copy-Source: /a/b',
        'X-Original-URL: /x',
        'X-Original-URI: /y',
      ];
      expect((await rawResponse(passing.port, passing.request(type, lines))).status).toBe(200);
      const received = receivedBy(upstream);
      expect(received.head).toMatch(/^x-checksum-deploy: true\r$/m);
      expect(received.head).toMatch(/^X-Amz-Copy-Source: \/a\/b\r$/m);
      expect(valuesOf(received, 'X-Original-URL')).toEqual(['/x']);
      expect(valuesOf(received, 'X-Original-URI')).toEqual([]);
      upstream.reset();
      for (const name of ['X-Explode-Archive', 'x-amz-copy-source-range']) {
        const refused = await rawResponse(
          passing.port,
          passing.request(type, ['X-Checksum-Deploy: true', `${name}: a`]),
        );
        expect(refused.status).toBe(400);
        expect(refused.body).toContain(name);
      }
      expect(upstream.bytes()).toBe('');
    },
  );

  test('WebDAV: COPY and MOVE of a service that lets their headers pass', async () => {
    for (const method of ['COPY', 'MOVE']) {
      scenario.reset();
      const lines = ['Destination: /b', 'Overwrite: F', 'Depth: 0', 'Connection: close'];
      const [answer] = await scenario.send(scenario.request(`${method} /api/a HTTP/1.1`, lines));
      expect(answer?.status).toBe(200);
      const received = receivedBy(scenario.upstream);
      expect(['Destination', 'Overwrite', 'Depth'].map((name) => valuesOf(received, name))).toEqual([
        ['/b'],
        ['F'],
        ['0'],
      ]);
    }
    scenario.reset();
  });

  test('a name that the gateway sets is replaced, or removed where it has no value', async () => {
    const lines = [
      'X-Scope-OrgID: canary',
      'x_scope_orgid: canary',
      'X-Vault-Namespace: canary',
      'Connection: close',
    ];
    const [answer] = await scenario.send(scenario.request('GET /api/a HTTP/1.1', lines));
    expect(answer?.status).toBe(200);
    const received = receivedBy(scenario.upstream);
    expect(valuesOf(received, 'X-Scope-OrgID')).toEqual(['job']);
    expect(received.head).not.toMatch(/canary(?!-upstream)|vault/i);
    scenario.reset();
    await scenario.send(scenario.requestAs(undefined, 'GET /api/open/a HTTP/1.1', lines));
    expect(receivedBy(scenario.upstream).head).not.toMatch(/canary(?!-upstream)|vault|orgid/i);
    scenario.reset();
  });

  test('in shadow and without a credential it is refused all the same', async () => {
    const lines = ['X-Explode-Archive: true', 'Connection: close'];
    for (const request of [
      scenario.request('GET /shadowed/a HTTP/1.1', lines),
      scenario.requestAs(undefined, 'GET /api/open/a HTTP/1.1', lines),
      scenario.requestAs('not-a-token', 'GET /api/open/a HTTP/1.1', lines),
    ]) {
      const [answer] = await scenario.send(request);
      expect(answer?.status).toBe(400);
    }
    await scenario.expectNothingForwarded();
  });
});
