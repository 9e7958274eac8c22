/** The client's own credential: shown to the upstream in its credential source, and only where it is good for nothing else. */
import { hash } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { startGitlab, type TestDeployToken, type TestJob } from '../support/gitlab.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { receivedBy, valuesOf } from '../support/received.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenario } from '../support/scenario.ts';

const SECRET = `ghdt_edge_${'5'.repeat(64)}`;

let job: TestJob;
let deploy: TestDeployToken;
let idToken: string;

const scenario = useScenario({
  backends: { gitlab: () => startGitlab(), upstream: () => startRecordingUpstream() },
  config({ gitlab, upstream }) {
    gitlab.project(20, 'acme/payments');
    job = gitlab.job();
    deploy = gitlab.deployToken({ project: 'acme/payments', scopes: ['read_registry'] });
    idToken = job.idToken({ aud: 'https://files.example.com' });
    const service = (path: string, more: string): string =>
      `{ type: generic, path: ${path}, upstream: { url: "${upstream.url}/", auth: { forwardCredential: true } }, ${more} }`;
    return `
issuers:
  gitlab: { type: gitlab, issuer: "${gitlab.url}", audiences: ["https://files.example.com"], jobTokens: {}, deployTokens: { probe: acme/payments } }
identities:
  job: { issuer: gitlab, via: [job_token, id_token], match: { project_id: "20" }, roles: [all] }
  puller: { issuer: gitlab, via: [deploy_token], match: { deploy_token_id: "${deploy.id}" }, roles: [all] }
deployTokens:
  edge: { username: edge, secretHash: "sha256:${hash('sha256', SECRET)}", grants: [{ service: files, scopes: [read_package_registry], resources: ["**"] }] }
roles:
  all:
    - { service: files, scopes: [read_package_registry, write_package_registry], resources: ["**"] }
    - { service: audience, scopes: [read_package_registry], resources: ["**"] }
    - { service: registry, scopes: [read_registry], resources: ["acme/**"] }
services:
  files: ${service('/files/', 'anonymous: [{ scopes: [read_package_registry], resources: ["public/**"] }]')}
  audience: ${service('/audience/', 'audiences: ["https://files.example.com"]')}
  shadow: ${service('/shadow/', 'audiences: ["https://files.example.com"], mode: shadow')}
  registry: { type: oci, upstream: { url: "${upstream.url}", auth: { forwardCredential: true } } }
`;
  },
});
afterEach(() => scenario.upstream.reset());

function ask(target: string, ...lines: readonly string[]): Promise<RawResponse> {
  return scenario.respond(`GET ${target}`, lines);
}

const basic = (user: string, secret: string): string =>
  `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;

/** What the upstream got of credentials: names of headers and the query. */
function seen(): Readonly<Record<string, unknown>> {
  const request = receivedBy(scenario.upstream);
  const credentialSources = ['authorization', 'job-token', 'deploy-token', 'private-token', 'x-nuget-apikey'];
  const headers = credentialSources.flatMap((name) => valuesOf(request, name).map((value) => [name, value]));
  return { ...Object.fromEntries(headers), target: request.requestLine.split(' ')[1] };
}

/** Request target and header lines, and the headers that the upstream receives. */
type Case = readonly [string, () => readonly [string, ...string[]], () => Readonly<Record<string, unknown>>];

test.each([
  [
    'Bearer',
    () => ['a', `authorization: bearer   ${job.token}`],
    () => ({ authorization: `Bearer ${job.token}`, target: '/a' }),
  ],
  [
    'Basic',
    () => ['a', `Authorization: ${basic('gitlab-ci-token', job.token)}`],
    () => ({ authorization: basic('gitlab-ci-token', job.token), target: '/a' }),
  ],
  [
    'an Authorization without a scheme',
    () => ['a', `Authorization: ${job.token}`],
    () => ({ authorization: job.token, target: '/a' }),
  ],
  ['JOB-TOKEN', () => ['a', `JOB-TOKEN: ${job.token}`], () => ({ 'job-token': job.token, target: '/a' })],
  [
    'PRIVATE-TOKEN',
    () => ['a', `PRIVATE-TOKEN: ${job.token}`],
    () => ({ 'private-token': job.token, target: '/a' }),
  ],
  [
    'the query',
    () => [`a?ref=main&job_token=${job.token}&x=1`],
    () => ({ target: `/a?ref=main&x=1&job_token=${job.token}` }),
  ],
  [
    'the query alone, in another spelling',
    () => [`a?%54oken=${job.token}&sudo=${job.token}`],
    () => ({ target: `/a?token=${job.token}` }),
  ],
  [
    'two places at once: the first of them',
    () => [`a?private_token=${job.token}`, `Job-Token: ${job.token}`],
    () => ({ 'job-token': job.token, target: '/a' }),
  ],
  [
    'a deploy token of GitLab',
    () => ['a', `Authorization: ${basic(deploy.username, deploy.token)}`],
    () => ({ authorization: basic(deploy.username, deploy.token), target: '/a' }),
  ],
] satisfies Case[])('forwarded as it came: %s', async (_what, request, expected) => {
  const [target, ...lines] = request();
  expect((await ask(`/files/${target}`, ...lines)).status).toBe(200);
  expect(seen()).toEqual(expected());
});

test('an ID token, where the service sets audiences', async () => {
  expect((await ask('/audience/a', `Authorization: Bearer ${idToken}`)).status).toBe(200);
  expect(seen()).toEqual({ authorization: `Bearer ${idToken}`, target: '/a' });
});

test.each([
  [
    'an id token that may be good elsewhere',
    '/files/a',
    () => `Bearer ${idToken}`,
    /only to services that set audiences/,
  ],
  [
    'an ID token with another recipient beside the service',
    '/audience/a',
    () => `Bearer ${job.idToken({ aud: ['https://files.example.com', 'https://gateway.example.com'] })}`,
    /with other audiences than those of the service are not forwarded/,
  ],
  ['a deploy token of the configuration', '/files/a', () => basic('edge', SECRET), /are not forwarded/],
  [
    'a minted token',
    '/v2/acme/payments/tags/list',
    async () => `Bearer ${await minted()}`,
    /are not forwarded/,
  ],
])('refused, and the upstream gets nothing: %s', async (_what, target, credential, detail) => {
  const authorization = await credential();
  const answer = await ask(target, `Authorization: ${authorization}`);
  expect(answer.status).toBe(403);
  expect(answer.body).toMatch(/upstream_credential_missing|DENIED/);
  expect(scenario.upstream.bytes()).toBe('');
  expect((await scenario.audited(answer)).event).toMatchObject({
    reason: 'upstream_credential_missing',
    type: ['access', 'denied'],
    outcome: 'failure',
  });
  expect(scenario.gateway.auditText()).toMatch(detail);
  expect(scenario.gateway.auditText()).not.toContain(authorization.split(' ')[1]);
});

async function minted(): Promise<string> {
  const login = `Authorization: ${basic('gitlab-ci-token', job.token)}`;
  const answer = await ask('/token?service=gateway.example.com&scope=repository:acme/payments:pull', login);
  return String((JSON.parse(answer.body) as { token: unknown }).token);
}

test('anonymous access forwards no credential', async () => {
  expect((await ask('/files/public/a')).status).toBe(200);
  expect(seen()).toEqual({ target: '/public/a' });
  scenario.upstream.reset();
  // A verified credential that matches no identity.
  const stranger = scenario.gitlab.job({ project: { id: 21, path: 'acme/web' } });
  expect((await ask('/files/public/a', `JOB-TOKEN: ${stranger.token}`)).status).toBe(200);
  expect(seen()).toEqual({ target: '/public/a' });
});

test('nothing goes out in shadow, where policy says no', async () => {
  expect((await ask('/shadow/a', `Authorization: Bearer ${idToken}`)).status).toBe(200);
  expect(seen()).toEqual({ target: '/a' });
});

test.each([
  ['a credential that it does not take', () => [`JOB-TOKEN: ${job.token}`], '/files/a', 'credential_invalid'],
  ['none, where it wants one', () => [], '/files/public/a', 'no_credential'],
])('a 401 of the upstream to %s: a 401 with our challenge', async (_what, lines, target, reason) => {
  scenario.upstream.respond(
    'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="http://evil.example.com"\r\nContent-Length: 6\r\n\r\ncanary',
  );
  const answer = await ask(target, ...lines());
  expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
    401,
    'Basic realm="gateway.example.com"',
  ]);
  expect(answer.head + answer.body).not.toMatch(/evil|canary/);
  expect(answer.body).toContain(reason);
  expect(await scenario.audited(answer)).toMatchObject({
    event: { reason },
    gatehouse: { upstream_status: 401 },
  });
});

test('a 401 of the upstream in shadow says nothing of the client’s credential', async () => {
  scenario.upstream.respond('HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n');
  const answer = await ask('/shadow/a', `Authorization: Bearer ${idToken}`);
  expect(answer.status).toBe(502);
});
