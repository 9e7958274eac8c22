import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServiceType } from '../every-type.ts';
import { rawResponse, type RawResponse } from '../raw-client.ts';
import { startHttpUpstream, type HttpUpstream } from '../http-upstream.ts';
import { useJobScenario, type JobScenario } from './job.ts';

/** Requests of one service type that the identity `payments` may not send. */
export interface RefusedRequests {
  /** Default: gateway.example.com. */
  readonly host?: string;
  readonly readScope: string;
  /** What the identity may read. */
  readonly granted: string;
  /** The request line of a read of `resource`, for which the identity does not have the read scope. */
  readonly read: string;
  readonly resource: string;
  readonly writeScope?: string;
  /** The request line of a write, for which the identity does not have the scope. */
  readonly write?: string;
  /** Default: `resource`. */
  readonly written?: string;
}

const PACKAGES = { readScope: 'read_package_registry', granted: 'mine', resource: 'other' } as const;
const WRITE = { writeScope: 'write_package_registry' } as const;

export const REFUSED = {
  http: {
    readScope: 'read_api',
    granted: '/mine/**',
    resource: '/other',
    read: 'GET /http/other',
    writeScope: 'write_api',
    write: 'PUT /http/other',
  },
  oci: {
    host: 'registry.example.com',
    readScope: 'read_registry',
    granted: 'acme/mine',
    resource: 'acme/other',
    read: 'GET /v2/acme/other/tags/list',
    writeScope: 'write_registry',
    write: 'POST /v2/acme/mine/blobs/uploads/',
    written: 'acme/mine',
  },
  git: {
    readScope: 'read_repository',
    granted: 'acme/mine',
    resource: 'acme/other',
    read: 'GET /git/acme/other.git/info/refs?service=git-upload-pack',
    writeScope: 'write_repository',
    write: 'GET /git/acme/other.git/info/refs?service=git-receive-pack',
  },
  gitlab: {
    host: 'gitlab.example.com',
    readScope: 'read_releases',
    granted: 'acme/mine',
    resource: 'acme/other',
    read: 'GET /api/v4/projects/acme%2Fother/releases',
    writeScope: 'write_releases',
    write: 'POST /api/v4/projects/acme%2Fother/releases',
  },
  generic: { ...PACKAGES, ...WRITE, read: 'GET /generic/other', write: 'PUT /generic/other' },
  maven: {
    ...PACKAGES,
    ...WRITE,
    resource: 'org/other/a/1.0/a-1.0.jar',
    read: 'GET /maven/org/other/a/1.0/a-1.0.jar',
    write: 'PUT /maven/org/other/a/1.0/a-1.0.jar',
  },
  cargo: {
    ...PACKAGES,
    ...WRITE,
    read: 'GET /cargo/api/v1/crates/other/1.0.0/download',
    write: 'DELETE /cargo/api/v1/crates/other/1.0.0/yank',
  },
  go: {
    ...PACKAGES,
    granted: 'example.com/mine',
    resource: 'example.com/other',
    read: 'GET /go/example.com/other/@v/list',
  },
  deb: {
    ...PACKAGES,
    ...WRITE,
    read: 'GET /deb/pool/main/o/other/other_1.0_all.deb',
    write: 'DELETE /deb/pool/main/o/other/other_1.0_all.deb',
  },
  rpm: {
    ...PACKAGES,
    ...WRITE,
    read: 'GET /rpm/Packages/other-1.0-1.noarch.rpm',
    write: 'DELETE /rpm/Packages/other-1.0-1.noarch.rpm',
  },
  rubygems: {
    ...PACKAGES,
    ...WRITE,
    read: 'GET /rubygems/info/other',
    write: 'DELETE /rubygems/api/v1/gems/other/owners',
  },
  helm: { ...PACKAGES, read: 'GET /helm/charts/other-1.0.0.tgz' },
  npm: { ...PACKAGES, ...WRITE, read: 'GET /npm/other', write: 'PUT /npm/other/-rev/1' },
  nuget: {
    ...PACKAGES,
    ...WRITE,
    read: 'GET /nuget/v3-flatcontainer/other/1.0.0/other.1.0.0.nupkg',
    write: 'DELETE /nuget/api/v2/package/other/1.0.0',
  },
  pypi: { ...PACKAGES, read: 'GET /pypi/simple/other/' },
} as const satisfies Readonly<Partial<Record<ServiceType, RefusedRequests>>>;

export const REFUSED_TYPES = Object.entries<RefusedRequests>(REFUSED);

/** The secret of a deploy token that has expired. */
export const EXPIRED_DEPLOY_SECRET = `ghdt_expired_${'8'.repeat(64)}`;

export interface RefusedScenario {
  readonly scenario: JobScenario<{ readonly upstream: HttpUpstream }>;
  /** Sends a request with this value of `Authorization`, or without a credential. */
  ask(line: string, authorization?: string, host?: string): Promise<RawResponse>;
}

/**
 * A gateway with a service of each type, and services that accept another audience (`own`), conceal refusals (`hidden`)
 * and allow anonymous pulls (`public`). The identity `payments` may read one resource of each type.
 */
export function useRefusedScenario(publicUrl = 'https://gateway.example.com'): RefusedScenario {
  const scenario = useJobScenario({
    backends: () => ({ upstream: () => startHttpUpstream(respond) }),
    audience: publicUrl,
    server: { publicUrl, limits: 'authFailures: { perAddress: 10000 }' },
    config: ({ gitlab, upstream }) => configuration(gitlab.url, upstream.url),
  });
  const ask: RefusedScenario['ask'] = (line, authorization, host = 'gateway.example.com') => {
    const credential = authorization === undefined ? [] : [`Authorization: ${authorization}`];
    const framing = /^(?:GET|HEAD) /.test(line) ? [] : ['Content-Length: 0'];
    const head = [`${line} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...credential, ...framing];
    return rawResponse(scenario.gateway.port, [...head, '', ''].join('\r\n'), { quiet: 10_000 });
  };
  return { scenario, ask };
}

/** Contains nothing but `config.json`, which cargo reads first. */
function respond({ url, headers }: IncomingMessage, res: ServerResponse): void {
  const found = url === '/config.json';
  const body = { dl: `http://${headers.host}/dl`, api: `http://${headers.host}` };
  res.writeHead(found ? 200 : 404, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

function configuration(gitlab: string, upstreamUrl: string): string {
  const upstream = `upstream: { url: "${upstreamUrl}/" }`;
  const grants = REFUSED_TYPES.map(
    ([type, { readScope, granted }]) =>
      `{ service: ${type}, scopes: [${readScope}], resources: ["${granted}"] }`,
  );
  const services = REFUSED_TYPES.map(([type, { host }]) => {
    // Container clients use the name localhost, package clients the address.
    const hosts = type === 'oci' ? `${host}, localhost` : host;
    const place = host === undefined ? `path: /${type}/` : `hosts: [${hosts}]`;
    return `  ${type}: { type: ${type}, ${place}, ${upstream} }`;
  });
  return `
issuers:
  gitlab: { type: gitlab, issuer: "${gitlab}", jobTokens: {} }
identities:
  payments:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: "20" }
    grants: [${grants.join(', ')}]
deployTokens:
  expired:
    username: expired
    secretHash: "sha256:${hash('sha256', EXPIRED_DEPLOY_SECRET)}"
    expires: 2020-01-01
    grants: [{ service: http, scopes: [read_api], resources: ["**"] }]
services:
${services.join('\n')}
  own: { type: http, path: /own/, audiences: ["https://own.example.com"], ${upstream} }
  hidden: { type: http, path: /hidden/, deny: conceal, ${upstream} }
  public: { type: oci, hosts: [public.example.com, localhost], repositoryPrefix: public/, ${upstream}, anonymous: [{ scopes: [read_registry], resources: ["**"] }] }
`;
}
