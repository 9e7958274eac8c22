/** regctl: images, artifacts, and what is attached to them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { writeImage } from '../support/image.ts';
import { needs } from '../support/needs.ts';
import { needsRegctl, regctl } from '../support/oci-clients.ts';
import type { Outcome } from '../support/run.ts';
import { DEPLOY_SECRET } from '../support/scenario/feed-config.ts';
import { startRegistryScenario } from '../support/scenario/registry.ts';
import { useStarted } from '../support/use-started.ts';

const { test } = needsRegctl;

needs('docker-registry').describe('regctl through the gateway', () => {
  const scenario = useStarted(() => startRegistryScenario());
  const reference = (name: string): string => `${scenario.host}/acme/${name}`;

  /** Commands of one client, in a separate folder with an SBOM. */
  async function client(name: string, username: string, password: string) {
    const home = join(scenario.clients.folder, name);
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'sbom.json'), `{"spdxVersion":"SPDX-2.3","name":"${name}"}`);
    const run = (...args: readonly string[]): Promise<Outcome> =>
      regctl(home, ...args, '--host', `reg=${scenario.host},tls=disabled`);
    const login = await run('registry', 'login', scenario.host, '-u', username, '-p', password);
    return { home, run, login };
  }

  async function done(command: Promise<Outcome>): Promise<string> {
    const outcome = await command;
    expect(outcome).toExitWith(0);
    return outcome.stdout;
  }

  const layout = (content: string): string =>
    writeImage(scenario.clients.folder, content).replace(/^oci:/, 'ocidir://');

  test('copies an image into the registry and within it with mounts, lists its tags and deletes them', async () => {
    const { run } = await client('job', 'ci', scenario.job.idToken());
    const [api, copy] = [reference('payments/api'), reference('payments/copy')];
    await done(run('image', 'copy', layout('regctl'), `${api}:1`));
    await done(run('image', 'copy', `${api}:1`, `${api}:2`));
    expect((await done(run('tag', 'ls', api))).trim().split('\n').toSorted()).toEqual(['1', '2']);
    await done(run('image', 'copy', '--referrers', `${api}:1`, `${copy}:1`));
    expect(scenario.registry.log()).toMatch(
      /payments\/copy\/blobs\/uploads\/\?\S*mount=sha256\S* HTTP\/1.1" 201/,
    );
    await done(run('tag', 'delete', `${copy}:1`));
    expect(await run('manifest', 'get', `${copy}:1`)).not.toExitWith(0);
    await done(
      run('manifest', 'delete', `${api}@${(await done(run('image', 'digest', `${api}:1`))).trim()}`),
    );
    expect((await done(run('tag', 'ls', api))).trim()).toBe('');
  });

  test('attaches an SBOM, finds it by its tag, and copies both', async () => {
    const { run } = await client('attach', 'gitlab-ci-token', scenario.job.token);
    const api = `${reference('payments/attached')}:1`;
    await done(run('image', 'copy', layout('attached'), api));
    await done(
      run('artifact', 'put', '--artifact-type', 'application/spdx+json', '--subject', api, '-f', 'sbom.json'),
    );
    const edge = await client('edge', 'edge-puller', DEPLOY_SECRET);
    const types = ['--format', '{{range .Descriptors}}{{println .ArtifactType}}{{end}}'];
    expect(await done(edge.run('artifact', 'list', ...types, api))).toContain('application/spdx+json');
    const copy = `${reference('payments/attached-copy')}:1`;
    await done(run('image', 'copy', '--referrers', api, copy));
    expect(await done(edge.run('artifact', 'list', ...types, copy))).toContain('application/spdx+json');
    expect(await done(edge.run('artifact', 'get', '--subject', copy))).toContain('"name":"attach"');
  });

  test('a denied login and a denied push and pull print the reason', async () => {
    const { login } = await client('wrong', 'edge-puller', 'ghdt_edge_no');
    expect(login).not.toExitWith(0);
    expect(login.stderr).toContain('unauthorized');
    const { run } = await client('denied', 'ci', scenario.job.idToken());
    const edge = await client('reader', 'edge-puller', DEPLOY_SECRET);
    for (const [command, reason] of [
      [run('image', 'copy', layout('denied'), `${reference('web/api')}:1`), 'resource_not_granted'],
      [run('manifest', 'get', `${reference('web/api')}:1`), 'resource_not_granted'],
      [edge.run('image', 'copy', layout('denied'), `${reference('payments/denied')}:1`), 'scope_not_granted'],
    ] as const) {
      const { code, stdout, stderr } = await command;
      expect({ code, stdout, stderr }).not.toExitWith(0);
      expect(stderr).toContain(reason);
    }
  });
});
