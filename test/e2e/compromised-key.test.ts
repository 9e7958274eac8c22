/** Runs the commands of the runbook for a compromised signing key, as written except for ports. */
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { commands } from '../support/docs.ts';
import { eventually } from '../support/eventually.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { ROOT } from '../support/repository.ts';
import { run } from '../support/run.ts';
import { startProcessScenario } from '../support/scenario/process.ts';

const NAME = 'ci@workload.example.com';
const [createKey = '', useKey = '', verifyKey = '', removeKey = ''] = commands(
  'docs/operations/runbook.md',
  'A compromised signing key',
);

async function login({ url }: GatewayProcess, issuer: TestIssuer): Promise<string> {
  const response = await fetch(`${url}/v1/auth:exchangeToken`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token: issuer.mint({ project_id: '20' }), email: NAME }),
  });
  return ((await response.json()) as { accessToken: string }).accessToken;
}

async function use({ url }: GatewayProcess, token: string): Promise<number> {
  return (await fetch(`${url}/orders/x`, { headers: { Authorization: `Bearer ${token}` } })).status;
}

async function kidOf({ adminUrl }: GatewayProcess): Promise<string> {
  const status = (await (await fetch(`${adminUrl}/status`)).json()) as { signingKey: { kid: string } };
  return status.signingKey.kid;
}

needs('curl', 'jq', 'openssl', 'sqlite3').test(
  'a generated key: its tokens are refused from the reload on, and the state no longer contains it',
  async () => {
    const { gateway, issuer, folder, file, another } = await startProcessScenario({
      backends: {
        issuer: () => startIssuer(),
        upstream: () => startHttpUpstream((_req, res) => void res.end('ok')),
      },
      config: ({ issuer: { url }, upstream }) => `state: { sqlite: { file: gatehouse.db } }
issuers: { gitlab: { type: gitlab, issuer: "${url}" } }
identities:
  ci: { issuer: gitlab, match: { project_id: "20" }, grants: [{ service: orders, scopes: [read_api], resources: ["**"] }] }
workloadIdentities: { ${NAME}: { identity: ci } }
services: { orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } } }
`,
    });
    mkdirSync(join(folder, 'bin'));
    symlinkSync(join(ROOT, 'bin/gatehouse'), join(folder, 'bin/gatehouse'));
    const shell = (script: string) => {
      const adapted = script
        .replaceAll('http://127.0.0.1:9090', gateway.adminUrl)
        .replaceAll('http://127.0.0.1:8080', gateway.url);
      const PATH = `${dirname(process.execPath)}:${process.env['PATH']}`;
      return run('bash', ['--norc', '-euo', 'pipefail', '-c', adapted], { cwd: folder, env: { PATH } });
    };
    const forged = await login(gateway, issuer);
    const compromised = await kidOf(gateway);
    expect(await use(gateway, forged)).toBe(200);
    const before = readFileSync(file, 'utf8');

    expect(await shell(createKey)).toExitWith(0);
    expect(await shell(useKey)).toMatchObject({
      stdout: expect.stringMatching(/^ok: /m),
      stderr: '',
      code: 0,
    });
    const kid = await eventually('the new key signs', async () => {
      const found = await kidOf(gateway);
      return found !== compromised && found;
    });
    expect(await shell(verifyKey)).toEqual({ code: 0, stdout: `${kid}\n${kid}\n`, stderr: '' });
    expect(await use(gateway, forged)).toBe(401);
    expect(await use(gateway, await login(gateway, issuer))).toBe(200);

    await gateway.signal('SIGTERM');
    expect(await shell(removeKey)).toExitWith(0);
    // Without signing.keys the gateway would use the generated key again.
    writeFileSync(file, before);
    rmSync(join(folder, 'signing-new.pem'));
    const next = await another();
    await eventually('a key is generated', async () => (await kidOf(next)) !== undefined);
    expect([compromised, kid]).not.toContain(await kidOf(next));
    expect(await use(next, forged)).toBe(401);
  },
);
