/** The upstream credential from another token service (RFC 8693). */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startGitlab, type TestJob } from '../support/gitlab.ts';
import { CLOUD_PLATFORM, PROVIDER, startGoogleSts } from '../support/google-sts.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { valuesOf } from '../support/received.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { exchanged, giveBack } from '../support/revocation-calls.ts';
import { useScenarioPerTest } from '../support/scenario.ts';

const OWN_AUDIENCE = 'https://orders.example.com';
let job: TestJob;

const scenario = useScenarioPerTest({
  backends: {
    gitlab: () => startGitlab(),
    sts: () => startGoogleSts(),
    upstream: () => startRecordingUpstream(),
  },
  files: { subject: 'unusable' },
  config({ gitlab, sts, upstream }) {
    gitlab.project(20, 'acme/payments');
    job = gitlab.job();
    const service = (name: string, exchange: string, more = ''): string =>
      `${name}: { type: http, path: /${name}/, ${more} anonymous: [{ scopes: [read_api], resources: ["/public/**"] }], upstream: { url: "${upstream.url}/", auth: { tokenExchange: { tokenEndpoint: "${sts.tokenEndpoint}", audience: "${PROVIDER}", scope: "${CLOUD_PLATFORM}", ${exchange} } } } }`;
    return `
issuers:
  gitlab: { type: gitlab, issuer: "${gitlab.url}", audiences: ["https://gateway.example.com"], jobTokens: {} }
identities:
  payments: { issuer: gitlab, via: [id_token, job_token], match: { project_id: "20" }, roles: [all] }
  others: { issuer: gitlab, match: { namespace_id: "1" }, roles: [all] }
roles:
  all:
    - { service: asserted, scopes: [read_api], resources: ["/**"] }
    - { service: typed, scopes: [read_api], resources: ["/**"] }
    - { service: passed, scopes: [read_api], resources: ["/**"] }
    - { service: owned, scopes: [read_api], resources: ["/**"] }
services:
  ${service('asserted', 'subject: caller')}
  ${service('typed', 'subject: caller, assertionType: JWT')}
  ${service('passed', 'subject: callerIdToken', `audiences: ["${OWN_AUDIENCE}"],`)}
  ${service('owned', 'subject: gateway, subjectTokenFile: subject')}
`;
  },
});

beforeEach(() => trustGateway());

function trustGateway(): void {
  const jwksUri = `${scenario.gateway.url}/.well-known/jwks.json`;
  scenario.sts.provider = { jwksUri, audiences: [scenario.sts.tokenEndpoint] };
}

function trustGitlab(): void {
  scenario.sts.provider = { jwksUri: scenario.gitlab.jwksUri, audiences: [OWN_AUDIENCE] };
}

function ask(target: string, token?: string): Promise<RawResponse> {
  return scenario.respond(`GET ${target}`, token === undefined ? [] : [`Authorization: Bearer ${token}`]);
}

/** The `sub` for which the token of each request at the upstream was issued. */
function subjectsAtUpstream(): readonly (string | undefined)[] {
  return scenario.upstream
    .requests()
    .flatMap((request) => valuesOf(request, 'authorization'))
    .map((value) => scenario.sts.subjectOf(value.replace(/^Bearer /, '')));
}

/** A token of the identity `others`. */
const tokenOf = (caller: number, claims: Readonly<Record<string, unknown>> = {}): string =>
  job.idToken({ project_id: String(caller), namespace_id: '1', sub: `caller-${caller}`, ...claims });

describe('subject: caller', () => {
  test('an assertion about the caller is exchanged, and its token is used for the next requests', async () => {
    const { gateway, sts } = scenario;
    const token = job.idToken();
    for (let n = 0; n < 3; n++) expect((await ask('/asserted/a', token)).status).toBe(200);
    expect(subjectsAtUpstream()).toEqual(['payments', 'payments', 'payments']);
    const [form, ...more] = sts.forms;
    expect(more).toEqual([]);
    const assertion = form?.get('subject_token') ?? '';
    const keys = createRemoteJWKSet(new URL(`${gateway.url}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(assertion, keys, {
      issuer: 'https://gateway.example.com',
      audience: sts.tokenEndpoint,
      typ: 'gatehouse-assertion+jwt',
    });
    const { iat = 0, exp = 0, sub, src } = payload;
    expect([sub, exp - iat]).toEqual(['payments', 60]);
    expect(src).toMatchObject({ iss: scenario.gitlab.url, credential: 'id_token' });
    expect(form?.get('subject_token_type')).toBe('urn:ietf:params:oauth:token-type:jwt');
  });

  test('the token service and the upstream receive no credential of the client', async () => {
    const token = job.idToken();
    expect((await ask('/asserted/a', token)).status).toBe(200);
    expect((await ask('/asserted/a', job.token)).status).toBe(200);
    const seen = scenario.sts.forms.join('\n') + scenario.upstream.bytes();
    expect(seen).not.toContain(token.split('.')[2]);
    expect(seen).not.toContain(job.token);
    expect(subjectsAtUpstream()).toEqual(['payments', 'payments']);
  });

  test('assertionType: JWT', async () => {
    expect((await ask('/typed/a', job.idToken())).status).toBe(200);
    const [form] = scenario.sts.forms;
    const header = Buffer.from(form?.get('subject_token')?.split('.')[0] ?? '', 'base64url').toString();
    expect(JSON.parse(header)).toMatchObject({ typ: 'JWT', alg: 'ES256' });
  });

  test('the assertion ends with the credential of the caller', async () => {
    const exp = Math.floor(Date.now() / 1000) + 20;
    expect((await ask('/asserted/a', job.idToken({ exp }))).status).toBe(200);
    const [form] = scenario.sts.forms;
    expect(decodeJwt(form?.get('subject_token') ?? '').exp).toBe(exp);
  });

  test('anonymous requests are sent without a credential', async () => {
    expect((await ask('/asserted/public/a')).status).toBe(200);
    expect([scenario.sts.forms, subjectsAtUpstream()]).toEqual([[], []]);
  });

  test('a subject that the token service refuses is paused alone', async () => {
    scenario.sts.provider.audiences = ['https://elsewhere.example.com'];
    const first = job.idToken({ jti: 'first' });
    for (let n = 0; n < 3; n++) {
      const refused = await ask('/asserted/a', first);
      expect([refused.status, refused.body]).toEqual([502, expect.stringContaining('upstream_unauthorized')]);
      expect(refused.body).not.toContain('ID Token');
    }
    expect(scenario.sts.forms).toHaveLength(1);
    trustGateway();
    expect((await ask('/asserted/a', job.idToken({ jti: 'second' }))).status).toBe(200);
    expect(scenario.upstream.requests()).toHaveLength(1);
  });

  test('a token that the upstream refuses is replaced once, for this caller', async () => {
    const [first, second] = [tokenOf(1), tokenOf(2)];
    await ask('/asserted/a', first);
    await ask('/asserted/a', second);
    expect(scenario.sts.forms).toHaveLength(2);
    scenario.upstream.respond('HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n');
    expect((await ask('/asserted/a', first)).status).toBe(502);
    expect(scenario.sts.forms).toHaveLength(3);
  });

  test('a credential that is revoked during the exchange: the request is not forwarded', async () => {
    const minted = await exchanged(scenario.gateway, job.idToken());
    let release = (): void => undefined;
    scenario.sts.hold = new Promise((resolve) => (release = resolve));
    const waiting = ask('/asserted/a', minted);
    await eventually('the token request', () => scenario.sts.forms.length === 1);
    expect((await giveBack(scenario.gateway, minted)).status).toBe(200);
    release();
    expect((await waiting).status).toBe(401);
    expect((await ask('/asserted/a', minted)).status).toBe(401);
    expect(scenario.upstream.bytes()).toBe('');
  });
});

describe('subject: callerIdToken', () => {
  beforeEach(() => trustGitlab());

  test('the ID token of the client is exchanged', async () => {
    const token = job.idToken({ aud: OWN_AUDIENCE, sub: 'project_path:acme/payments' });
    expect((await ask('/passed/a', token)).status).toBe(200);
    const [form] = scenario.sts.forms;
    expect(form?.get('subject_token')).toBe(token);
    expect(form?.get('subject_token_type')).toBe('urn:ietf:params:oauth:token-type:id_token');
    expect(subjectsAtUpstream()).toEqual(['project_path:acme/payments']);
    expect(scenario.upstream.bytes()).not.toContain(token);
  });

  test('a job token is never sent to the token service', async () => {
    const refused = await ask('/passed/a', job.token);
    expect(refused.status).toBe(403);
    expect(refused.body).toContain('upstream_credential_missing');
    expect([scenario.sts.forms, scenario.upstream.bytes()]).toEqual([[], '']);
  });

  test('a minted token is never sent to the token service', async () => {
    const response = await fetch(`${scenario.gateway.url}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: job.idToken({ aud: OWN_AUDIENCE }),
        subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
        audience: 'passed',
      }),
    });
    const { access_token: minted = '' } = (await response.json()) as { access_token?: string };
    const refused = await ask('/passed/a', minted);
    expect([refused.status, refused.body]).toEqual([
      403,
      expect.stringContaining('upstream_credential_missing'),
    ]);
    expect([scenario.sts.forms, scenario.upstream.bytes()]).toEqual([[], '']);
  });
});

test('subject: gateway, and a changed file is another subject', async () => {
  trustGitlab();
  const write = (content: string): void => {
    writeFileSync(join(scenario.gateway.folder, 'new'), content, { mode: 0o600 });
    renameSync(join(scenario.gateway.folder, 'new'), join(scenario.gateway.folder, 'subject'));
  };
  write(job.idToken({ aud: OWN_AUDIENCE, sub: 'gateway-1' }));
  await eventually('the token of the file', async () => (await ask('/owned/public/a')).status === 200);
  expect((await ask('/owned/a', job.idToken())).status).toBe(200);
  expect(new Set(subjectsAtUpstream())).toEqual(new Set(['gateway-1']));
  write(job.idToken({ aud: OWN_AUDIENCE, sub: 'gateway-2' }));
  await eventually('the new subject', async () => {
    await ask('/owned/a', job.idToken());
    return subjectsAtUpstream().at(-1) === 'gateway-2';
  });
});

test('100 callers at once and a slow token service: each request has the token of its caller', async () => {
  let release = (): void => undefined;
  scenario.sts.hold = new Promise((resolve) => (release = resolve));
  trustGitlab();
  const callers = Array.from({ length: 100 }, (_, n) => n + 100);
  const asked = callers.flatMap((n) => {
    const token = tokenOf(n, { aud: OWN_AUDIENCE });
    return [ask(`/passed/${n}`, token), ask(`/passed/${n}`, token)];
  });
  await eventually('concurrent token requests', () => scenario.sts.forms.length >= 32);
  release();
  const responses = await Promise.all(asked);
  expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
  // Two requests of one caller share one token request.
  expect(scenario.sts.forms).toHaveLength(100);
  const received = scenario.upstream.requests().map((request) => {
    const [value = ''] = valuesOf(request, 'authorization');
    const subject = scenario.sts.subjectOf(value.replace(/^Bearer /, ''));
    return [request.requestLine.split(' ')[1], subject];
  });
  expect(received).toHaveLength(200);
  for (const [target, subject] of received) expect(subject).toBe(`caller-${target?.slice(1)}`);
});
