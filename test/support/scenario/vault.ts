import type { Clock } from '../../../src/core/ports.ts';
import { startIssuer, type TestIssuer } from '../issuer.ts';
import { VAULT_AUDIENCE, type OpenBao } from '../openbao.ts';
import { rawResponse } from '../raw-client.ts';
import { valuesOf } from '../received.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../recording-upstream.ts';
import { startScenario, type Scenario } from '../scenario.ts';

type Backends = { readonly callers: TestIssuer; readonly upstream: RecordingUpstream };

/** Status, reason of a refusal, and the credential that the upstream received. */
export type VaultOutcome = readonly [status: number, reason?: string | undefined, value?: string | undefined];

export type VaultScenario = Scenario<Backends> & {
  /** A request of a caller with these claims; `header`: name of the header with the credential. */
  ask(
    claims?: Readonly<Record<string, unknown>> & { readonly sub?: string },
    header?: string,
  ): Promise<VaultOutcome>;
};

export const JWT_LOGIN = 'auth: { jwt: { role: gatehouse, tokenFile: jwt } }';

export interface VaultScenarioOptions {
  readonly bao: OpenBao;
  /** The issuer that OpenBao trusts. */
  readonly issuer: TestIssuer;
  /** Keys of `upstream.auth.vault` other than the address. */
  readonly vault: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

/**
 * A gateway whose upstream credential is in OpenBao. The identity of a caller is its `sub`; the file `jwt` contains a
 * token for the role `gatehouse`.
 */
export async function startVaultScenario(options: VaultScenarioOptions): Promise<VaultScenario> {
  const { bao, issuer, vault, files = {}, clock } = options;
  const identity = (name: string): string => `
  ${name}:
    issuer: callers
    match: { sub: ${name} }
    grants: [{ service: orders, scopes: [read_api], resources: ["/**"] }]`;
  const scenario = await startScenario<Backends>({
    backends: {
      callers: () => startIssuer({ type: 'oidc', ...(clock && { clock }) }),
      upstream: () => startRecordingUpstream(),
    },
    files: { jwt: `${issuer.mint({ sub: 'gatehouse', aud: VAULT_AUDIENCE })}\n`, ...files },
    ...(clock && { clock }),
    config: ({ callers, upstream }) => `
issuers:
  callers: { type: oidc, issuer: "${callers.url}" }
identities:${identity('payments')}${identity('web')}
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/", auth: { vault: { address: "${bao.url}", ${vault} } } } }
`,
  });
  return {
    ...scenario,
    async ask(claims = {}, header = 'authorization') {
      const token = scenario.callers.mint({ sub: 'payments', ...claims });
      const lines = [`GET /orders/${claims.sub ?? 'payments'} HTTP/1.1`, 'Host: gateway.example.com'];
      const head = [...lines, `Authorization: Bearer ${token}`, 'Connection: close', '', ''].join('\r\n');
      const { status, body } = await rawResponse(scenario.gateway.port, head, { quiet: 10_000 });
      if (status >= 400) return [status, (JSON.parse(body) as { error: string }).error];
      const request = scenario.upstream.requests().at(-1);
      return [status, undefined, request && valuesOf(request, header)[0]];
    },
  };
}
