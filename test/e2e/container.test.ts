import { chownSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { freePort } from '../support/free-port.ts';
import { runImage, startImage, type Folders, type Image } from '../support/image-process.ts';
import { needing } from '../support/needs.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { MANIFEST, ROOT } from '../support/repository.ts';
import { run } from '../support/run.ts';
import { findTool, missingTools } from '../support/tools.ts';

const keep = cleanUp();
const USER = 65_532;

interface Inspected {
  readonly Docker: {
    readonly config: {
      readonly User: string;
      readonly Env: readonly string[];
      readonly Entrypoint: readonly string[];
      readonly Cmd: readonly string[];
      readonly WorkingDir: string;
      readonly Healthcheck: { readonly Test: readonly string[] };
      readonly Labels: Readonly<Record<string, string>>;
    };
  };
}

const missing =
  missingTools(['buildah', 'ps', 'setpriv', 'unshare']) ??
  (process.getuid?.() === 0 ? undefined : 'mounts need root: sudo npm run test:e2e container');

needing(missing).describe('the image', () => {
  const { test } = needing(undefined);
  let folder: string;
  let config: Inspected['Docker']['config'];
  let image: Image;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-image-'));
    const base = await run(join(ROOT, 'test/container/base-images.sh'), [
      process.execPath,
      findTool('buildah') ?? 'buildah',
      ...storageOf(folder),
    ]);
    expect(base).toExitWith(0);
    const npmrc = await writeNpmrc(folder);
    await buildah(
      folder,
      'build --isolation chroot --format docker --tag localhost/gatehouse ' +
        '--build-arg BUILD_IMAGE=localhost/node --build-arg RUNTIME_IMAGE=localhost/distroless ' +
        `--build-arg VERSION=${MANIFEST.version} --build-arg REVISION=0123abcd --secret id=npmrc,src=${npmrc} .`,
    );
    const inspected = await buildah(folder, 'inspect --type image localhost/gatehouse');
    config = (JSON.parse(inspected) as Inspected).Docker.config;
    await buildah(folder, 'from --pull-never --name gatehouse localhost/gatehouse');
    const root = await buildah(folder, 'mount gatehouse');
    image = {
      root: root.trim(),
      env: Object.fromEntries(config.Env.map((each) => each.split(/=(.*)/s).slice(0, 2) as [string, string])),
      entrypoint: config.Entrypoint,
    };
  }, 300_000);
  // Each layer has thousands of files.
  afterAll(() => run('rm', ['-rf', folder]), 120_000);

  test('declares labels, user and health check', () => {
    expect(config).toMatchObject({
      User: `${USER}:${USER}`,
      WorkingDir: '/var/lib/gatehouse',
      Cmd: ['serve', '--config', '/etc/gatehouse'],
      Healthcheck: { Test: ['CMD', '/nodejs/bin/node', '/app/src/main.ts', 'health'] },
      Labels: {
        'org.opencontainers.image.title': 'gatehouse',
        'org.opencontainers.image.version': MANIFEST.version,
        'org.opencontainers.image.revision': '0123abcd',
        'org.opencontainers.image.licenses': 'Apache-2.0',
      },
    });
  });

  test('contains no build secret, no shell, no tests and no development dependencies', async () => {
    const listing = await run('find', [image.root, '-not', '-path', '*/proc/*', '-printf', '%P\n']);
    const files = new Set(listing.stdout.split('\n'));
    for (const path of ['app/src/main.ts', 'app/node_modules/undici/package.json', 'app/package.json']) {
      expect(files).toContain(path);
    }
    const unwanted = /(^|\/)\.npmrc$|^bin\/sh$|^app\/(test|bench|\.git)|node_modules\/(vitest|typescript)\//;
    expect([...files].filter((file) => unwanted.test(file))).toEqual([]);
  });

  test('runs as user nobody, as process 1, and can write only to the state and temporary directories', async () => {
    const folders = await scene(folder, 'confined');
    const probe = await runImage({ ...image, entrypoint: ['/nodejs/bin/node'] }, folders, [
      '--eval',
      `const places = ['/', '/app/src/', '/app/node_modules/', '/var/cache/gatehouse/', '/etc/gatehouse/', '/tmp/', '/var/lib/gatehouse/'];
         const writable = places.filter((place) => { try { fs.writeFileSync(place + 'x', ''); return true; } catch { return false; } });
         console.log(JSON.stringify({ pid: process.pid, uid: process.getuid(), groups: process.getgroups(), writable }));`,
    ]);
    expect(JSON.parse(probe.stdout), probe.stderr).toEqual({
      pid: 1,
      uid: USER,
      groups: [USER],
      writable: ['/tmp/', '/var/lib/gatehouse/'],
    });
  });

  test('serves requests under `buildah run`', async () => {
    const demo = 'run --isolation chroot gatehouse -- /nodejs/bin/node /app/src/main.ts demo --once';
    const said = await buildah(folder, demo);
    expect(said).toMatch(/x-auth-identity: payments[\s\S]*403 resource_not_granted {2}payments/);
  });

  test('starts from the compile cache of the build', async () => {
    const folders = await scene(folder, 'compiled');
    // Unlike `version`, the demo loads all modules.
    const demo = ['demo', '--once'];
    const started = await runImage(image, folders, demo, { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' });
    const said = started.stdout + started.stderr;
    expect(started.code, said).toBe(0);
    const count = (what: RegExp): number => [...said.matchAll(what)].length;
    expect(count(/was accepted|cache .*accepted/g)).toBeGreaterThan(300);
    expect(count(/rejected|permission denied/g)).toBe(0);
  });

  test('serves requests, reports healthy, and stops on SIGTERM', async () => {
    const upstream = keep(await startRecordingUpstream());
    const folders = await scene(folder, 'serving', upstream.url);
    const container = keep(await startImage(image, folders));
    // The start-up time, for docs/operations/deployment.md; it is not asserted.
    const [wall, cpu] = [Math.round(container.listensAfter), container.cpuTime()];
    process.stdout.write(`the image listens after ${wall} ms, ${cpu} ms of CPU time\n`);

    const open = await fetch(`${folders.url}/orders/x`);
    expect([open.status, await open.text()]).toEqual([200, 'ok']);
    expect((await fetch(`${folders.url}/orders/x`, { method: 'POST' })).status).toBe(401);
    const health = await runImage(image, folders, ['health', '--ready', '--url', folders.adminUrl]);
    expect(health).toExitWith(0);
    expect(await container.stop()).toBe(0);
    expect(container.log()).toContain('stopping');
    const dead = await runImage(image, folders, ['health', '--url', folders.adminUrl]);
    expect(dead).toExitWith(1);
  });
});

/** The vfs driver needs no kernel support. */
function storageOf(folder: string): readonly string[] {
  return ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
}

async function buildah(folder: string, command: string): Promise<string> {
  const args = [...storageOf(folder), ...command.split(' ')];
  const { code, stdout, stderr } = await run(findTool('buildah') ?? 'buildah', args, { cwd: ROOT });
  if (code !== 0) throw new Error(`buildah ${command}:\n${stdout.slice(-4000)}${stderr.slice(-4000)}`);
  return stdout;
}

/** npm inside the build uses the registry and the CA certificates of this machine. */
async function writeNpmrc(folder: string): Promise<string> {
  const registry = (await run('npm', ['config', 'get', 'registry'])).stdout.trim();
  const file = join(folder, 'npmrc');
  writeFileSync(file, `registry=${registry}\ncafile=/etc/ssl/certs/ca-certificates.crt\nfetch-retries=2\n`);
  return file;
}

async function scene(
  folder: string,
  name: string,
  upstream = 'http://127.0.0.1:9',
): Promise<Folders & { url: string; adminUrl: string }> {
  const [config, state] = [join(folder, name, 'config'), join(folder, name, 'state')];
  mkdirSync(config, { recursive: true });
  mkdirSync(state);
  chownSync(state, USER, USER);
  const [port, adminPort] = [await freePort(), await freePort()];
  writeFileSync(
    join(config, 'gatehouse.yaml'),
    `version: 1
server: { listen: "127.0.0.1:${port}", admin: { listen: "127.0.0.1:${adminPort}" } }
services:
  orders:
    type: http
    path: /orders/
    upstream: { url: "${upstream}/" }
    anonymous: [{ scopes: [read_api], resources: ["**"] }]
`,
  );
  return { config, state, url: `http://127.0.0.1:${port}`, adminUrl: `http://127.0.0.1:${adminPort}` };
}
