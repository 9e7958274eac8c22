import { mkdir, mkdtemp, stat, truncate, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../test/support/free-port.ts';
import { startServer } from '../machine/server-process.ts';
import { AUDIENCE, ISSUER } from '../machine/token.ts';
import { bearer, listenerUrl } from './contestant.ts';
import type { Bed, Contestant, RunningServer, TlsFiles } from './contestant.ts';

/** Starts Node with the flags of the image. */
const PROGRAM = resolve(import.meta.dirname, '../../bin/gatehouse');

/** The events of a short round are written after its last response. */
const TRAIL_DEADLINE = 5_000;

/** The default settings: policy, metrics and audit log enabled. */
export const gatehouse: Contestant = {
  label: 'Gatehouse',
  verifies: true,
  missing: () => undefined,
  version: () => Promise.resolve(`node ${process.version}`),
  start: (bed, tls) => startGatehouse(bed, (upstream) => ({ 'policy.yaml': ordersPolicy(upstream) }), tls),
};

/** Files of a configuration that name issuers, identities and services; `server` and `audit` are added. */
export type PolicyFiles = (upstream: string) => Readonly<Record<string, string>>;

/** Starts a gateway whose origin is the listener of the authorizer. */
export async function startAuthorizer(bed: Bed): Promise<RunningServer> {
  const port = await freePort();
  const listen = `  authorizer: { listen: 127.0.0.1:${port} }\n`;
  const server = await startGatehouse(
    bed,
    (upstream) => ({ 'policy.yaml': ordersPolicy(upstream) }),
    undefined,
    listen,
  );
  return { ...server, origin: `http://127.0.0.1:${port}` };
}

/** Starts a gateway with another policy; `more`: further keys of `server`, as YAML lines. */
export async function startGatehouse(
  { folder: parent, cores, upstream, credentials }: Bed,
  policy: PolicyFiles,
  tls?: TlsFiles,
  more = '',
): Promise<RunningServer & { readonly adminOrigin: string }> {
  const folder = await mkdtemp(join(parent, 'gatehouse-'));
  const config = join(folder, 'config');
  const [port, adminPort] = [await freePort(), await freePort()];
  await mkdir(config);
  const files = {
    '00-server.yaml': serverSection(folder, port, adminPort, tls, more),
    ...policy(`${new URL(upstream).origin}/`),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(config, name), text);
  await writeFile(join(config, 'jwks.json'), credentials.keySet);
  const adminOrigin = `http://127.0.0.1:${adminPort}`;
  const server = await startServer({
    name: 'gatehouse',
    file: PROGRAM,
    args: ['serve', '--config', config],
    core: cores.server,
    cwd: folder,
    // In the image, it is filled when the image is built.
    env: { NODE_COMPILE_CACHE: join(parent, 'compile-cache') },
    origin: listenerUrl(port, tls),
    ready: { url: `${adminOrigin}/readyz`, ...bearer('unused') },
  });
  return { ...server, adminOrigin, settle: () => emptyTrail(join(folder, 'audit.log')) };
}

/** A minute of full load writes gigabytes. The file is open for appending, so it can be truncated. */
async function emptyTrail(trail: string): Promise<void> {
  const deadline = performance.now() + TRAIL_DEADLINE;
  while ((await stat(trail)).size === 0) {
    if (performance.now() > deadline) throw new Error('Gatehouse wrote no audit log; the round is not valid');
    await delay(20);
  }
  await truncate(trail);
}

function serverSection(
  folder: string,
  port: number,
  adminPort: number,
  tls: TlsFiles | undefined,
  more: string,
): string {
  const files = tls && `  tls: { certFile: ${tls.certFile}, keyFile: ${tls.keyFile} }\n`;
  return `version: 1
server:
  listen: 127.0.0.1:${port}
  publicUrl: ${AUDIENCE}
  admin: { listen: 127.0.0.1:${adminPort} }
  limits: { connectionsPerAddress: 10000, keepAlive: 5m, drainDelay: 0s }
${more}${files ?? ''}audit: { file: ${join(folder, 'audit.log')} }
`;
}

function ordersPolicy(upstream: string): string {
  return `version: 1
issuers:
  gitlab:
    type: gitlab
    issuer: ${ISSUER}
    audiences: [${AUDIENCE}]
    jwksFile: jwks.json
identities:
  payments-release:
    issuer: gitlab
    match:
      project_id: "20"
      ref: { glob: "release/*" }
      ref_protected: "true"
    roles: [orders-client]
roles:
  orders-client:
    - { service: orders, scopes: [read_api, write_api], resources: ["/v1/**"] }
services:
  orders:
    type: http
    path: /api/
    upstream: { url: "${upstream}" }
    identityHeaders: { X-Project: "{claims.project_path}" }
`;
}
