import { SERVICE_TRAITS } from '../../src/config/schema/service.ts';
import type { TestGateway } from './gateway.ts';
import { startIssuer } from './issuer.ts';
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts';
import { readText } from './repository.ts';
import { startScenario } from './scenario.ts';
import { useStarted } from './use-started.ts';

/** One service of each type in front of one upstream, and a job with every scope on each. */
export interface EveryType extends TestGateway {
  readonly token: string;
  /** The bytes of an allowed request to the service of a type. */
  request(type: ServiceType, lines?: readonly string[]): string;
}

export type ServiceType = keyof typeof SERVICE_TRAITS;

/** A request of each type whose upstream response is relayed as it is: type → host and request line. */
const REQUESTS: Readonly<Partial<Record<ServiceType, readonly [host: string, line: string]>>> = {
  http: ['gateway.example.com', 'PUT /http/a'],
  oci: ['registry.example.com', 'GET /v2/acme/a/tags/list'],
  generic: ['gateway.example.com', 'PUT /generic/a/b'],
  cargo: ['gateway.example.com', 'GET /cargo/api/v1/crates/acme/1.0.0/download'],
  go: ['gateway.example.com', 'GET /go/example.com/acme/@v/list'],
  helm: ['gateway.example.com', 'GET /helm/acme-1.0.0.tgz'],
  maven: ['gateway.example.com', 'PUT /maven/com/acme/a/1.0/a-1.0.jar'],
  npm: ['gateway.example.com', 'GET /npm/acme/-/acme-1.0.0.tgz'],
  nuget: ['gateway.example.com', 'GET /nuget/v3-flatcontainer/acme/1.0.0/acme.1.0.0.nupkg'],
  pypi: ['gateway.example.com', 'GET /pypi/files/acme-1.0.0.tar.gz'],
  git: ['gateway.example.com', 'GET /git/acme/app.git/info/refs?service=git-upload-pack'],
  gitlab: ['gitlab.example.com', 'GET /api/v4/projects/acme%2Fapp/releases'],
};

/** A format without an entry: the first GET in the table of its unit test (docs/guides/adding-a-protocol.md). */
function requestOf(type: ServiceType): readonly [host: string, line: string] {
  const known = REQUESTS[type];
  if (known !== undefined) return known;
  const [, path] = /\['GET', '([^']+)'/.exec(readText(`test/unit/protocols/${type}.test.ts`)) ?? [];
  if (path === undefined) throw new Error(`test/unit/protocols/${type}.test.ts has no row for GET`);
  return ['gateway.example.com', `GET /${type}/${path}`];
}

export const SERVICE_TYPES = Object.keys(SERVICE_TRAITS) as readonly ServiceType[];

/** `keys`: further keys of each service, as YAML in flow form, such as `passHeaders: [Destination]`. */
export async function startEveryType(upstreamUrl: string, keys = ''): Promise<EveryType> {
  const grants = SERVICE_TYPES.map((type) => {
    const { scopes, resources } = SERVICE_TRAITS[type];
    return `{ service: ${type}, scopes: [${scopes.join(', ')}], resources: ["${resources === 'path' ? '/**' : '**'}"] }`;
  });
  const services = SERVICE_TYPES.map((type) => {
    const [host, line] = requestOf(type);
    const [, path] = /(\/\w+\/)/.exec(line) ?? [];
    const place =
      type === 'gitlab' || type === 'oci' ? `hosts: [${host}]` : `hosts: [${host}], path: ${path}`;
    return `  ${type}: { type: ${type}, ${place}, upstream: { url: "${upstreamUrl}/" }${keys === '' ? '' : `, ${keys}`} }`;
  });
  const { gateway, token, close } = await startScenario({
    backends: { issuer: () => startIssuer() },
    token: ({ issuer }) => issuer.mint(),
    config: ({ issuer }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci: { issuer: gitlab, match: { project_id: "20" }, grants: [${grants.join(', ')}] }
services:
${services.join('\n')}
`,
  });
  return {
    ...gateway,
    token,
    request(type, lines = []) {
      const [host, line] = requestOf(type);
      const framing = line.startsWith('PUT') ? ['Content-Length: 0'] : [];
      const head = [`${line} HTTP/1.1`, `Host: ${host}`, `Authorization: Bearer ${token}`];
      return [...head, ...framing, 'Connection: close', ...lines, '', ''].join('\r\n');
    },
    close,
  };
}

/** Every type in front of a recording upstream, for the tests of this file or `describe` block. */
export function useEveryType(): { readonly gateway: EveryType; readonly upstream: RecordingUpstream } {
  const upstream = useStarted(() => startRecordingUpstream());
  return { upstream, gateway: useStarted(() => startEveryType(upstream.url)) };
}
