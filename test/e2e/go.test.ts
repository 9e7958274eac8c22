/** The real `go` through the gateway to a module tree over TLS, configured as in docs/guides/packages.md. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { curl } from '../support/curl.ts';
import { snippet } from '../support/docs.ts';
import { eventually } from '../support/eventually.ts';
import { startFileTree, type FileTree } from '../support/file-tree.ts';
import { moduleFiles, writeModules } from '../support/go-modules.ts';
import { needs } from '../support/needs.ts';
import { run, type Outcome } from '../support/run.ts';
import { startFeed, type FeedCredential, type FeedScenario } from '../support/scenario/feed.ts';
import { expectDocumented } from '../support/refusals-page.ts';
import { findTool } from '../support/tools.ts';

const DATABASE = 'sum.example.com';
const LIB = { path: 'example.com/acme/lib', version: 'v1.0.0', hello: 'hello from acme' };
const CAPITALS = { path: 'example.com/Acme/Lib', version: 'v1.0.0', hello: 'capitals' };
const OTHER = { path: 'example.com/other/lib', version: 'v1.0.0', hello: 'not for everybody' };

needs('curl', 'go', 'nginx', 'openssl').describe('go', () => {
  const { test } = needs();
  let tree: FileTree;
  let feed: FeedScenario;
  let sumdb: string;

  beforeAll(async () => {
    tree = await startFileTree();
    sumdb = writeModules(tree.folder, DATABASE, [LIB, CAPITALS, OTHER]);
    feed = await startFeed({
      type: 'go',
      upstreamPort: tree.port,
      resources: ['example.com/acme/**', 'example.com/Acme/*'],
    });
  });
  afterAll(async () => {
    await feed.close();
    await tree.close();
  });

  /** A project with a separate home folder and an empty module cache. */
  function createProject(
    credential: FeedCredential | undefined,
    options: { readonly sumdb?: 'off'; readonly nextProxy?: string } = {},
  ) {
    const folder = join(feed.folder, 'project');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    writeFileSync(join(folder, 'go.mod'), 'module example.com/acme/app\n\ngo 1.19\n');
    const documented = (name: string): string =>
      snippet('docs/guides/packages.md', 'Go', name).replaceAll('gateway.example.com', feed.host);
    const netrc = documented('.netrc')
      .replace('gitlab-ci-token', credential?.username ?? '')
      // Old versions look up the host without its port, new ones with it.
      .replace(/^machine.*$/m, (line) => `${line}\n${line.replace(/:\d+/, '')}`);
    const environment = documented('environment').replace(/(?<=GOPROXY=.*)$/m, options.nextProxy ?? '');
    const script = [...(credential === undefined ? [] : [netrc]), environment, 'exec go "$@"'].join('\n');
    const env = {
      // Debian installs gofmt next to go; other systems use a separate folder.
      PATH: `${process.env['PATH']}:${join(findTool('go') ?? '', '..')}`,
      HOME: folder,
      GOPATH: join(folder, 'gopath'),
      GOCACHE: join(feed.folder, 'gocache'),
      GOFLAGS: '-modcacherw',
      GOTOOLCHAIN: 'local',
      GOSUMDB: options.sumdb ?? sumdb,
      SSL_CERT_FILE: feed.caFile,
      CI_JOB_TOKEN: credential?.secret ?? '',
    };
    return {
      folder,
      go: (...args: readonly string[]): Promise<Outcome> =>
        run('bash', ['--norc', '-euc', script, 'go', ...args], { cwd: folder, env }),
    };
  }

  for (const kind of ['id token', 'job token', 'deploy token'] as const) {
    test(`downloads a module with ${kind}`, async () => {
      const { go } = createProject(feed.credentials[kind]);
      const done = await go('mod', 'download', '-json', `${LIB.path}@${LIB.version}`);
      expect(done).toExitWith(0);
      expect(JSON.parse(done.stdout)).toMatchObject({
        Path: LIB.path,
        Version: LIB.version,
        Sum: expect.stringMatching(/^h1:/),
      });
    });
  }

  test('downloads the latest version, verifies it with the checksum database and runs it, all through the gateway', async () => {
    const project = createProject(feed.credentials['job token']);
    writeFileSync(
      join(project.folder, 'main.go'),
      `package main\n\nimport "${LIB.path}"\n\nfunc main() { println(lib.Hello()) }\n`,
    );
    // go also requests example.com/acme and example.com; the refusal of the latter has no effect.
    const got = await project.go('get', LIB.path);
    expect(got).toExitWith(0);
    const ran = await project.go('run', '.');
    expect(ran.stderr).toContain(LIB.hello);
    expect(readFileSync(join(project.folder, 'go.sum'), 'utf8')).toContain(`${LIB.path} ${LIB.version} h1:`);
    const log = tree.log();
    for (const path of [
      `${LIB.path}/@v/${LIB.version}.zip`,
      `sumdb/${DATABASE}/lookup/${LIB.path}@${LIB.version}`,
    ])
      expect(log).toContain(`GET /${path} 200`);
    expect(feed.sent()).toContain(`GET /sumdb/${DATABASE}/tile/8/0/000.p/3 HTTP/1.1`);
  }, 120_000);

  test('capital letters are escaped in requests and plain in the policy', async () => {
    const { go } = createProject(feed.credentials['id token']);
    const done = await go('mod', 'download', '-json', `${CAPITALS.path}@${CAPITALS.version}`);
    expect(done).toExitWith(0);
    expect(tree.log()).toContain('GET /example.com/!acme/!lib/@v/v1.0.0.zip 200');
  });

  test('a denied request explains the reason, and go uses no other proxy', async () => {
    const next = { sumdb: 'off', nextProxy: `,https://${feed.host}/next` } as const;
    const { go } = createProject(feed.credentials['job token'], next);
    const denied = await go('mod', 'download', `${OTHER.path}@${OTHER.version}`);
    expect(denied).not.toExitWith(0);
    expect(denied.stderr).toContain('403 Forbidden');
    expect(denied.stderr).toContain('resource_not_granted');
    expectDocumented('Go', 'go mod download', denied);
    // A missing module is requested from the next proxy, as intended.
    expect(await go('mod', 'download', 'example.com/acme/none@v1.0.0')).not.toExitWith(0);
    await eventually('a request to the next proxy', () =>
      feed.gateway.auditText().includes('"path":"/next/example.com/acme/none/'),
    );
    expect(feed.gateway.auditText().includes('/next/example.com/other')).toBe(false);
  });

  test('a request without a credential is refused with a hint to send one', async () => {
    const { go } = createProject(undefined, { sumdb: 'off' });
    const refused = await go('mod', 'download', `${LIB.path}@${LIB.version}`);
    expect(refused).not.toExitWith(0);
    expect(refused.stderr).toContain('no_credential');
    const { status, headers } = await curl(
      '--cacert',
      feed.caFile,
      `https://${feed.host}/go/${LIB.path}/@v/list`,
    );
    expect({ status, challenge: headers.get('www-authenticate') }).toEqual({
      status: 401,
      challenge: `Basic realm="${feed.host}"`,
    });
  });

  test('a caller with write access uploads to the tree', async () => {
    const module = { path: 'example.com/acme/new', version: 'v0.1.0', hello: 'new' };
    const put = (credential: FeedCredential, path: string, name: string) => {
      const file = join(feed.folder, 'upload');
      writeFileSync(file, moduleFiles(module)[name] ?? '');
      const user = `${credential.username}:${credential.secret}`;
      return curl(
        '--cacert',
        feed.caFile,
        '-u',
        user,
        '-T',
        file,
        `https://${feed.host}/go/${path}/@v/${name}`,
      );
    };
    for (const name of Object.keys(moduleFiles(module)))
      expect((await put(feed.credentials['job token'], module.path, name)).status).toBe(201);
    const { go } = createProject(feed.credentials['deploy token'], { sumdb: 'off' });
    const done = await go('mod', 'download', '-json', `${module.path}@latest`);
    expect(done).toExitWith(0);

    const reader = await put(feed.credentials['deploy token'], module.path, 'list');
    expect(reader).toMatchObject({ status: 403, body: expect.stringContaining('scope_not_granted') });
    const elsewhere = await put(feed.credentials['job token'], OTHER.path, 'list');
    expect(elsewhere).toMatchObject({ status: 403, body: expect.stringContaining('resource_not_granted') });
  });

  test('no client credential reaches the proxy', () => feed.expectNoCredentialSent());
});
