/** threats.md K11: the exchange of tokens whose session ends, and of tokens that another recipient accepts. */
import { describe, expect, test } from 'vitest';
import { awsClaims } from '../support/ci-claims.ts';
import { TENANT } from '../support/issuer-claims.ts';
import { startIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenario } from '../support/scenario.ts';

const AZURE = 'api://AzureADTokenExchange';
const STS = 'https://sts.amazonaws.com/';

const scenario = useScenario({
  backends: {
    aws: () => startIssuer({ type: 'aws', issuer: `https://${TENANT}.tokens.sts.global.api.aws` }),
    azure: () =>
      startIssuer({
        type: 'azure-devops',
        issuer: `https://vstoken.dev.azure.com/${TENANT}`,
        audience: AZURE,
      }),
    upstream: () => startRecordingUpstream(),
  },
  config: ({ aws, azure, upstream }) => `
issuers:
  aws: { type: aws, issuer: "${aws.url}", jwksUri: "${aws.jwksUri}" }
  azure: { type: azure-devops, issuer: "${azure.url}", jwksUri: "${azure.jwksUri}", audiences: ["${AZURE}"], replay: once }
identities:
  role: { issuer: aws, match: { "/https:~1~1sts.amazonaws.com~1/org_id": o-abc1234567 }, roles: [reader] }
  pipeline: { issuer: azure, match: { def_id: "7", rpo_ref: refs/heads/main }, roles: [reader] }
workloadIdentities:
  role@example.com: { identity: role, audiences: [https://gateway.example.com] }
  pipeline@example.com: { identity: pipeline, audiences: ["${AZURE}"] }
roles: { reader: [{ service: api, scopes: [read_api], resources: ["/**"] }] }
services:
  api: { type: http, path: /api/, upstream: { url: "${upstream.url}/" } }
`,
});

/** The lifetime of the issued token in seconds, or the status of the refusal. */
async function exchange(token: string, email: string): Promise<number | string> {
  const body = JSON.stringify({ token, email });
  const headers = ['Content-Type: application/json', `Content-Length: ${body.length}`];
  const response = await scenario.respond('POST /v1/auth:exchangeToken', headers, body);
  if (response.status !== 200) return `${response.status}`;
  const { accessToken } = JSON.parse(response.body) as { accessToken: string };
  const [, payload = ''] = accessToken.split('.');
  const { iat, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, number>;
  return (exp ?? 0) - (iat ?? 0);
}

const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();

describe('K11 a token of a role whose session ends', () => {
  const withEnd = (end: unknown): string =>
    scenario.aws.mint({ [STS]: { ...(awsClaims()[STS] as object), original_session_exp: end } });

  test('is exchanged for a token that ends with the session', async () => {
    const lifetime = await exchange(withEnd(inSeconds(300)), 'role@example.com');
    expect(lifetime).toBeGreaterThan(200);
    expect(lifetime).toBeLessThanOrEqual(300);
    expect(await exchange(withEnd(inSeconds(7_200)), 'role@example.com')).toBe(900);
    expect(await exchange(scenario.aws.mint(), 'role@example.com')).toBe(900);
  });

  test.each([
    ['soon', () => inSeconds(30)],
    ['an unreadable end', () => 'later'],
    ['a number', () => 5],
  ])('with %s is refused', async (_name, end) => {
    expect(await exchange(withEnd(end()), 'role@example.com')).toMatch(/^40[01]$/);
  });
});

test('K11 a token of Azure Pipelines, which Entra accepts too, is exchanged once', async () => {
  const token = scenario.azure.mint();
  expect(await exchange(token, 'pipeline@example.com')).toBe(900);
  expect(await exchange(token, 'pipeline@example.com')).toMatch(/^40[01]$/);
  expect(await exchange(scenario.azure.mint(), 'pipeline@example.com')).toBe(900);
});
