/** An unreachable, stalling, faulty or hostile token endpoint of an upstream: 502, a log line, and no secret in any output. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Canaries } from '../support/canaries.ts';
import { createClientKey } from '../support/client-keys.ts';
import { eventually } from '../support/eventually.ts';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import {
  jsonResponse as json,
  startHostileEndpoint,
  TRANSPORT_FAULTS,
  type EndpointBehaviour,
  type HostileEndpoint,
} from '../support/hostile-endpoint.ts';
import { reasonOf } from '../support/scenario/attack.ts';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';

/** A reserved port, so that no server of another test listens there. */
const CLOSED = 'http://127.0.0.1:1';

const canaries = new Canaries();
const SECRET = canaries.make('client secret');
const TOKEN = canaries.make('token');
const ELSEWHERE = canaries.make('said by the endpoint');

const good = { access_token: TOKEN, token_type: 'Bearer', expires_in: 60 };

/** Behaviour of the endpoint → the reason in the client's response, and the detail in the log. */
const FAULTS: Readonly<Record<string, readonly [EndpointBehaviour, string, RegExp]>> = {
  hangs: [TRANSPORT_FAULTS.hangs, 'upstream_unreachable', /no answer within 5000 ms/],
  drips: [TRANSPORT_FAULTS.drips, 'upstream_unreachable', /no answer within 5000 ms/],
  cuts: [TRANSPORT_FAULTS.cuts, 'upstream_unreachable', /token endpoint/],
  fails: [json(500, { error: ELSEWHERE }), 'upstream_invalid', /responded with 500/],
  redirects: [TRANSPORT_FAULTS.redirects, 'upstream_invalid', /responded with 307/],
  'is garbage': [json(200, `<html>${ELSEWHERE}`), 'upstream_invalid', /no usable token/],
  'is huge': [json(200, { ...good, more: 'x'.repeat(200_000) }), 'upstream_unreachable', /longer than/],
  'names a member twice': [
    json(200, `{"access_token":"${TOKEN}","access_token":"x","token_type":"Bearer"}`),
    'upstream_invalid',
    /no usable token/,
  ],
  'splits a header': [
    json(200, { ...good, access_token: `${TOKEN}\r\nX-Auth-Identity: admin` }),
    'upstream_invalid',
    /no usable token/,
  ],
  'has a space in it': [
    json(200, { ...good, access_token: `${TOKEN} x` }),
    'upstream_invalid',
    /no usable token/,
  ],
  'is not ASCII': [json(200, { ...good, access_token: `${TOKEN}é` }), 'upstream_invalid', /no usable token/],
  'is empty': [json(200, { ...good, access_token: '' }), 'upstream_invalid', /no usable token/],
  'is too long': [
    json(200, { ...good, access_token: TOKEN + 'x'.repeat(20_000) }),
    'upstream_invalid',
    /no usable token/,
  ],
  'is a refresh token': [
    json(200, {
      ...good,
      issued_token_type: 'urn:ietf:params:oauth:token-type:refresh_token',
      token_type: 'N_A',
    }),
    'upstream_invalid',
    /not a Bearer/,
  ],
  'is of another type': [json(200, { ...good, token_type: 'mac' }), 'upstream_invalid', /not a Bearer/],
  'has no type': [json(200, { access_token: TOKEN }), 'upstream_invalid', /not a Bearer/],
  'has an odd lifetime': [json(200, { ...good, expires_in: '1e9' }), 'upstream_invalid', /expires_in/],
  'refuses the client': [
    json(401, { error: 'invalid_client', error_description: ELSEWHERE }),
    'upstream_unauthorized',
    /responded with 401 invalid_client$/,
  ],
  'refuses the scope': [json(400, { error: 'invalid_scope' }), 'upstream_unauthorized', /400 invalid_scope$/],
  'says more than a code': [json(400, { error: ELSEWHERE }), 'upstream_unauthorized', /responded with 400$/],
};
const KEY = createClientKey('RS256').pem;
canaries.add('private key', KEY.split('\n')[1] ?? '');

/** The ways to authenticate at a token endpoint, each with a secret in a file. */
const KINDS = {
  'client secret': (endpoint: string) =>
    `oauth2: { tokenEndpoint: "${endpoint}", clientId: gatehouse, clientSecretFile: secret }`,
  'token file': (endpoint: string) =>
    `oauth2: { tokenEndpoint: "${endpoint}", clientId: gatehouse, clientAssertion: { tokenFile: secret } }`,
  'token exchange': (endpoint: string) =>
    `tokenExchange: { tokenEndpoint: "${endpoint}", clientId: gatehouse, clientAssertion: { keyFile: key }, subject: gateway, subjectTokenFile: secret }`,
};

const NAMES = Object.keys(FAULTS);
const pathOf = (name: string): string => name.replaceAll(' ', '-');

describe.each(Object.entries(KINDS))('%s', (_kind, authOf) => {
  let folder: string;
  let endpoint: HostileEndpoint;
  let upstream: RecordingUpstream;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    endpoint = await startHostileEndpoint(
      new Map<string, EndpointBehaviour>([
        ...NAMES.map((name) => [pathOf(name), FAULTS[name]?.[0] ?? json(500, {})] as const),
        ['good', json(200, good)],
        ['ended', json(200, { ...good, expires_in: 0 })],
      ]),
    );
    upstream = await startRecordingUpstream();
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
    writeFileSync(join(folder, 'secret'), `${SECRET}\n`, { mode: 0o600 });
    writeFileSync(join(folder, 'key'), KEY, { mode: 0o600 });
    const service = (name: string, tokenEndpoint: string): string =>
      `  s-${name}:
    type: http
    path: /${name}/
    anonymous: [{ scopes: [read_api], resources: ["/**"] }]
    upstream:
      url: "${upstream.url}/"
      auth: { ${authOf(tokenEndpoint)} }
`;
    writeFileSync(
      join(folder, 'gatehouse.yaml'),
      `version: 1
server: { listen: "127.0.0.1:0", publicUrl: https://gateway.example.com, admin: { listen: "127.0.0.1:0" } }
services:
${[...NAMES.map(pathOf), 'good', 'ended'].map((name) => service(name, `${endpoint.url}/${name}`)).join('')}${service('closed', `${CLOSED}/`)}`,
    );
    gateway = await startGatewayProcess(join(folder, 'gatehouse.yaml'));
  });
  afterAll(async () => {
    await gateway.close();
    await Promise.all([upstream.close(), endpoint.close()]);
    rmSync(folder, { recursive: true });
  });

  function ask(name: string): Promise<RawResponse> {
    const head = `GET /${name}/a HTTP/1.1\r\nHost: gateway.example.com\r\nConnection: close\r\n\r\n`;
    return rawResponse(gateway.port, head, { quiet: 10_000 });
  }

  function logged(name: string): readonly string[] {
    return gateway
      .log()
      .filter(({ message, service }) => /no token for an upstream/.test(message) && service === `s-${name}`)
      .map(({ detail }) => String(detail));
  }

  async function expectFault(name: string, reason: string, detail: RegExp): Promise<void> {
    const before = endpoint.calls.length;
    const answers = await Promise.all([ask(name), ask(name), ask(name)]);
    for (const answer of answers) {
      expect([answer.status, reasonOf(answer)]).toEqual([502, reason]);
      expect(answer.headers.has('location')).toBe(false);
      expect(canaries.foundIn(answer.head + answer.body)).toEqual([]);
    }
    // The next request gets the same response without a new call.
    expect((await ask(name)).status).toBe(502);
    expect(endpoint.calls.length - before).toBeLessThanOrEqual(1);
    const lines = await eventually('the log line', () => logged(name).length > 0 && logged(name));
    expect(lines).toEqual([expect.stringMatching(detail)]);
  }

  test.concurrent.each(['hangs', 'drips'])('token endpoint: %s', async (name) => {
    const [, reason = '', detail = /^$/] = FAULTS[name] ?? [];
    const answers = await Promise.all([ask(name), ask(name)]);
    for (const answer of answers) expect([answer.status, reasonOf(answer)]).toEqual([502, reason]);
    expect(logged(name)).toEqual([expect.stringMatching(detail)]);
    expect(endpoint.calls.filter((url) => url === `/${name}`)).toHaveLength(1);
  });

  test('token endpoint: unreachable', () => expectFault('closed', 'upstream_unreachable', /ECONNREFUSED/));

  test.each(NAMES.filter((name) => name !== 'hangs' && name !== 'drips'))(
    'token endpoint: %s',
    async (name) => {
      const [, reason = '', detail = /^$/] = FAULTS[name] ?? [];
      await expectFault(pathOf(name), reason, detail);
      // The redirect is not followed, and no request has reached the upstream.
      expect(endpoint.calls).not.toContain('/good');
      expect(upstream.bytes()).toBe('');
    },
  );

  test('the service recovers with the token endpoint', async () => {
    endpoint.behaviours.set('fails', json(200, good));
    await eventually('a response', async () => (await ask('fails')).status === 200);
    expect(upstream.bytes()).toContain(`Bearer ${TOKEN}`);
    upstream.reset();
  });

  test('a token that expires at once serves the waiting requests and is not cached', async () => {
    endpoint.calls.splice(0);
    expect((await ask('ended')).status).toBe(200);
    expect((await ask('ended')).status).toBe(200);
    expect(endpoint.calls).toEqual(['/ended', '/ended']);
    upstream.reset();
  });

  test('log, audit log and metrics contain no secret', async () => {
    expect((await ask('good')).status).toBe(200);
    const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
    expect(metrics).toContain('reason="upstream_unauthorized"');
    const { stdout, stderr } = gateway.output();
    expect(stdout).toContain('"reason":"upstream_invalid"');
    expect(canaries.foundIn(stdout + stderr + metrics)).toEqual([]);
    const basic = Buffer.from(`gatehouse:${SECRET}`).toString('base64');
    expect(stdout + stderr + metrics).not.toContain(basic);
  });
});
