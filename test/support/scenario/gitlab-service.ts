import { afterEach } from 'vitest';
import { startGitlab, type TestGitlab } from '../gitlab.ts';
import { rawResponse, type RawResponse } from '../raw-client.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../recording-upstream.ts';
import { startScenario, type Scenario } from '../scenario.ts';
import { useStarted } from '../use-started.ts';

/** Callers of the service. `ci` and `job` are the ID token and the job token of one job of acme/payments. */
export type GitlabCaller = 'ci' | 'job' | 'local-admin' | 'admin' | 'nobody';

type Backends = { readonly gitlab: TestGitlab; readonly upstream: RecordingUpstream };

export type GitlabService = Scenario<Backends> & {
  /** The credential headers of a caller. */
  credential(caller: GitlabCaller): readonly string[];
  /** Sends one request on a new connection; `body` gets a Content-Length. */
  ask(
    caller: GitlabCaller,
    line: string,
    headers?: readonly string[],
    body?: string | Buffer,
  ): Promise<RawResponse>;
  /** The status and the error code of a refusal, or the status alone. */
  outcome(...request: Parameters<GitlabService['ask']>): Promise<string>;
};

const API_SCOPES = '[read_api, write_api]';
const OTHER_SCOPES =
  '[read_package_registry, write_package_registry, write_terraform_state, read_terraform_state, read_releases, write_releases]';

/**
 * A service of type gitlab in front of a recording upstream, reset after each test; its upstream credential has access to every project.
 * Project 20 (acme/payments) has read and write access to itself and acme/web (43), and read access to
 * acme/base-images (42). `local-admin` has `admin_api` on one project, `admin` on all.
 */
export function useGitlabService(): GitlabService {
  const service = useStarted(startGitlabService);
  afterEach(() => service.upstream.reset());
  return service;
}

async function startGitlabService(): Promise<GitlabService> {
  const scenario = await startScenario<Backends>({
    backends: { gitlab: () => startGitlab(), upstream: () => startRecordingUpstream() },
    config: configuration,
  });
  const { gitlab, gateway } = scenario;
  const job = gitlab.job({ project: { id: 20, path: 'acme/payments' } });
  const bearer = (id: number, path: string): readonly string[] => [
    `Authorization: Bearer ${gitlab.job({ project: { id, path } }).idToken()}`,
  ];
  const credentials: Readonly<Record<GitlabCaller, readonly string[]>> = {
    ci: [`Authorization: Bearer ${job.idToken()}`],
    job: [`JOB-TOKEN: ${job.token}`],
    'local-admin': bearer(21, 'acme/local-admin'),
    admin: bearer(22, 'acme/admin'),
    nobody: [],
  };

  const ask: GitlabService['ask'] = (caller, line, headers = [], body = '') => {
    const [method = '', target = ''] = line.split(' ');
    const bytes = Buffer.from(body);
    const length = bytes.length > 0 ? [`Content-Length: ${bytes.length}`] : [];
    const head = [
      `${method} /api/v4/projects/${target} HTTP/1.1`,
      'Host: gateway.example.com',
      'Connection: close',
      ...credentials[caller],
      ...headers,
      ...length,
      '',
      '',
    ].join('\r\n');
    return rawResponse(gateway.port, Buffer.concat([Buffer.from(head, 'latin1'), bytes]), { quiet: 10_000 });
  };

  return {
    ...scenario,
    credential: (caller) => credentials[caller],
    ask,
    async outcome(...request) {
      const { status, body } = await ask(...request);
      if (status < 400) return String(status);
      const { error } = JSON.parse(body) as { error?: string };
      return `${status} ${error}`;
    },
  };
}

function configuration({ gitlab, upstream }: Backends): string {
  return `
issuers:
  gitlab: { type: gitlab, issuer: "${gitlab.url}", jobTokens: {}, projects: { "42": acme/base-images, "43": acme/web } }
identities:
  ci:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "20" }
    grants:
      - { service: gitlab, scopes: ${API_SCOPES}, resources: ["{claims.project_path}", acme/web] }
      - { service: gitlab, scopes: ${OTHER_SCOPES}, resources: ["{claims.project_path}"] }
      - { service: gitlab, scopes: [read_api], resources: [acme/base-images] }
  local-admin:
    issuer: gitlab
    match: { project_id: "21" }
    grants: [{ service: gitlab, scopes: [read_api, write_api, admin_api], resources: [acme/payments, "acme/**"] }]
  admin:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "22" }
    grants: [{ service: gitlab, scopes: [read_api, write_api, admin_api], resources: ["**"] }]
services:
  gitlab:
    type: gitlab
    upstream: { url: "${upstream.url}/", auth: { header: { name: PRIVATE-TOKEN, value: canary-private-token } } }
`;
}
