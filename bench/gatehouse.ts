import { mkdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { TARGET, bearer } from './contestant.ts';
import type { Contestant } from './contestant.ts';
import { freePort, startServer } from './server-process.ts';
import { AUDIENCE, ISSUER } from './token.ts';

const MAIN = resolve(import.meta.dirname, '../src/main.ts');

/** The default settings: policy, metrics and audit log enabled. */
export const gatehouse: Contestant = {
  label: 'Gatehouse',
  verifies: true,
  version: () => Promise.resolve(`node ${process.version}`),
  start: async ({ folder: bed, core, upstream, credentials }) => {
    const folder = join(bed, 'gatehouse');
    const [port, adminPort] = [await freePort(), await freePort()];
    await mkdir(folder);
    await writeFile(join(folder, 'jwks.json'), credentials.keySet);
    const config = join(folder, 'gatehouse.yaml');
    await writeFile(config, configuration(port, adminPort, upstream));
    return startServer({
      name: 'gatehouse',
      file: process.execPath,
      args: [MAIN, 'serve', '--config', config],
      core,
      cwd: folder,
      url: `http://127.0.0.1:${port}${TARGET}`,
      probe: bearer(credentials.token),
    });
  },
  settle: async ({ folder }) => {
    // A minute of full load writes gigabytes. The file is open for appending, so it can be truncated.
    const trail = join(folder, 'gatehouse', 'audit.log');
    if ((await stat(trail)).size === 0)
      throw new Error('Gatehouse wrote no audit log; the round is not valid');
    await truncate(trail);
  },
};

function configuration(port: number, adminPort: number, upstream: string): string {
  return `version: 1
server:
  listen: 127.0.0.1:${port}
  publicUrl: ${AUDIENCE}
  admin: { listen: 127.0.0.1:${adminPort} }
audit: { file: audit.log }
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
    - { service: orders, scopes: [read_api], resources: ["/v1/**"] }
services:
  orders:
    type: http
    path: /api/
    upstream: { url: "${new URL('/', upstream).href}" }
    identityHeaders: { X-Project: "{claims.project_path}" }
`;
}
