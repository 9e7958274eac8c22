/** C8: a minted token is valid only while the configuration accepts its source credential. */
import { createPrivateKey, generateKeyPairSync, hash, sign } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startGitlab, type TestDeployToken, type TestJob } from '../support/gitlab.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenarioPerTest } from '../support/scenario.ts';
import {
  createTokenClient,
  outcomeOf,
  payloadOf,
  tokenOf,
  type TokenClient,
} from '../support/token-client.ts';
import { useStarted } from '../support/use-started.ts';
import { openSocket, startEchoServer } from '../support/web-sockets.ts';

const GATEWAY = 'https://gateway.example.com';
const EXCHANGE_AUDIENCE = 'https://exchange.example.com';
const PUBLISHING_AUDIENCE = 'npm:npm.example.com';
const SECRETS = ['a', 'b'].map((digit) => `ghdt_edge_${digit.repeat(64)}`) as [string, string];
const HASHES = SECRETS.map((secret) => `sha256:${hash('sha256', secret)}`) as [string, string];
const KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ format: 'pem', type: 'pkcs8' })
  .toString();

const gitlab = useStarted(() => startGitlab());
const upstream = useStarted(() => startRecordingUpstream());
const echo = useStarted(() => startEchoServer());
let job: TestJob;
let gitlabDeployToken: TestDeployToken;
let ahead = 0;
let main: TokenClient;
let registry: TokenClient;
let npm: TokenClient;

beforeAll(() => {
  job = gitlab.job({ project: { id: 20, path: 'acme/payments' } });
  gitlabDeployToken = gitlab.deployToken();
});
beforeEach(() => {
  ahead = 0;
  upstream.reset();
});
const scenario = useScenarioPerTest({
  backends: { gitlab, upstream, echo },
  config: () => `
signing: { keys: [{ file: key.pem }] }
issuers:
  gitlab:
    type: gitlab
    issuer: "${gitlab.url}"
    jwksUri: "${gitlab.jwksUri}"
    apiUrl: "${gitlab.url}"
    audiences: ["${GATEWAY}"]
    jobTokens: { cache: 30s }
    deployTokens: { cache: 60s }
  spare: { type: oidc, issuer: "https://spare.example.com", jwksUri: "${gitlab.jwksUri}" }
roles:
  user:
    - { service: orders, scopes: [read_api], resources: ["**"] }
    - { service: registry, scopes: [read_registry], resources: ["**"] }
    - { service: npm, scopes: [read_package_registry, write_package_registry], resources: ["**"] }
    - { service: chat, scopes: [read_api, websocket], resources: ["**"] }
identities:
  ci:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "20" }
    tokenLifetime: 24h
    roles: [user]
  mirror: { issuer: gitlab, via: [deploy_token], match: { deploy_token_id: "${gitlabDeployToken.id}" }, roles: [user] }
  later: { issuer: gitlab, match: { project_id: "30" }, roles: [user] }
workloadIdentities:
  ci@workload.example.com: { identity: ci, audiences: ["${EXCHANGE_AUDIENCE}"] }
deployTokens:
  edge:
    username: edge
    secretHash: "${HASHES[0]}"
    expires: 2999-12-31
    grants:
      - { service: orders, scopes: [read_api], resources: ["**"] }
      - { service: registry, scopes: [read_registry], resources: ["**"] }
      - { service: chat, scopes: [read_api, websocket], resources: ["**"] }
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
  chat: { type: http, path: /chat/, upstream: { url: "${echo.url}/" } }
  registry: { type: oci, hosts: [registry.example.com], upstream: { url: "${upstream.url}" } }
  npm:
    type: npm
    hosts: [npm.example.com]
    trustedPublishing: { audience: "${PUBLISHING_AUDIENCE}" }
    upstream: { url: "${upstream.url}/" }
  unrelated: { type: http, path: /unrelated/, upstream: { url: "${upstream.url}/" } }
`,
  files: { 'key.pem': KEY },
  clock: { now: () => Date.now() + ahead },
});
beforeEach(() => {
  const { port } = scenario.gateway;
  main = createTokenClient(port, 'gateway.example.com');
  registry = createTokenClient(port, 'registry.example.com');
  npm = createTokenClient(port, 'npm.example.com');
});

const PULL = ['repository:acme/payments/x:pull'];
const idToken = (aud: unknown = GATEWAY): string => job.idToken({ aud });

async function fromDeployToken(secret: string, user: string, audience: string): Promise<string> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', audience }).toString();
  const answer = await main.request(
    'POST /oauth/token',
    [
      'Content-Type: application/x-www-form-urlencoded',
      `Authorization: Basic ${Buffer.from(`${encodeURIComponent(user)}:${secret}`).toString('base64')}`,
    ],
    form,
  );
  return tokenOf(answer);
}

async function fromWorkload(): Promise<string> {
  const body = JSON.stringify({ token: idToken(EXCHANGE_AUDIENCE), email: 'ci@workload.example.com' });
  const lines = ['Content-Type: application/json'];
  return tokenOf(await main.request('POST /v1/auth:exchangeToken', lines, body));
}

/** All ways to obtain a minted token. */
const SOURCES = {
  'an ID token, for one service': async () => tokenOf(await main.exchange(idToken(), { audience: 'orders' })),
  'an ID token, for all services': async () => tokenOf(await main.exchange(idToken())),
  'an ID token at a registry': async () => tokenOf(await registry.login(idToken(), PULL)),
  'a token for one service at a registry': async () =>
    tokenOf(await registry.login(tokenOf(await main.exchange(idToken(), { audience: 'registry' })), PULL)),
  'a workload identity': fromWorkload,
  'a workload identity at a registry': async () => tokenOf(await registry.login(await fromWorkload(), PULL)),
  'trusted publishing': async () =>
    tokenOf(
      await npm.request('POST /-/npm/v1/oidc/token/exchange/package/@acme%2fui', [
        `Authorization: Bearer ${idToken(PUBLISHING_AUDIENCE)}`,
        'Content-Length: 0',
      ]),
    ),
  'a deploy token': () => fromDeployToken(SECRETS[0], 'edge', 'orders'),
  'a deploy token at a registry': async () => tokenOf(await registry.login(SECRETS[0], PULL, 'edge')),
  'a deploy token, twice at a registry': async () =>
    tokenOf(await registry.login(tokenOf(await registry.login(SECRETS[0], PULL, 'edge')), PULL)),
  'a job token': async () => tokenOf(await main.exchange(job.token, { audience: 'orders' }, 'access_token')),
  'a job token at a registry': async () => tokenOf(await registry.login(job.token, PULL, 'gitlab-ci-token')),
  'a deploy token of GitLab': () =>
    fromDeployToken(gitlabDeployToken.token, gitlabDeployToken.username, 'orders'),
} as const;

type Source = keyof typeof SOURCES;

/** A request that the token of this source is granted. */
async function use(source: Source, token: string): Promise<string> {
  if (source.endsWith('at a registry')) {
    return outcomeOf(await registry.use(token, 'GET /v2/acme/payments/x/tags/list'));
  }
  if (source === 'trusted publishing') return outcomeOf(await npm.use(token, 'GET /@acme%2fui'));
  return outcomeOf(await main.use(token, 'GET /orders/x'));
}

type Edit = (yaml: string) => string;

const replace =
  (from: string, to: string): Edit =>
  (yaml) => {
    expect(yaml).toContain(from);
    return yaml.replace(from, to);
  };
const orders = (keys: string): Edit =>
  replace('type: http, path: /orders/,', `type: http, path: /orders/, ${keys},`);
const oci = (keys: string): Edit => replace('type: oci, hosts', `type: oci, ${keys}, hosts`);
const issuerKey = (line: string): Edit => replace('    type: gitlab\n', `    type: gitlab\n    ${line}\n`);

const OTHER_AUDIENCE = 'audiences: ["https://elsewhere.example.com"]';
const NO_EDGE: Edit = (yaml) => yaml.replace(/deployTokens:\n {2}edge:[\s\S]*?(?=services:)/, '');
const NO_ISSUER: Edit = (yaml) =>
  yaml
    .replace(/ {2}gitlab:\n[\s\S]*?(?= {2}spare:)/, '')
    .replace(/identities:\n[\s\S]*?(?=deployTokens:)/, '');

const ROTATED = replace(HASHES[0], HASHES[1]);
const EXPIRED = replace('expires: 2999-12-31', 'expires: 2020-01-01');
const ISSUER_AUDIENCE = replace(`audiences: ["${GATEWAY}"]`, OTHER_AUDIENCE);
const NO_WORKLOAD: Edit = (yaml) => yaml.replace(/workloadIdentities:\n.*\n/, '');
const OTHER_WORKLOAD = replace('{ identity: ci, audiences', '{ identity: later, audiences');
const NO_JOB_TOKENS: Edit = (yaml) =>
  yaml.replace('    jobTokens: { cache: 30s }\n', '').replace('[id_token, job_token]', '[id_token]');

test.each(Object.keys(SOURCES) as Source[])('unrelated changes do not invalidate it: %s', async (source) => {
  const token = await SOURCES[source]();
  expect(await use(source, token)).toBe('200');
  expect(await scenario.gateway.reload(replace('path: /unrelated/', 'path: /other/'))).toBe(true);
  expect(await use(source, token)).toBe('200');
  expect(
    await scenario.gateway.reload(
      replace(
        '    jobTokens: { cache: 30s }',
        '    replay: once\n    keys: { refresh: 5m }\n    jobTokens: { cache: 20s }',
      ),
    ),
  ).toBe(true);
  expect(await use(source, token)).toBe('200');
});

test('its issuer no longer accepts the type of the source', async () => {
  const types = '    tokenTypes: [at+jwt, gatehouse-assertion+jwt]\n';
  expect(await scenario.gateway.reload(replace('    type: gitlab\n', `    type: gitlab\n${types}`))).toBe(
    true,
  );
  const token = await SOURCES['an ID token, for one service']();
  expect(await use('an ID token, for one service', token)).toBe('200');
  expect(await scenario.gateway.reload(replace(types, ''))).toBe(true);
  expect(await use('an ID token, for one service', token)).toBe('401 issuer_unknown');
});

const CASES: readonly (readonly [Source, what: string, Edit, outcome: string])[] = [
  ['a deploy token', 'its secret is rotated', ROTATED, '401 revoked'],
  ['a deploy token at a registry', 'its secret is rotated', ROTATED, '401 revoked'],
  ['a deploy token, twice at a registry', 'its secret is rotated', ROTATED, '401 revoked'],
  ['a deploy token', 'it expired', EXPIRED, '401 token_expired'],
  ['a deploy token at a registry', 'it expired', EXPIRED, '401 token_expired'],
  ['a deploy token', 'it is removed', NO_EDGE, '401 revoked'],
  ['a deploy token at a registry', 'it is removed', NO_EDGE, '401 revoked'],
  ['a workload identity', 'its name is removed', NO_WORKLOAD, '401 revoked'],
  ['a workload identity at a registry', 'its name is removed', NO_WORKLOAD, '401 revoked'],
  ['a workload identity', 'its name maps to another identity', OTHER_WORKLOAD, '401 revoked'],
  ['a workload identity at a registry', 'its name maps to another identity', OTHER_WORKLOAD, '401 revoked'],
  [
    'a workload identity',
    'its audiences change',
    replace(EXCHANGE_AUDIENCE, 'https://elsewhere.example.com'),
    '401 audience_mismatch',
  ],
  [
    'trusted publishing',
    'its audience changes',
    replace(PUBLISHING_AUDIENCE, 'npm:elsewhere'),
    '401 audience_mismatch',
  ],
  [
    'trusted publishing',
    'it is disabled',
    (yaml) => yaml.replace(/ {4}trustedPublishing:.*\n/, ''),
    '401 audience_mismatch',
  ],
  [
    'trusted publishing',
    'it is disabled, and the service accepts the audience as its own',
    (yaml) => yaml.replace(/ {4}trustedPublishing:.*\n/, `    audiences: ["${PUBLISHING_AUDIENCE}"]\n`),
    '401 audience_mismatch',
  ],
  [
    'an ID token, for one service',
    'the service gets other audiences',
    orders(OTHER_AUDIENCE),
    '401 audience_mismatch',
  ],
  [
    'an ID token, for all services',
    'the service gets other audiences',
    orders(OTHER_AUDIENCE),
    '401 audience_mismatch',
  ],
  [
    'an ID token at a registry',
    'the service gets other audiences',
    oci(OTHER_AUDIENCE),
    '401 audience_mismatch',
  ],
  [
    'a token for one service at a registry',
    'the service gets other audiences',
    oci(OTHER_AUDIENCE),
    '401 audience_mismatch',
  ],
  [
    'an ID token, for one service',
    'the audiences of its issuer change',
    ISSUER_AUDIENCE,
    '401 audience_mismatch',
  ],
  [
    'an ID token, for all services',
    'the audiences of its issuer change',
    ISSUER_AUDIENCE,
    '401 audience_mismatch',
  ],
  [
    'an ID token at a registry',
    'the audiences of its issuer change',
    ISSUER_AUDIENCE,
    '401 audience_mismatch',
  ],
  [
    'an ID token, for one service',
    'the service trusts another issuer',
    orders('issuers: [spare]'),
    '401 issuer_unknown',
  ],
  [
    'an ID token at a registry',
    'the service trusts another issuer',
    oci('issuers: [spare]'),
    '401 issuer_unknown',
  ],
  ['a job token', 'the service trusts another issuer', orders('issuers: [spare]'), '401 issuer_unknown'],
  ['an ID token, for one service', 'its issuer is removed', NO_ISSUER, '401 issuer_unknown'],
  [
    'an ID token, for one service',
    'its issuer has another URL',
    replace(`issuer: "${'GITLAB'}"`, 'issuer: "https://gitlab.example.com"'),
    '401 issuer_unknown',
  ],
  [
    'an ID token at a registry',
    'its issuer has other keys',
    (yaml) => yaml.replace(gitlab.jwksUri, gitlab.jwksUri.replace('127.0.0.1', 'localhost')),
    '401 issuer_unknown',
  ],
  [
    'an ID token, for one service',
    'its issuer uses another algorithm',
    issuerKey('maxTokenLifetime: 1h'),
    '401 issuer_unknown',
  ],
  ['a job token', 'its issuer no longer accepts job tokens', NO_JOB_TOKENS, '401 issuer_unknown'],
  [
    'a job token at a registry',
    'its issuer no longer accepts job tokens',
    NO_JOB_TOKENS,
    '401 issuer_unknown',
  ],
  [
    'a deploy token of GitLab',
    'its issuer no longer accepts deploy tokens',
    (yaml) => yaml.replace('    deployTokens: { cache: 60s }\n', '').replace(/ {2}mirror:.*\n/, ''),
    '401 issuer_unknown',
  ],
];

describe.each(CASES)('minted from %s: %s', (source, _what, edit, outcome) => {
  test(outcome, async () => {
    const token = await SOURCES[source]();
    // The second request uses the verification cache.
    expect([await use(source, token), await use(source, token)]).toEqual(['200', '200']);
    upstream.reset();
    const put: Edit = (yaml) =>
      edit(yaml.replace(`issuer: "${gitlab.url}"`, 'issuer: "GITLAB"')).replace(
        '"GITLAB"',
        `"${gitlab.url}"`,
      );
    expect(await scenario.gateway.reload(put)).toBe(true);
    expect(await use(source, token)).toBe(outcome);
    expect(upstream.bytes()).toBe('');
  });
});

test('reverting the change makes it valid again', async () => {
  const token = await SOURCES['a deploy token']();
  expect(await scenario.gateway.reload(ROTATED)).toBe(true);
  expect(await use('a deploy token', token)).toBe('401 revoked');
  expect(await scenario.gateway.reload(replace(HASHES[1], HASHES[0]))).toBe(true);
  expect(await use('a deploy token', token)).toBe('200');
});

test('a token whose source is no longer accepted cannot be renewed at /token', async () => {
  const token = await SOURCES['a deploy token at a registry']();
  expect(await scenario.gateway.reload(ROTATED)).toBe(true);
  expect(outcomeOf(await registry.login(token, PULL))).toBe('401 revoked');
});

test('a shorter tokenLifetime applies to tokens issued before', async () => {
  const token = await SOURCES['an ID token, for one service']();
  expect(await scenario.gateway.reload(replace('tokenLifetime: 24h', 'tokenLifetime: 1m'))).toBe(true);
  expect(await use('an ID token, for one service', token)).toBe('200');
  ahead = 61_000;
  // The revocation list is read first.
  const outcome = await eventually('a decision', async () => {
    const said = await use('an ID token, for one service', token);
    return said.startsWith('503') ? undefined : said;
  });
  expect(outcome).toBe('401 token_expired');
});

test('a token renewed at /token before a shorter tokenLifetime expires with the original token', async () => {
  const first = tokenOf(await main.exchange(idToken(), { audience: 'registry' }));
  expect(await scenario.gateway.reload(replace('tokenLifetime: 24h', 'tokenLifetime: 2m'))).toBe(true);
  const outcomeAfter = (milliseconds: number, request: () => Promise<string>): Promise<string> => {
    ahead = milliseconds;
    // The revocation list is read first.
    return eventually('a decision', async () => {
      const said = await request();
      return said.startsWith('503') ? undefined : said;
    });
  };
  let renewed = '';
  const renew = async (): Promise<string> => {
    const answer = await registry.login(first, PULL);
    if (answer.status === 200) renewed = tokenOf(answer);
    return outcomeOf(answer);
  };
  const useRenewed = (): Promise<string> => use('a token for one service at a registry', renewed);
  expect(await outcomeAfter(100_000, renew)).toBe('200');
  expect(await outcomeAfter(110_000, useRenewed)).toBe('200');
  expect(await outcomeAfter(121_000, useRenewed)).toBe('401 token_expired');
});

test.each<[string, Source, string]>([
  ['aud', 'an ID token, for one service', 'credential_malformed'],
  ['settingsHash', 'an ID token at a registry', 'credential_malformed'],
  ['settingsHash', 'a job token', 'credential_malformed'],
  ['parents', 'a token for one service at a registry', 'credential_malformed'],
  ['since', 'a token for one service at a registry', 'credential_malformed'],
])('a token of an earlier version, without src.%s of %s, is refused', async (name, source, reason) => {
  const token = await SOURCES[source]();
  const { src, ...payload } = payloadOf(token) as { src: Record<string, unknown> };
  expect(await use(source, resigned(token, { ...payload, src }))).toBe('200');
  expect(src).toHaveProperty(name);
  upstream.reset();
  const { [name]: _left, ...earlier } = src;
  expect(await use(source, resigned(token, { ...payload, src: earlier }))).toBe(`401 ${reason}`);
  expect(upstream.bytes()).toBe('');
});

/** Replaces the payload of a token and signs it with the gateway's key. */
function resigned(token: string, payload: object): string {
  const body = Buffer.from(JSON.stringify(payload)).toString('base64url');
  const signed = `${token.split('.')[0] ?? ''}.${body}`;
  const key = { key: createPrivateKey(KEY), dsaEncoding: 'ieee-p1363' } as const;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

describe('an open WebSocket', () => {
  const chat = (token: string): ReturnType<typeof openSocket> =>
    openSocket(`ws://127.0.0.1:${scenario.gateway.port}/chat/`, {
      headers: { authorization: `Bearer ${token}`, host: 'gateway.example.com' },
    });

  test.each<[string, Source | 'the secret itself', Edit]>([
    ['its secret is rotated', 'a deploy token', ROTATED],
    ['it expired', 'a deploy token', EXPIRED],
    ['it expired', 'the secret itself', EXPIRED],
    ['its name is removed', 'a workload identity', NO_WORKLOAD],
    ['its name maps to another identity', 'a workload identity', OTHER_WORKLOAD],
    ['the audiences of its issuer change', 'an ID token, for all services', ISSUER_AUDIENCE],
    ['its issuer no longer accepts job tokens', 'a job token', NO_JOB_TOKENS],
  ])('%s: the one of %s ends', async (_what, source, edit) => {
    const socket = await chat(await chatTokenOf(source));
    socket.send('hello');
    expect(await socket.next()).toBe('hello');
    expect(await scenario.gateway.reload(edit)).toBe(true);
    expect(await socket.closed()).toBe(1006);
    await eventually('the upstream connection ends', () => echo.open() === 0);
  });

  test('a deploy token that expires later ends no connection', async () => {
    const socket = await chat(await chatTokenOf('a deploy token'));
    expect(await scenario.gateway.reload(replace('2999-12-31', '2999-12-30'))).toBe(true);
    const until = performance.now() + 700;
    while (performance.now() < until) {
      socket.send('still here');
      expect(await socket.next()).toBe('still here');
    }
    socket.close();
  });

  async function chatTokenOf(source: Source | 'the secret itself'): Promise<string> {
    switch (source) {
      case 'the secret itself':
        return SECRETS[0];
      case 'a deploy token':
        return fromDeployToken(SECRETS[0], 'edge', 'chat');
      case 'a job token':
        return tokenOf(await main.exchange(job.token, { audience: 'chat' }, 'access_token'));
      default:
        return SOURCES[source]();
    }
  }
});
