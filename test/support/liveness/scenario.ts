import type { IssuerType } from '../../../src/core/issuers/issuer-presets.ts';
import { FrozenClock } from '../authentication.ts';
import { startIssuer, type MintOptions, type TestIssuer } from '../issuer.ts';
import { startRecordingUpstream } from '../recording-upstream.ts';
import type { RawResponse } from '../raw-client.ts';
import { startScenario, type Scenario } from '../scenario.ts';
import type { TestApi } from './api-server.ts';

export interface LivenessScenarioOptions<A extends TestApi> {
  readonly type: IssuerType;
  readonly api: () => Promise<A>;
  /** `match` of the identity `job`. */
  readonly match: string;
  /** More keys of `liveness`. */
  readonly more?: string;
  readonly mode?: 'enforce' | 'shadow';
}

type LivenessScenario<A extends TestApi> = Scenario<{
  readonly issuer: TestIssuer;
  readonly api: A;
  readonly upstream: Awaited<ReturnType<typeof startRecordingUpstream>>;
}> & {
  readonly clock: FrozenClock;
  mint(claims?: Readonly<Record<string, unknown>>, options?: MintOptions): string;
  /** `GET /orders/x` with this token. */
  get(token: string): Promise<RawResponse>;
  /** The status of `get`. */
  status(token: string): Promise<number>;
  /** `reason` of the audit event of `get`. */
  reason(token: string): Promise<string>;
  /** Exchanges a token (RFC 8693); undefined if it is refused. */
  exchange(token: string): Promise<string | undefined>;
};

/** A gateway with `liveness` at an issuer, a stand-in for its API, and a clock that only the test advances. */
export async function startLivenessScenario<A extends TestApi>({
  type,
  api: startJobsApi,
  match,
  more = '',
  mode = 'enforce',
}: LivenessScenarioOptions<A>): Promise<LivenessScenario<A>> {
  const clock = new FrozenClock();
  const scenario = await startScenario({
    backends: {
      issuer: () => startIssuer({ type, clock }),
      api: startJobsApi,
      upstream: () => startRecordingUpstream(),
    },
    clock,
    files: { 'liveness-token': 'liveness-token-of-the-gateway\n' },
    config: ({ issuer, api, upstream }) => `
issuers:
  ci:
    type: ${type}
    issuer: "${issuer.url}"
    jwksUri: "${issuer.jwksUri}"
    liveness: { apiUrl: "${api.url}", tokenFile: liveness-token${more} }
identities:
  job:
    issuer: ci
    match: { ${match} }
    grants: [{ service: orders, scopes: [read_api, write_api], resources: ["**"] }]
services:
  orders: { type: http, path: /orders/, mode: ${mode}, upstream: { url: "${upstream.url}/" } }
`,
  });
  const get = (token: string): Promise<RawResponse> =>
    scenario.respond('GET /orders/x', [`Authorization: Bearer ${token}`]);
  return Object.assign(scenario, {
    clock,
    mint: (...parameters: Parameters<TestIssuer['mint']>) => scenario.issuer.mint(...parameters),
    get,
    status: async (token: string) => (await get(token)).status,
    reason: async (token: string) => (await scenario.audited(await get(token))).event.reason,
    async exchange(token: string) {
      const response = await fetch(`${scenario.gateway.url}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token: token,
          subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
        }),
      });
      const body = (await response.json()) as { access_token?: string };
      return body.access_token;
    },
  });
}
