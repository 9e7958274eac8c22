/** threats.md J18: different numbers that JSON.parse reads as equal (RFC 8259 §6, RFC 7493 §2.2). */
import { afterEach, describe, expect, test } from 'vitest';
import { startGitlab } from '../support/gitlab.ts';
import { startIssuer } from '../support/issuer.ts';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { receivedBy, valuesOf } from '../support/received.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { configuration, errorsOf } from '../unit/config/loading.ts';
import { useScenario } from '../support/scenario.ts';

/** Literals that JSON.parse rounds, so that different tokens have equal claims. */
const INEXACT = [
  '9007199254740992',
  '9007199254740993',
  '-9007199254740993',
  '18446744073709551615',
  '9007199254740992.5',
  '9007199254740991.5',
  '1e21',
  '1e400',
  '-1e400',
  '0.1',
  '0.1000000000000000055511151231257827',
];

const OPERATORS = ['equals', 'in', 'notIn', 'glob', 'contains', 'pointer', 'list-pointer'] as const;

const texts = JSON.stringify([...new Set(INEXACT.map((literal) => String(JSON.parse(literal))))]);
const scenario = useScenario({
  backends: {
    issuer: () => startIssuer({ type: 'oidc' }),
    gitlab: async () => {
      const gitlab = await startGitlab();
      gitlab.project(20, 'acme/payments');
      return gitlab;
    },
    upstream: () => startRecordingUpstream(),
  },
  config: ({ issuer, gitlab, upstream }) => `
issuers:
  idp: { type: oidc, issuer: "${issuer.url}" }
  gitlab: { type: gitlab, issuer: "${gitlab.url}", deployTokens: {} }
identities:
  equals: { issuer: idp, match: { sub: equals, project: "9007199254740992" } }
  in: { issuer: idp, match: { sub: in, project: { in: ${texts} } } }
  notIn: { issuer: idp, match: { sub: notIn, project: { notIn: [x] } } }
  glob: { issuer: idp, match: { sub: glob, project: { glob: "**" } } }
  contains: { issuer: idp, match: { sub: contains, list: { contains: "9007199254740992" } } }
  pointer: { issuer: idp, match: { sub: pointer, "/deep/id": { glob: "**" } } }
  list-pointer: { issuer: idp, match: { sub: list-pointer, "/list/0": { notIn: [x] } } }
  exact: { issuer: idp, match: { sub: exact, project: { in: ["20", "9007199254740991", "-9007199254740991", "1000", "0"] } } }
  holder:
    issuer: idp
    match: { sub: holder }
    grants: [{ service: api, scopes: [read_api], resources: ["/{claims.project}/**", "/free/**"] }]
  jobs:
    issuer: gitlab
    match: { namespace_id: "7" }
    grants: [{ service: api, scopes: [read_api], resources: ["/free/**"] }]
  deploy:
    issuer: gitlab
    via: [deploy_token]
    match: { deploy_token_id: "9007199254740992" }
workloadIdentities:
  holder@workload.example.com: { identity: holder }
services:
  api:
    type: http
    path: /api/
    upstream: { url: "${upstream.url}/" }
    identityHeaders: { X-Project: "{claims.project}" }
`,
});
afterEach(() => scenario.upstream.reset());

/** A token with this JSON text as a claim, which JSON.stringify cannot produce. */
function tokenWith(sub: string, json: string): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: scenario.issuer.url,
    aud: 'https://gateway.example.com',
    sub,
    iat: now,
    exp: now + 300,
  };
  const text = `${JSON.stringify(claims).slice(0, -1)},${json}}`;
  return scenario.issuer.mintUnsafe({ alg: 'RS256', kid: scenario.issuer.key.kid }, text);
}

const claimsOf = (literal: string): string =>
  `"project":${literal},"deep":{"id":${literal}},"list":[${literal}]`;

function get(path: string, authorization: string): Promise<RawResponse> {
  const lines = [
    `GET ${path} HTTP/1.1`,
    'Host: gateway.example.com',
    `Authorization: ${authorization}`,
    'Connection: close',
  ];
  return rawResponse(scenario.gateway.port, `${lines.join('\r\n')}\r\n\r\n`, { quiet: 10_000 });
}

const outcome = ({ status, body }: RawResponse): string =>
  status === 200 ? '200' : `${status} ${String((JSON.parse(body) as { error: unknown }).error)}`;

async function send(sub: string, literal: string, path = '/api/free/x'): Promise<string> {
  return outcome(await get(path, `Bearer ${tokenWith(sub, claimsOf(literal))}`));
}

describe.each(INEXACT)('J18 %s', (literal) => {
  test.each(OPERATORS)('matches no condition: %s', async (operator) => {
    expect(await send(operator, literal)).toBe('403 no_matching_identity');
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('expands to no resource', async () => {
    const read = String(JSON.parse(literal));
    expect(await send('holder', literal, `/api/${encodeURIComponent(read)}/x`)).toBe(
      '403 resource_not_granted',
    );
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('is not sent as an identity header', async () => {
    expect(await send('holder', literal)).toBe('200');
    expect(valuesOf(receivedBy(scenario.upstream), 'X-Project')).toEqual([]);
  });

  test('is inexact in a minted token too', async () => {
    const answer = await fetch(`${scenario.gateway.url}/v1/auth:exchangeToken`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        token: tokenWith('holder', claimsOf(literal)),
        email: 'holder@workload.example.com',
      }),
    });
    const { accessToken } = (await answer.json()) as { accessToken: string };
    const path = `/api/${encodeURIComponent(String(JSON.parse(literal)))}/x`;
    expect(outcome(await get(path, `Bearer ${accessToken}`))).toBe('403 resource_not_granted');
    expect(scenario.upstream.bytes()).toBe('');
    expect(outcome(await get('/api/free/x', `Bearer ${accessToken}`))).toBe('200');
    expect(valuesOf(receivedBy(scenario.upstream), 'X-Project')).toEqual([]);
  });
});

test.each(['20', '20.0', '9007199254740991', '-9007199254740991', '1e3', '0', '"9007199254740991"'])(
  'J18 %s is exact and matches',
  async (literal) => {
    expect(await send('exact', literal)).toBe('403 scope_not_granted');
  },
);

test('J18 a string of digits is compared as a string', async () => {
  expect(await send('equals', '"9007199254740992"')).toBe('403 scope_not_granted');
  expect(await send('equals', '"9007199254740993"')).toBe('403 no_matching_identity');
  expect(await send('holder', '"9007199254740993"', '/api/9007199254740993/x')).toBe('200');
});

test('J18 a revocation of another project does not match it', async () => {
  const revoked = await fetch(`${scenario.gateway.adminUrl}/revocations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ project: 'id:9007199254740994', reason: 'test' }),
  });
  expect(revoked.status).toBe(201);
  const claims = (literal: string): string => `"project_id":${literal}`;
  expect(outcome(await get('/api/free/x', `Bearer ${tokenWith('holder', claims('9007199254740995'))}`))).toBe(
    '200',
  );
  expect(
    outcome(await get('/api/free/x', `Bearer ${tokenWith('holder', claims('"9007199254740994"'))}`)),
  ).toBe('401 revoked');
});

test('J18 GitLab: equal rounded ids do not make a job of another project one of project_id', async () => {
  const now = Math.floor(Date.now() / 1000);
  const times = { iat: now, exp: now + 300 };
  const claims = {
    iss: scenario.gitlab.url,
    aud: 'https://gateway.example.com',
    sub: 'x',
    ...times,
    namespace_id: '7',
  };
  const tokenOf = (project: string, runsIn: string): string => {
    const text = `${JSON.stringify(claims).slice(0, -1)},"project_id":${project},"job_project_id":${runsIn}}`;
    return scenario.gitlab.mintUnsafe({ alg: 'RS256', kid: scenario.gitlab.key.kid }, text);
  };
  const reached = async (...ids: [string, string]): Promise<string> =>
    outcome(await get('/api/free/x', `Bearer ${tokenOf(...ids)}`));
  expect(await reached('9007199254740992', '9007199254740993')).toBe('403 no_matching_identity');
  expect(scenario.upstream.bytes()).toBe('');
  expect(await reached('20', '20')).toBe('200');
});

test('J18 GitLab: the id of a deploy token', async () => {
  const { token, username } = scenario.gitlab.deployToken({ scopes: ['read_registry'] });
  const record = scenario.gitlab.state.deployTokens.get(token);
  if (record === undefined) throw new Error('no such deploy token');
  scenario.gitlab.state.deployTokens.set(token, { ...record, id: Number('9007199254740993') });
  const basic = Buffer.from(`${username}:${token}`).toString('base64');
  expect(outcome(await get('/api/free/x', `Basic ${basic}`))).toBe('403 no_matching_identity');
  expect(scenario.upstream.bytes()).toBe('');
});

describe('J18 in the configuration', () => {
  const identities = (value: string): string =>
    configuration({
      identities: `{ payments: { issuer: gitlab, match: { project_id: "20", x: ${value} }, roles: [reader] } }`,
    });
  test.each(['9007199254740992', '9007199254740993', '-9007199254740992', '100000000000000000000'])(
    '%s must be in quotes',
    (literal) => {
      for (const value of [literal, `{ in: [a, ${literal}] }`, `{ notIn: [${literal}] }`]) {
        expect(errorsOf(identities(value))).toEqual([
          expect.stringMatching(/^4:\d+ identities\.payments\.match\.x\S*: .*put it in quotes$/),
        ]);
      }
      expect(errorsOf(identities(`"${literal}"`))).toEqual([]);
    },
  );

  test.each(['projectId', 'groupId'])('%s of a shorthand', (key) => {
    const workloads = (value: string): string =>
      configuration({
        workloadIdentities: `{ a@example.com: { platform: gitlab, ${key}: ${value}, roles: [reader] } }`,
      });
    expect(errorsOf(workloads('9007199254740993'))).toEqual([
      expect.stringMatching(
        new RegExp(`^\\d+:\\d+ workloadIdentities\\["a@example\\.com"\\]\\.${key}: .*put it in quotes$`),
      ),
    ]);
    expect(errorsOf(workloads('"9007199254740993"'))).toEqual([]);
    expect(errorsOf(workloads('9007199254740991'))).toEqual([]);
  });
});
