import { beforeEach } from 'vitest';
import { startGitlab, type TestGitlab, type TestJob } from '../gitlab.ts';
import { CLOUD_PLATFORM, PROVIDER, startGoogleSts, type GoogleSts } from '../google-sts.ts';
import type { RawResponse } from '../raw-client.ts';
import { valuesOf } from '../received.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../recording-upstream.ts';
import { useScenarioPerTest, type Scenario } from '../scenario.ts';

export const OWN_AUDIENCE = 'https://orders.example.com';

interface TokenExchangeScenario {
  readonly scenario: Scenario<{ gitlab: TestGitlab; sts: GoogleSts; upstream: RecordingUpstream }>;
  /** A job of the identity `payments`, in the scenario of the current test. */
  job(): TestJob;
  /** An ID token of the identity `others`, one for each number. */
  tokenOf(caller: number, claims?: Readonly<Record<string, unknown>>): string;
  ask(target: string, token?: string): Promise<RawResponse>;
  /** The token service trusts assertions of the gateway (default), or ID tokens for the service `passed`. */
  trustGateway(): void;
  trustGitlab(): void;
  /** The `sub` for which the token of each request at the upstream was issued. */
  subjectsAtUpstream(): readonly (string | undefined)[];
}

/** A gateway with a service for each form of `tokenExchange`, at Google's token service. */
export function useTokenExchange(): TokenExchangeScenario {
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
      const exchangeWith = (more: string): string =>
        `tokenExchange: { tokenEndpoint: "${sts.tokenEndpoint}", audience: "${PROVIDER}", scope: "${CLOUD_PLATFORM}", ${more} }`;
      const service = (name: string, auth: string, more = ''): string =>
        `${name}: { type: http, path: /${name}/, ${more} anonymous: [{ scopes: [read_api], resources: ["/public/**"] }], upstream: { url: "${upstream.url}/", auth: { ${auth} } } }`;
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
    - { service: barred, scopes: [read_api], resources: ["/**"] }
    - { service: each, scopes: [read_api], resources: ["/**"] }
services:
  ${service('asserted', exchangeWith('subject: caller'))}
  ${service('typed', exchangeWith('subject: caller, assertionType: JWT'))}
  ${service('passed', exchangeWith('subject: callerIdToken'), `audiences: ["${OWN_AUDIENCE}"],`)}
  ${service('owned', exchangeWith('subject: gateway, subjectTokenFile: subject'))}
  ${service('barred', exchangeWith('subject: caller, clientId: gatehouse, clientSecret: canary'))}
  ${service('each', `perIdentity: { payments: { ${exchangeWith('subject: caller, clientId: gatehouse, clientAssertion: { tokenFile: subject }')} } }`)}
`;
    },
  });

  function trustGateway(): void {
    const jwksUri = `${scenario.gateway.url}/.well-known/jwks.json`;
    scenario.sts.provider = { jwksUri, audiences: [scenario.sts.tokenEndpoint] };
  }

  beforeEach(() => trustGateway());
  return {
    scenario,
    job: () => job,
    tokenOf: (caller, claims = {}) =>
      job.idToken({ project_id: String(caller), namespace_id: '1', sub: `caller-${caller}`, ...claims }),
    ask: (target, token) =>
      scenario.respond(`GET ${target}`, token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    trustGateway,
    trustGitlab() {
      scenario.sts.provider = { jwksUri: scenario.gitlab.jwksUri, audiences: [OWN_AUDIENCE] };
    },
    subjectsAtUpstream: () =>
      scenario.upstream
        .requests()
        .flatMap((request) => valuesOf(request, 'authorization'))
        .map((value) => scenario.sts.subjectOf(value.replace(/^Bearer /, ''))),
  };
}
