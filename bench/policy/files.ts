import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AUDIENCE, ISSUER } from '../machine/token.ts';

export interface PolicySize {
  readonly identities: number;
  readonly grantsPerIdentity: number;
  readonly deployTokens: number;
}

export interface Ports {
  readonly port: number;
  readonly adminPort: number;
}

/** The limit of a file is 1 MiB. */
const PER_FILE = 1000;

const SERVICES = ['orders', 'billing', 'stock', 'users', 'maps'];

/** Writes a configuration of several files into a folder. `revision` changes the hash of the configuration. */
export async function writePolicy(
  folder: string,
  { identities, grantsPerIdentity, deployTokens }: PolicySize,
  surroundings: Ports & { readonly upstream: string; readonly keySet: string },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'jwks.json'), surroundings.keySet);
  await writeFile(join(folder, '00-gatehouse.yaml'), base(folder, surroundings));
  await writeChunks(folder, 'identities', identities, (index) => identity(index, grantsPerIdentity));
  await writeChunks(folder, 'deployTokens', deployTokens, deployToken);
  await reviseRole(folder, 0);
}

/** Changes one file, so that a reload activates another configuration. */
export async function reviseRole(folder: string, revision: number): Promise<void> {
  const text = `version: 1\nroles:\n  revised:\n    - { service: orders, scopes: [read_api], resources: ["/v1/${revision}/**"] }\n`;
  await writeFile(join(folder, 'roles.yaml'), text);
}

async function writeChunks(
  folder: string,
  section: string,
  count: number,
  entry: (index: number) => string,
): Promise<void> {
  for (let first = 0; first < count; first += PER_FILE) {
    const indexes = Array.from({ length: Math.min(PER_FILE, count - first) }, (_, offset) => first + offset);
    const text = `version: 1\n${section}:\n${indexes.map(entry).join('')}`;
    await writeFile(join(folder, `${section}-${String(first).padStart(6, '0')}.yaml`), text);
  }
}

function base(folder: string, { port, adminPort, upstream }: Ports & { readonly upstream: string }): string {
  const services = SERVICES.map(
    (name) =>
      `  ${name}: { type: http, path: /${name === 'orders' ? 'api' : name}/, upstream: { url: "${new URL('/', upstream).href}" } }\n`,
  );
  return `version: 1
server:
  listen: 127.0.0.1:${port}
  publicUrl: ${AUDIENCE}
  admin: { listen: 127.0.0.1:${adminPort} }
audit: { file: ${join(folder, 'audit.log')} }
state: { sqlite: { file: ${join(folder, 'gatehouse.db')} } }
issuers:
  gitlab: { type: gitlab, issuer: "${ISSUER}", jwksFile: jwks.json }
identities:
  payments-release:
    issuer: gitlab
    match: { project_id: "20", ref: { glob: "release/*" }, ref_type: branch, ref_protected: "true" }
    roles: [revised]
    grants:
      - { service: orders, scopes: [read_api], resources: ["/v1/**"] }
services:
${services.join('')}`;
}

function identity(index: number, grants: number): string {
  const project = 1000 + index;
  const lines = Array.from({ length: grants }, (_, grant) => {
    const service = SERVICES[(index + grant) % SERVICES.length] ?? '';
    return `      - { service: ${service}, scopes: [read_api], resources: ["/v1/p-${project}/${grant}/**"] }\n`;
  });
  return `  project-${project}:
    issuer: gitlab
    match: { project_id: "${project}", ref: { glob: "release/*" }, ref_type: branch, ref_protected: "true" }
    grants:
${lines.join('')}`;
}

function deployToken(index: number): string {
  return `  token-${index}:
    username: robot-${index}
    secretHash: "sha256:${String(index).padStart(64, 'a')}"
    expires: 2099-01-01
    grants:
      - { service: stock, scopes: [read_api], resources: ["/v1/t-${index}/**"] }
`;
}
