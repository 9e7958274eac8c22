/** Terraform's HTTP backend, with locks, through a service of type `generic`. */
import { hash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { snippet } from '../support/docs.ts';
import { eventually } from '../support/eventually.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { rawRequest } from '../support/raw-client.ts';
import type { Outcome } from '../support/run.ts';
import { useScenario } from '../support/scenario.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { needsTerraform, terraform } from '../support/terraform.ts';

const SECRETS = { writer: `ghdt_writer_${'7'.repeat(64)}`, reader: `ghdt_reader_${'8'.repeat(64)}` } as const;
const AUTHORIZATION = `Basic ${Buffer.from('gatehouse:canary-state').toString('base64')}`;

/** The state backend of Terraform's documentation: state by address, one lock for each. */
async function startStateServer(): Promise<{
  readonly url: string;
  readonly requests: string[];
  readonly states: Map<string, string>;
  readonly locks: Map<string, string>;
  close(): Promise<void>;
}> {
  const requests: string[] = [];
  const states = new Map<string, string>();
  const locks = new Map<string, string>();

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const address = new URL(req.url ?? '', 'http://state').pathname;
    requests.push(`${req.method} ${address}`);
    if (req.headers.authorization !== AUTHORIZATION) return void res.writeHead(401).end();
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    switch (req.method) {
      case 'GET': {
        const state = states.get(address);
        return void (state === undefined ? res.writeHead(404).end() : res.end(state));
      }
      case 'POST':
        states.set(address, body);
        return void res.end();
      case 'LOCK': {
        const holder = locks.get(address);
        if (holder !== undefined) return void res.writeHead(423).end(holder);
        locks.set(address, body);
        return void (address.endsWith('/quiet') ? res.writeHead(204).end() : res.end());
      }
      case 'UNLOCK':
        locks.delete(address);
        return void (address.endsWith('/quiet') ? res.writeHead(204).end() : res.end());
      default:
        return void res.writeHead(405).end();
    }
  }

  const upstream = await startHttpUpstream((req, res) => void serve(req, res), createServer());
  return { url: upstream.url, requests, states, locks, close: () => upstream.close() };
}

const { path: folder, close } = temporaryFolder('terraform');
afterAll(close);

const token = (name: keyof typeof SECRETS, scopes: string): string => `
  ${name}:
    username: ${name}
    expires: 2099-01-01
    secretHash: "sha256:${hash('sha256', SECRETS[name])}"
    grants: [{ service: states, scopes: [${scopes}], resources: ["acme/*"] }]`;

const scenario = useScenario({
  backends: { server: startStateServer },
  config: ({ server }) => `
deployTokens:${token('writer', 'read_package_registry, write_package_registry')}${token('reader', 'read_package_registry')}
services:
  states:
    type: generic
    path: /states/
    upstream: { url: "${server.url}/", auth: { basic: { username: gatehouse, password: canary-state } } }
`,
});

async function run(name: keyof typeof SECRETS, state: string, ...args: readonly string[]): Promise<Outcome> {
  const work = join(folder, `${name}-${state.replaceAll('/', '-')}`);
  mkdirSync(work, { recursive: true });
  const backend = snippet('docs/guides/packages.md', 'Terraform state', 'backend.tf').replaceAll(
    'https://gateway.example.com/states/acme/prod',
    `${scenario.gateway.url}/states/${state}`,
  );
  writeFileSync(join(work, 'main.tf'), `${backend}output "answer" { value = 42 }\n`);
  const env = { TF_HTTP_USERNAME: name, TF_HTTP_PASSWORD: SECRETS[name], CHECKPOINT_DISABLE: '1' };
  const initialized = await terraform(work, env, 'init', '-no-color');
  return initialized.code === 0 ? terraform(work, env, ...args) : initialized;
}

const APPLY = ['apply', '-auto-approve', '-no-color'] as const;

needsTerraform.test(
  'apply locks the state, writes it and unlocks it',
  async () => {
    const applied = await run('writer', 'acme/prod', ...APPLY);
    expect(applied).toExitWith(0);
    expect(scenario.server.states.get('/acme/prod')).toContain('"answer"');
    const changes = scenario.server.requests.filter((line) => !line.startsWith('GET'));
    expect(changes).toEqual(['LOCK /acme/prod', 'POST /acme/prod', 'UNLOCK /acme/prod']);
    expect(scenario.server.locks.size).toBe(0);
  },
  60_000,
);

needsTerraform.test(
  'the holder of a lock is shown, and a reader cannot lock',
  async () => {
    scenario.server.locks.set(
      '/acme/held',
      JSON.stringify({ ID: 'lock-1', Who: 'ana@laptop', Operation: 'Apply' }),
    );
    const held = await run('writer', 'acme/held', ...APPLY);
    expect(held).not.toExitWith(0);
    expect(held.stdout + held.stderr).toContain('ana@laptop');
    const refused = await run('reader', 'acme/prod', ...APPLY);
    expect(refused).not.toExitWith(0);
    expect(scenario.server.locks.has('/acme/prod')).toBe(false);
    await eventually('the audit event of the refused lock', () =>
      scenario.gateway.auditText().includes('"reason":"scope_not_granted"'),
    );
  },
  60_000,
);

test.each(['LOCK', 'UNLOCK'])(
  'a 204 response to %s is relayed, and the connection stays usable',
  async (method) => {
    const basic = Buffer.from(`writer:${SECRETS.writer}`).toString('base64');
    const body = '{"ID":"lock-1"}';
    const request = `${method} /states/acme/quiet HTTP/1.1\r\nHost: gateway.example.com\r\nAuthorization: Basic ${basic}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const answers = await rawRequest(scenario.gateway.port, request + request.replaceAll(method, 'UNLOCK'));
    expect(answers.map(({ status, body: sent }) => [status, sent])).toEqual([
      [204, ''],
      [204, ''],
    ]);
    expect(answers[0]?.headers.has('content-length')).toBe(false);
    expect(answers[0]?.headers.has('transfer-encoding')).toBe(false);
  },
);
