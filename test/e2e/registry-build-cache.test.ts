/** buildah keeps the layers of a build in a repository (`--cache-to`, `--cache-from`). */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { needs } from '../support/needs.ts';
import type { Outcome } from '../support/run.ts';
import { DEPLOY_SECRET } from '../support/scenario/feed-config.ts';
import { startRegistryScenario } from '../support/scenario/registry.ts';
import { useStarted } from '../support/use-started.ts';

const HTTP = '--tls-verify=false';

needs('docker-registry', 'buildah').describe('the layer cache of buildah', () => {
  const { test } = needs();
  const scenario = useStarted(() => startRegistryScenario());
  const cache = (project: string): string => `${scenario.host}/acme/${project}/cache`;

  /** Logs in and builds without layers of earlier builds. */
  async function build(username: string, password: string, ...args: readonly string[]): Promise<Outcome> {
    const { buildah, folder } = scenario.clients;
    const context = join(folder, 'context');
    mkdirSync(context, { recursive: true });
    writeFileSync(join(context, 'a.txt'), 'a layer');
    writeFileSync(join(context, 'Containerfile'), 'FROM scratch\nCOPY a.txt /a.txt\nCOPY a.txt /b.txt\n');
    expect(await buildah('login', HTTP, '-u', username, '-p', password, scenario.host)).toExitWith(0);
    await buildah('rmi', '--all', '--force');
    return buildah('build', HTTP, '--isolation', 'chroot', '--layers', ...args, context);
  }

  test('is written by a job, read with a deploy token, and not written by another project', async () => {
    const { job } = scenario;
    const written = await build('ci', job.idToken(), '--cache-to', cache('payments'));
    expect(written).toExitWith(0);
    expect(written.stdout + written.stderr).toContain('Pushing cache');

    const read = await build('edge-puller', DEPLOY_SECRET, '--cache-from', cache('payments'));
    expect(read).toExitWith(0);
    expect(read.stdout + read.stderr).toContain('Cache pulled from remote');

    const denied = await build('gitlab-ci-token', job.token, '--cache-to', cache('web'));
    expect(denied).not.toExitWith(0);
    expect(denied.stderr).toContain('resource_not_granted');
  }, 60_000);
});
