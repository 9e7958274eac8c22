/**
 * Which modules a command loads: most of the CPU time of a short command, and most of the memory of an idle gateway,
 * belongs to them.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import { closingRequest, rawResponse } from '../support/raw-client.ts';
import { ROOT } from '../support/repository.ts';
import { run } from '../support/run.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-modules-'));
  // Prints each file that is loaded to stderr, and at SIGUSR2 the modules of Node.
  writeFileSync(
    join(folder, 'print.mjs'),
    `import { registerHooks } from 'node:module';
import { isMainThread } from 'node:worker_threads';
const load = (url, context, next) => { console.error('loaded ' + url); return next(url, context); };
if (isMainThread || process.env.PRINT_ALL_THREADS === 'true') registerHooks({ load });
if (isMainThread) {
  process.on('SIGUSR2', () => console.error(process.moduleLoadList.join('\\n') + '\\nend of modules'));
}`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function loadedBy(...args: readonly string[]): Promise<readonly string[]> {
  const main = join(ROOT, 'src/main.ts');
  const { code, stdout, stderr } = await run(process.execPath, [
    '--import',
    join(folder, 'print.mjs'),
    main,
    ...args,
  ]);
  expect({ code, stdout, stderr }).toExitWith(0);
  return sourcesIn(stderr);
}

function sourcesIn(stderr: string): readonly string[] {
  return [...stderr.matchAll(/^loaded file:\/\/\S*\/(src\/\S+[.]ts)$/gm)].map(([, file]) => file ?? '');
}

/** Names of the packages, nested ones included. */
function packagesIn(stderr: string): ReadonlySet<string> {
  const files = stderr.matchAll(/^loaded file:\/\/\S*\/node_modules\/((?:@[^/\s]+\/)?[^/\s]+)/gm);
  return new Set([...files].map(([, name]) => name ?? ''));
}

test.each([
  ['check', ['check', '--config', join(ROOT, 'config/minimal.yaml')]],
  ['health, which the image runs every few seconds', ['health', '--help']],
  ['version', ['version']],
])('%s does not load the gateway', async (_name, args) => {
  const loaded = await loadedBy(...args);
  expect(loaded).toContain('src/cli/index.ts');
  expect(loaded.filter((file) => /^src\/(admin|app|gateway|protocols|proxy)\//.test(file))).toEqual([]);
});

async function publicKey(): Promise<object> {
  const { publicKey: key } = await generateKeyPair('RS256');
  return { ...(await exportJWK(key)), kid: 'a', alg: 'RS256', use: 'sig' };
}

type OneRequest = (gateway: GatewayProcess) => Promise<{ readonly status: number }>;

/** Returns the output on stderr of a process that responds to one request, by default for a path of the admin listener. */
async function startTo(
  request: string | OneRequest = '/readyz',
  server = 'reusePort: false',
  more = '',
  threads: 'loaded by the main thread' | 'loaded anywhere' = 'loaded by the main thread',
): Promise<string> {
  const file = join(folder, 'gatehouse.yaml');
  writeFileSync(join(folder, 'jwks.json'), JSON.stringify({ keys: [await publicKey()] }));
  writeFileSync(
    file,
    `version: 1
server: { listen: '127.0.0.1:0', publicUrl: https://gateway.example.com, admin: { listen: '127.0.0.1:0' }, ${server} }
issuers: { gitlab: { type: gitlab, issuer: https://gitlab.example.com, jwksFile: jwks.json } }
identities:
  payments: { issuer: gitlab, match: { project_id: '20' }, grants: [{ service: orders, scopes: [read_api], resources: ['**'] }] }
services: { orders: { type: http, path: /orders/, upstream: { url: 'http://127.0.0.1:9/' } }${more} }
`,
  );
  const gateway = await startGatewayProcess(file, {
    NODE_OPTIONS: `--import=${join(folder, 'print.mjs')}`,
    PRINT_ALL_THREADS: String(threads === 'loaded anywhere'),
  });
  try {
    const { status } = await (typeof request === 'string'
      ? fetch(`${gateway.adminUrl}${request}`)
      : request(gateway));
    expect(status).toBe(200);
    process.kill(gateway.pid, 'SIGUSR2');
    await eventually('the list of modules', () => gateway.output().stderr.includes('end of modules'));
    return gateway.output().stderr;
  } finally {
    await gateway.close();
  }
}

/** The packages of a gateway with one issuer, whose keys are in a file, and one `http` service. */
const NEEDED = ['jose', 'lru-cache', 'prom-client'];
/** Packages that prom-client loads. */
const OF_METRICS = ['@opentelemetry/api', 'bintrees', 'tdigest'];

test('a gateway loads no package that its configuration does not use', async () => {
  const output = await startTo();
  const loaded = [...packagesIn(output)];
  expect(output).not.toContain('/jose/dist/webapi/index.js');
  expect(loaded).toEqual(expect.arrayContaining(NEEDED));
  expect(loaded.filter((name) => ![...NEEDED, ...OF_METRICS].includes(name))).toEqual([]);
});

test('a gateway loads the protocols of its service types only', async () => {
  const protocols = (output: string): readonly string[] =>
    sourcesIn(output).filter((file) =>
      /^src\/protocols\/(?!http\/|index|shared\/|token-routes\/)/.test(file),
    );
  // Shared by the endpoints of all registries.
  const shared = ['npm/package-name', 'oci/names', 'oci/registry-root', 'oci/scope'];
  const always = shared.map((name) => `src/protocols/${name}.ts`);
  expect(protocols(await startTo()).toSorted()).toEqual(always);
  const gems = ", gems: { type: rubygems, path: /gems/, upstream: { url: 'http://127.0.0.1:9/' } }";
  const withGems = protocols(await startTo('/readyz', undefined, gems));
  expect(withGems).toContain('src/protocols/rubygems/rubygems.ts');
  expect(withGems.filter((file) => !always.includes(file) && !file.includes('/rubygems/'))).toEqual([]);
});

test('the YAML parser is loaded for files that the simple reader does not read', async () => {
  const parser = '/node_modules/yaml/';
  expect(await startTo('/readyz', undefined, '', 'loaded anywhere')).not.toContain(parser);
  const anchor = ", other: &other { type: http, path: /other/, upstream: { url: 'http://127.0.0.1:9/' } }";
  expect(await startTo('/readyz', undefined, anchor, 'loaded anywhere')).toContain(parser);
});

const undici = 'NativeModule internal/deps/undici/undici';

test('a gateway loads the Fetch API and Hono at the first request that needs them', async () => {
  for (const path of ['/livez', '/readyz', '/metrics', '/status']) {
    const output = await startTo(path);
    expect(output).toContain('NativeModule _http_server\n');
    expect(output).not.toContain(undici);
    expect([...packagesIn(output)].filter((name) => /hono/.test(name))).toEqual([]);
  }
  const output = await startTo('/revocations');
  expect(output).toContain(undici);
  expect([...packagesIn(output)]).toContain('hono');
});

test('the built-in endpoints load neither the Fetch API nor Hono', async () => {
  const output = await startTo(({ port }) => rawResponse(port, closingRequest('GET /.well-known/jwks.json')));
  expect(output).toContain('NativeModule _http_server\n');
  expect(output).not.toContain(undici);
  expect([...packagesIn(output)].filter((name) => /hono/.test(name))).toEqual([]);
});

test('the schema, YAML and the rules stay out of the thread that serves requests', async () => {
  const loaded = sourcesIn(await startTo());
  expect(loaded).toContain('src/config/serving.ts');
  expect(loaded.filter((file) => /^src\/config\/(schema|rules|reference|policy-tests)\//.test(file))).toEqual(
    [],
  );
});

test('a gateway loads no module that only other commands use', async () => {
  const loaded = sourcesIn(await startTo());
  expect(loaded).toContain('src/cli/serve.ts');
  expect(loaded).not.toContain('src/app/tools.ts');
  expect(loaded.filter((file) => /^src\/(cli\/\w+|policy\/tools\/diff)\//.test(file))).toEqual([]);
});

test('the first request for the console loads its modules', async () => {
  const consoleModules = (stderr: string): readonly string[] =>
    sourcesIn(stderr).filter((file) => file.startsWith('src/admin/console/'));
  expect(consoleModules(await startTo())).toEqual([]);
  expect(consoleModules(await startTo('/console/'))).toContain('src/admin/console/pages/index.ts');
});

test('the authorizer is loaded only if it is configured', async () => {
  const isOfAuthorizer = (file: string): boolean =>
    /^src\/(app\/)?authorizer\/(?!authorizer-listener)/.test(file);
  expect(sourcesIn(await startTo()).filter(isOfAuthorizer)).toEqual([]);
  const authorizer = "authorizer: { listen: '127.0.0.1:0' }";
  expect(sourcesIn(await startTo('/readyz', authorizer)).filter(isOfAuthorizer)).not.toEqual([]);
});

test('the signer of AWS requests is loaded at the first token', async () => {
  writeFileSync(join(folder, 'identity'), 'eyJ.a.b', { mode: 0o600 });
  const aws = `region: eu-central-1, roleArn: 'arn:aws:iam::123456789012:role/g', webIdentityTokenFile: identity, service: ecr`;
  const images = `, images: { type: oci, hosts: [images.example.com], upstream: { url: 'http://127.0.0.1:9/', auth: { aws: { ${aws} } } } }`;
  const output = await startTo('/readyz', undefined, images);
  expect(sourcesIn(output)).toContain('src/proxy/upstream-credentials/aws/aws-token.ts');
  expect([...packagesIn(output)].filter((name) => name.startsWith('@smithy/'))).toEqual([]);
});
