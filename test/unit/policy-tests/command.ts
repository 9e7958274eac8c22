/** `gatehouse test` in this process, on files in a scratch folder. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { commandLine, type CommandOutcome } from '../../support/command-line.ts';

/** A folder with these files; it is removed after the test. */
export function scratchFolder(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-policy-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

export function testCommandLine(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandOutcome> {
  return commandLine(['test', ...args], { env });
}

/** Runs one test file against one configuration. */
export function runOn(config: string, tests: string, ...options: readonly string[]): Promise<CommandOutcome> {
  const folder = scratchFolder({ 'gatehouse.yaml': config, 'gatehouse.test.yaml': tests });
  return testCommandLine(['--config', join(folder, 'gatehouse.yaml'), ...options]).then((outcome) => ({
    ...outcome,
    stdout: outcome.stdout.replaceAll(`${folder}/`, ''),
    stderr: outcome.stderr.replaceAll(`${folder}/`, ''),
  }));
}

/** A registry and an npm service with every kind of rule. */
export const POLICY = `version: 1
issuers:
  gitlab: { type: gitlab, issuer: https://gitlab.example.com, audiences: [gw], jobTokens: { cache: 30s } }
  other: { type: gitlab, issuer: https://other.example.com, audiences: [gw] }
identities:
  payments:
    issuer: gitlab
    via: [id_token, job_token]
    match: { project_id: '20' }
    roles: [publisher]
    grants:
      - { service: npm, scopes: [write_package_registry], resources: ['@acme/*'] }
      - { service: git, scopes: [read_repository], resources: ['{claims.project_path}'] }
roles:
  publisher:
    - { service: registry, scopes: [read_registry, write_registry], resources: ['{claims.project_path}/**'] }
    - { service: registry, scopes: [read_registry], resources: ['acme/base/**'] }
jobTokenAllowlist:
  acme/base: [acme/website, acme/payments]
deployTokens:
  edge:
    username: edge
    secretHash: 'sha256:6cbbb62cb726ca0cdff1526450025845eeaf6c0284ad0dc4a4085b70276e6df9'
    expires: 2099-12-31
    grants: [{ service: registry, scopes: [read_registry], resources: ['acme/**'] }]
services:
  registry:
    type: oci
    hosts: [registry.example.com]
    issuers: [gitlab]
    upstream: { url: http://127.0.0.1:1 }
    anonymous: [{ scopes: [read_registry], resources: ['public/**'] }]
  git: { type: git, path: /git/, upstream: { url: http://127.0.0.1:1/ } }
  npm: { type: npm, path: /npm/, mode: shadow, upstream: { url: http://127.0.0.1:1/ } }
`;

/** A test file with these credentials and one test per entry. */
export function testFile(...tests: readonly string[]): string {
  return `version: 1
credentials:
  job: { issuer: gitlab, claims: { project_id: '20', project_path: acme/payments } }
  job-token: { extends: job, class: job_token }
  fork: { extends: job, claims: { project_id: '99' } }
  stranger: { extends: job, issuer: other }
  pull: { exchanged: job, scopes: [read_registry] }
  wide: { exchanged: fork, scopes: [read_registry] }
  edge: { deployToken: edge }
tests:
${tests.map((test, index) => `  - { name: t${index}, ${test} }\n`).join('')}`;
}
