import { startIssuer, type TestIssuer } from '../issuer.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../recording-upstream.ts';
import { startScenario, type Scenario } from '../scenario.ts';

type Backends = { readonly issuer: TestIssuer; readonly upstream: RecordingUpstream };

/** A scenario for configuration reloads; its token belongs to project 20 with access to `/orders/`. */
export type ReloadScene = Scenario<Backends> & {
  /** The status, and the error code or the body. */
  get(path: string, token?: string): Promise<readonly [status: number, body: string | undefined]>;
  /** The value of one metric series; undefined if the series is absent. */
  metric(series: string): Promise<number | undefined>;
};

export async function startReloadScene(files: Readonly<Record<string, string>> = {}): Promise<ReloadScene> {
  const scenario = await startScenario<Backends>({
    backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
    token: ({ issuer }) => issuer.mint({ project_id: '20' }),
    files,
    config: ({ issuer, upstream }) => `issuers:
  gitlab: { type: gitlab, issuer: "${issuer.url}" }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: orders, scopes: [read_api, write_api], resources: ["**"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
`,
  });
  const { gateway, token } = scenario;
  return {
    ...scenario,
    async get(path, bearer = token) {
      const answer = await fetch(gateway.url + path, { headers: { Authorization: `Bearer ${bearer}` } });
      const body = await answer.text();
      return [answer.status, body.startsWith('{') ? (JSON.parse(body) as { error?: string }).error : body];
    },
    async metric(series) {
      const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
      const line = text.split('\n').find((each) => each.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length + 1));
    },
  };
}
