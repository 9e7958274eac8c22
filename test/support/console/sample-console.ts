import { hash } from 'node:crypto';
import type { TestGateway } from '../gateway.ts';
import { startBlackhole } from '../blackhole.ts';
import { startIssuer } from '../issuer.ts';
import { rawResponse } from '../raw-client.ts';
import { startRecordingUpstream } from '../recording-upstream.ts';
import { startScenario } from '../scenario.ts';
import { ADMIN_TOKEN } from './ask-console.ts';
import { WITH_LOGIN } from './console-scenario.ts';

const DAY = 86_400_000;
const UPSTREAM_SECRET = 'canary-upstream-secret';
const SECRET = `ghdt_orders-reader_${'5e'.repeat(32)}`;

/** Secrets that clients and upstreams use, and the hash in the configuration. */
const SECRETS = [SECRET, UPSTREAM_SECRET, hash('sha256', SECRET)];

/** A gateway with content on every page: services, a failing issuer, deploy tokens, revocations and decisions. */
export async function startSampleConsole() {
  const scenario = await startScenario({
    backends: {
      issuer: () => startIssuer(),
      silent: () => startBlackhole(),
      upstream: () => startRecordingUpstream(),
    },
    token: ({ issuer }) => issuer.mint(),
    files: { 'admin-token': `${ADMIN_TOKEN}\n` },
    server: { admin: WITH_LOGIN },
    config: ({ issuer, silent, upstream }) => `issuers:
  gitlab: { type: gitlab, issuer: "${issuer.url}" }
  github: { type: oidc, issuer: "${silent.url}", audiences: [https://gateway.example.com] }
identities:
  payments-pipeline:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: orders, scopes: [read_api], resources: ["**"] }
      - { service: packages, scopes: [read_package_registry], resources: ["@acme/*"] }
deployTokens:
${deployToken('orders-reader', SECRET, day(200))}
${deployToken('warehouse-import', 'a', day(12))}
${deployToken('legacy-reports', 'b')}
${deployToken('old-mirror', 'c', day(-30))}
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
  packages: { type: npm, path: /npm/, upstream: { url: "${upstream.url}/npm/", auth: { bearer: { token: ${UPSTREAM_SECRET} } } } }
  reports: { type: http, path: /reports/, upstream: { url: "http://127.0.0.1:1/" }, anonymous: [{ scopes: [read_api], resources: ["**"] }] }`,
  });
  await addRevocations(scenario.gateway);
  return {
    ...scenario,
    secrets: SECRETS,
    requestOfEachKind: () => requestOfEachKind(scenario.gateway, scenario.token),
  };
}

/** One request of each outcome: allowed, denied, without a credential, failed upstream, with a deploy token. */
async function requestOfEachKind({ port }: TestGateway, token: string): Promise<void> {
  const basic = Buffer.from(`orders-reader:${SECRET}`).toString('base64');
  for (const [line, credential] of [
    ['GET /orders/2026/11', `Bearer ${token}`],
    ['GET /npm/@acme%2fui', `Bearer ${token}`],
    ['DELETE /orders/2026/11', `Bearer ${token}`],
    ['GET /reports/daily', `Bearer ${token}`],
    ['GET /orders/2026/12', `Basic ${basic}`],
    ['GET /orders/2026/12', undefined],
  ] as const) {
    const lines = [`${line} HTTP/1.1`, 'Host: gateway.example.com', 'Connection: close'];
    if (credential !== undefined) lines.push(`Authorization: ${credential}`);
    await rawResponse(port, `${lines.join('\r\n')}\r\n\r\n`, { quiet: 10_000 });
  }
}

async function addRevocations({ adminUrl }: TestGateway): Promise<void> {
  for (const entry of [
    { project: 'acme/retired-shop', reason: 'Project moved to another instance (OPS-1182)' },
    { deployToken: 'old-mirror', reason: 'Secret found in a build log', expires: time(30) },
    {
      jti: '0b0e8a0e-5a3c-4f0a-9d68-3f5b3a1f2c11',
      issuer: 'gitlab',
      reason: 'Job token pasted into a ticket',
    },
  ]) {
    const { status } = await fetch(`${adminUrl}/revocations`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(entry),
    });
    if (status !== 201) throw new Error(`revocation: ${status}`);
  }
}

function deployToken(name: string, secret: string, expires?: string): string {
  const until = expires === undefined ? '' : `, expires: "${expires}"`;
  return `  ${name}: { username: ${name}, secretHash: "sha256:${hash('sha256', secret)}"${until}, grants: [{ service: orders, scopes: [read_api], resources: ["**"] }] }`;
}

function time(days: number): string {
  return new Date(Date.now() + days * DAY).toISOString();
}

function day(days: number): string {
  return time(days).slice(0, 10);
}
