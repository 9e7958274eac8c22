import { startGateway, type TestGateway } from './gateway.ts';
import { startIssuer, type TestIssuer } from './issuer.ts';
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts';

/** A gateway whose configuration changes while it runs. */
export interface ReloadScene {
  readonly issuer: TestIssuer;
  readonly upstream: RecordingUpstream;
  readonly gateway: TestGateway;
  /** Of a job of project 20, which may read and write at `/orders/`. */
  readonly token: string;
  /** Status, and the reason or the body. */
  get(path: string, token?: string): Promise<readonly [status: number, said: string | undefined]>;
  /** The value of one series, undefined where there is none. */
  metric(series: string): Promise<number | undefined>;
  close(): Promise<void>;
}

export async function startReloadScene(files: Readonly<Record<string, string>> = {}): Promise<ReloadScene> {
  const [issuer, upstream] = await Promise.all([startIssuer(), startRecordingUpstream()]);
  const gateway = await startGateway(
    `issuers:
  gitlab: { type: gitlab, issuer: "${issuer.url}" }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: orders, scopes: [read_api, write_api], resources: ["**"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
`,
    { files },
  );
  const token = issuer.mint({ project_id: '20' });
  return {
    issuer,
    upstream,
    gateway,
    token,
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
    async close() {
      await gateway.close();
      await Promise.all([issuer.close(), upstream.close()]);
    },
  };
}
