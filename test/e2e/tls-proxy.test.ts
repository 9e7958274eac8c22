/** npm behind a proxy that terminates TLS: every URL that the gateway writes has https. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../support/certificates.ts';
import { cleanUp } from '../support/clean-up.ts';
import { freePort } from '../support/free-port.ts';
import { startIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { npmEnvironment } from '../support/npm-environment.ts';
import { run, type Outcome } from '../support/run.ts';
import { startScenario } from '../support/scenario.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { startTlsProxy, TLS_PROXIES } from '../support/tls-proxy.ts';
import { useStarted } from '../support/use-started.ts';
import { startVerdaccio } from '../support/verdaccio.ts';

const keep = cleanUp();

needs('nginx', 'haproxy', 'openssl').describe('a proxy that terminates TLS', () => {
  const { path: folder, close } = temporaryFolder('tls-proxy-test');
  const caFile = join(folder, 'ca.crt');
  const issuer = useStarted(() => startIssuer());
  const verdaccio = useStarted(() => startVerdaccio());
  let pair: { readonly cert: string; readonly key: string };

  beforeAll(() => {
    const authority = createAuthority('proxy test');
    pair = authority.issue('IP:127.0.0.1');
    writeFileSync(caFile, authority.certificate);
  });
  afterAll(close);

  async function start(proxy: (typeof TLS_PROXIES)[number], forwards: boolean): Promise<string> {
    const port = await freePort();
    const { gateway } = await startScenario({
      backends: { issuer, verdaccio },
      config: () => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: npm, scopes: [read_package_registry, write_package_registry], resources: ["**"] }]
services:
  npm:
    type: npm
    path: /npm/
    upstream: { url: "${verdaccio.url}/", auth: { basic: { username: ${verdaccio.username}, password: ${verdaccio.password} } } }
`,
      server: {
        publicUrl: `https://127.0.0.1:${port}`,
        more: forwards ? ['trustedProxies: [127.0.0.1]'] : [],
      },
    });
    keep(await startTlsProxy(proxy, { port, to: gateway.port, ...pair, forwards }));
    return `127.0.0.1:${port}`;
  }

  function npm(place: string, host: string, token: string, ...args: readonly string[]): Promise<Outcome> {
    const home = join(folder, place);
    writeFileSync(
      join(home, '.npmrc'),
      `registry=https://${host}/npm/\n//${host}/npm/:_authToken=${token}\n`,
    );
    return run('npm', args, { cwd: home, env: npmEnvironment(home, caFile) });
  }

  function project(place: string, manifest: object): void {
    mkdirSync(join(folder, place));
    writeFileSync(join(folder, place, 'package.json'), JSON.stringify(manifest));
  }

  describe.each(TLS_PROXIES)('%s', (proxy) => {
    test.each([
      ['with X-Forwarded-Proto', true],
      ['without it', false],
    ] as const)('%s: npm publishes and installs', async (how, forwards) => {
      const host = await start(proxy, forwards);
      const token = issuer.mint({ aud: `https://${host}` });
      const name = `@acme/${proxy}-${forwards ? 'with' : 'without'}`;
      const [from, to] = [`${name.slice(6)}-from`, `${name.slice(6)}-to`];
      project(from, { name, version: '1.0.0' });
      expect(await npm(from, host, token, 'publish'), how).toExitWith(0);
      project(to, { name: 'app', version: '1.0.0', dependencies: { [name]: '1.0.0' } });
      expect(await npm(to, host, token, 'install')).toExitWith(0);
      const lock = readFileSync(join(folder, to, 'package-lock.json'), 'utf8');
      expect(lock).toContain(`"resolved": "https://${host}/npm/${name}/-/`);
      const { stdout } = await npm(to, host, token, 'view', name, 'dist.tarball');
      expect(stdout.trim()).toMatch(`https://${host}/npm/${name}/-/`);
    });
  });
});
