import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect } from 'vitest';
import { crane, needsCrane } from '../support/oci-clients.ts';
import { writeImage } from '../support/image.ts';
import { needs } from '../support/needs.ts';
import type { Outcome } from '../support/run.ts';
import { DEPLOY_SECRET } from '../support/scenario/feed-config.ts';
import { startRegistryScenario } from '../support/scenario/registry.ts';
import { useStarted } from '../support/use-started.ts';

const { test } = needsCrane;

needs('docker-registry').describe('crane through the gateway', () => {
  const scenario = useStarted(() => startRegistryScenario());
  const registry = (): string => `localhost:${scenario.gateway.port}`;
  const tarball = (): string => join(scenario.clients.folder, 'pulled.tar');
  let layout: string;

  /** Commands of one client, which is logged in. */
  async function client(name: string, username: string, password: string) {
    const home = join(scenario.clients.folder, name);
    mkdirSync(home, { recursive: true });
    const run = (...args: readonly string[]): Promise<Outcome> => crane(home, ...args, '--insecure');
    const login = await run('auth', 'login', registry(), '-u', username, '-p', password);
    expect(login).toExitWith(0);
    return run;
  }

  beforeAll(() => {
    const image = writeImage(scenario.clients.folder, 'crane').replace(/^oci:|:latest$/g, '');
    layout = join(scenario.clients.folder, 'layout');
    cpSync(image, layout, { recursive: true });
  });

  test('pushes, lists, copies with a mount, pulls and deletes', async () => {
    const run = await client('job', 'ci', scenario.job.idToken());
    const image = `${registry()}/acme/payments/api`;
    const other = `${registry()}/acme/payments/web`;
    for (const args of [
      ['push', layout, `${image}:1`],
      ['tag', `${image}:1`, '2'],
      ['copy', `${image}:2`, `${other}:1`],
      ['pull', `${other}:1`, tarball()],
    ]) {
      const outcome = await run(...args);
      expect(outcome.code, `${args[0]}: ${outcome.stderr}`).toBe(0);
    }
    expect((await run('ls', image)).stdout.split('\n').filter(Boolean).toSorted()).toEqual(['1', '2']);
    expect(scenario.registry.log()).toContain('mount=sha256');
    const digest = (await run('digest', `${other}:1`)).stdout.trim();
    expect(await run('delete', `${other}@${digest}`)).toExitWith(0);
  });

  test('a copy to another project is denied with the reason', async () => {
    const run = await client('denied', 'gitlab-ci-token', scenario.job.token);
    const { code, stdout, stderr } = await run('push', layout, `${registry()}/acme/web/api:1`);
    expect({ code, stdout, stderr }).not.toExitWith(0);
    expect(stderr).toContain('resource_not_granted');
  });

  describe('the dependency proxy of GitLab', () => {
    const image = (): string => `${registry()}/acme/payments/dependency_proxy/containers/alpine`;
    const base = (): string => `${registry()}/acme/payments/base:1`;

    test('is pulled with both scopes, and not with read_registry alone', async () => {
      const run = await client('proxy', 'ci', scenario.job.idToken());
      for (const target of [base(), `${image()}:3`]) expect(await run('push', layout, target)).toExitWith(0);
      const pulled = await run('pull', `${image()}:3`, tarball());
      expect(pulled).toExitWith(0);

      const edge = await client('edge', 'edge-puller', DEPLOY_SECRET);
      const ordinary = await edge('pull', base(), tarball());
      expect(ordinary).toExitWith(0);
      const denied = await edge('manifest', `${image()}:3`);
      expect(denied).not.toExitWith(0);
      expect(denied.stderr).toContain('scope_not_granted');
    });
  });
});
