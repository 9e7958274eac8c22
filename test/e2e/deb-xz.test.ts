/**
 * The xz library as the gateway's process loads it: the test runner imports CommonJS modules in another way, so a test in
 * its process proves nothing.
 */
import { hash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { buildDeb } from '../support/debian-repository.ts';
import { startFileTree } from '../support/file-tree.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { run } from '../support/run.ts';
import { DEPLOY_SECRET } from '../support/scenario/feed-config.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

needs('curl', 'dpkg-deb', 'nginx').test(
  'a process reads xz, and loads the library with the first upload',
  async () => {
    const { path: folder, close } = temporaryFolder('deb-xz');
    onTestFinished(close);
    const tree = await startFileTree();
    onTestFinished(() => tree.close());
    writeFileSync(
      join(folder, 'loads.mjs'),
      `import { registerHooks } from 'node:module';
registerHooks({ load: (url, context, next) => (url.includes('xz-decompress') && console.error('loaded ' + url), next(url, context)) });`,
    );
    const config = join(folder, 'gatehouse.yaml');
    writeFileSync(
      config,
      `version: 1
server: { listen: '127.0.0.1:0', publicUrl: https://gateway.example.com, admin: { listen: '127.0.0.1:0' } }
deployTokens:
  edge:
    username: edge
    secretHash: 'sha256:${hash('sha256', DEPLOY_SECRET)}'
    expires: 2099-01-01
    grants: [{ service: debian, scopes: [read_package_registry, write_package_registry], resources: ['acme*'] }]
services:
  debian: { type: deb, path: /debian/, upstream: { url: 'http://127.0.0.1:${tree.port}/' } }
`,
    );
    const gateway = await startGatewayProcess(config, {
      NODE_OPTIONS: `--import=${join(folder, 'loads.mjs')}`,
    });
    onTestFinished(() => gateway.close());
    const curl = (...args: readonly string[]) =>
      run('curl', ['--silent', '--fail', '--user', `edge:${DEPLOY_SECRET}`, ...args]);
    const [acme, other] = [await buildDeb(folder, 'acme-tools'), await buildDeb(folder, 'other')];
    expect(await curl(`${gateway.url}/debian/InRelease`)).toExitWith(22);
    expect(gateway.output().stderr).not.toContain('xz-decompress');
    expect(await curl('--upload-file', acme, `${gateway.url}/debian/pool/a/b/upload`)).toExitWith(0);
    expect(gateway.output().stderr).toContain('xz-decompress');
    expect(await curl('--upload-file', other, `${gateway.url}/debian/pool/a/c/upload`)).toExitWith(22);
    expect(existsSync(join(tree.folder, 'pool/a/b/upload'))).toBe(true);
    expect(existsSync(join(tree.folder, 'pool/a/c'))).toBe(false);
  },
  60_000,
);
