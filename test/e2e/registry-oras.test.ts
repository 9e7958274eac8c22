/** oras: artifacts, and what is attached to them. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { needs } from '../support/needs.ts';
import { needsOras, oras } from '../support/oci-clients.ts';
import type { Outcome } from '../support/run.ts';
import { DEPLOY_SECRET } from '../support/scenario/feed-config.ts';
import { startRegistryScenario } from '../support/scenario/registry.ts';
import { useStarted } from '../support/use-started.ts';

const { test } = needsOras;
const WEIGHTS = 'model.safetensors:application/vnd.cncf.model.weight.v1.raw';

needs('docker-registry').describe('oras through the gateway', () => {
  const scenario = useStarted(() => startRegistryScenario());
  const reference = (name: string): string => `${scenario.host}/acme/${name}`;

  /** Commands of one client, in a separate folder with a model and an SBOM. */
  async function client(name: string, username: string, password: string) {
    const home = join(scenario.clients.folder, name);
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'model.safetensors'), `weights of ${name}`);
    writeFileSync(join(home, 'sbom.json'), `{"spdxVersion":"SPDX-2.3","name":"${name}"}`);
    const run = (...args: readonly string[]): Promise<Outcome> => oras(home, ...args, '--plain-http');
    await done(run('login', scenario.host, '-u', username, '-p', password));
    return { home, run };
  }

  async function done(command: Promise<Outcome>): Promise<string> {
    const outcome = await command;
    expect(outcome).toExitWith(0);
    return outcome.stdout;
  }

  test('pushes a model, copies it with mounts, lists its tags, pulls and deletes it', async () => {
    const { home, run } = await client('job', 'ci', scenario.job.idToken());
    const [model, copy] = [reference('payments/model'), reference('payments/copy')];
    await done(
      run('push', `${model}:1`, '--artifact-type', 'application/vnd.cncf.model.manifest.v1+json', WEIGHTS),
    );
    await done(run('tag', `${model}:1`, '2'));
    expect((await done(run('repo', 'tags', model))).trim().split('\n').toSorted()).toEqual(['1', '2']);
    await done(oras(home, 'cp', '--from-plain-http', '--to-plain-http', `${model}:1`, `${copy}:1`));
    expect(scenario.registry.log()).toMatch(
      /payments\/copy\/blobs\/uploads\/\?.*mount=sha256\S* HTTP\/1.1" 201/,
    );
    await done(run('pull', `${copy}:1`, '-o', 'pulled'));
    expect(readFileSync(join(home, 'pulled/model.safetensors'), 'utf8')).toBe('weights of job');
    await done(run('manifest', 'delete', '--force', `${copy}:1`));
    expect((await run('pull', `${copy}:1`)).stderr).toContain('not found');
  });

  test('attaches an SBOM and discovers it by its tag', async () => {
    const { home, run } = await client('attach', 'gitlab-ci-token', scenario.job.token);
    const model = `${reference('payments/attached')}:1`;
    await done(run('push', model, WEIGHTS));
    await done(
      run('attach', model, '--artifact-type', 'application/spdx+json', 'sbom.json:application/spdx+json'),
    );
    const edge = await client('edge', 'edge-puller', DEPLOY_SECRET);
    const found = await done(edge.run('discover', model, '--format', 'json'));
    const { referrers } = JSON.parse(found) as { referrers: readonly { reference: string }[] };
    expect(referrers).toMatchObject([{ artifactType: 'application/spdx+json' }]);
    await done(edge.run('pull', referrers[0]?.reference ?? '', '-o', 'sbom'));
    expect(readFileSync(join(edge.home, 'sbom/sbom.json'), 'utf8')).toBe(
      readFileSync(join(home, 'sbom.json'), 'utf8'),
    );
  });

  test('a denied login and a denied push, attachment and pull print the reason', async () => {
    const wrong = await oras(
      scenario.clients.folder,
      'login',
      scenario.host,
      '-u',
      'edge-puller',
      '-p',
      'ghdt_edge_no',
      '--plain-http',
    );
    expect(wrong).not.toExitWith(0);
    expect(wrong.stderr).toContain('credential_invalid');
    const { run } = await client('denied', 'ci', scenario.job.idToken());
    const edge = await client('reader', 'edge-puller', DEPLOY_SECRET);
    await done(run('push', `${reference('payments/denied')}:1`, WEIGHTS));
    for (const [command, reason] of [
      [run('push', `${reference('web/model')}:1`, WEIGHTS), 'resource_not_granted'],
      [run('pull', `${reference('web/model')}:1`), 'resource_not_granted'],
      [
        edge.run('attach', `${reference('payments/denied')}:1`, '--artifact-type', 'a/b', 'sbom.json'),
        'scope_not_granted',
      ],
    ] as const) {
      const { code, stdout, stderr } = await command;
      expect({ code, stdout, stderr }).not.toExitWith(0);
      expect(stderr).toContain(reason);
    }
  });
});
