import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { cargo, cargoEnvironment, needsCargo, startCrateRegistry, writeCrate } from '../support/cargo.ts';
import type { Outcome } from '../support/run.ts';
import { runSnippet } from '../support/snippet-shell.ts';
import { DEPLOY_SECRET, feedConfig } from '../support/scenario/feed-config.ts';
import { useJobScenario } from '../support/scenario/job.ts';

needsCargo.describe('crates', () => {
  /** All tokens sent by clients. */
  const sent: string[] = [DEPLOY_SECRET];

  const scenario = useJobScenario({
    backends: () => ({ registry: () => startCrateRegistry() }),
    config: ({ gitlab, registry }) =>
      feedConfig({
        gitlab: gitlab.url,
        grants: `
      - { service: crates, scopes: [read_package_registry], resources: ["acme-*", "shared"] }
      - { service: crates, scopes: [write_package_registry], resources: ["acme-*"] }`,
        deployToken: '{ service: crates, scopes: [read_package_registry], resources: ["acme-*"] }',
        services: `  crates: { type: cargo, path: /cargo/, upstream: { url: "${registry.url}/" } }
`,
      }),
  });
  beforeAll(() => void sent.push(scenario.job.token));

  const idToken = (): string => {
    const token = scenario.job.idToken();
    sent.push(token);
    return token;
  };
  const at = (place: string, token: string | undefined, ...args: readonly string[]): Promise<Outcome> =>
    cargo(
      join(scenario.folder, place),
      { host: `127.0.0.1:${scenario.gateway.port}`, ...(token === undefined ? {} : { token }) },
      ...args,
    );
  const publish = (place: string, token: string): Promise<Outcome> =>
    at(place, token, 'publish', '--registry', 'acme', '--no-verify', '--allow-dirty');

  test('publishes, builds, yanks, with an ID token, a job token and a deploy token', async () => {
    writeCrate(join(scenario.folder, 'api'), 'acme_api');
    const published = await publish('api', idToken());
    expect(published).toExitWith(0);
    expect(published.stderr).toContain('Published acme_api');

    for (const [place, token] of [
      ['with-id-token', idToken()],
      ['with-job-token', scenario.job.token],
      ['with-deploy-token', DEPLOY_SECRET],
      ['with-scheme', `Bearer ${idToken()}`],
      ['with-user-name', `Basic ${Buffer.from(`edge:${DEPLOY_SECRET}`).toString('base64')}`],
    ] as const) {
      writeCrate(join(scenario.folder, place), place, 'acme_api');
      const built = await at(place, token, 'check');
      expect(built).toExitWith(0);
      expect(built.stderr).toContain('Downloaded acme_api');
    }
    // The file was downloaded from the `dl` URL.
    expect(scenario.gateway.auditText()).toContain('/cargo/api/v1/crates/acme_api/1.0.0/download');

    for (const args of [['yank'], ['yank', '--undo']]) {
      const yanked = await at(
        'api',
        scenario.job.token,
        ...args,
        '--registry',
        'acme',
        '--version',
        '1.0.0',
        'acme_api',
      );
      expect(yanked).toExitWith(0);
    }
  }, 120_000);

  test('docs/guides/packages.md shows the client configuration', async () => {
    const place = join(scenario.folder, 'documented');
    writeCrate(place, 'acme-documented');
    const host = `127.0.0.1:${scenario.gateway.port}`;
    const done = await runSnippet({ heading: 'Cargo', name: 'cargo', host }, idToken(), {
      cwd: place,
      env: cargoEnvironment(place, host),
    });
    expect(done).toExitWith(0);
  }, 60_000);

  test('a denied request explains the reason', async () => {
    writeCrate(join(scenario.folder, 'other'), 'other');
    const published = await publish('other', scenario.job.token);
    expect(published).not.toExitWith(0);
    expect(published.stderr).toContain('resource_not_granted');

    writeCrate(join(scenario.folder, 'shared'), 'shared');
    const shared = await publish('shared', scenario.job.token);
    expect(shared).not.toExitWith(0);
    expect(shared.stderr).toContain('resource_not_granted');

    writeCrate(join(scenario.folder, 'web'), 'acme_web');
    const byReader = await publish('web', DEPLOY_SECRET);
    expect(byReader).not.toExitWith(0);
    expect(byReader.stderr).toContain('scope_not_granted');

    writeCrate(join(scenario.folder, 'reader'), 'reader', 'other');
    const read = await at('reader', scenario.job.token, 'check');
    expect(read).not.toExitWith(0);
    expect(read.stderr).toContain('resource_not_granted');

    const searched = await at('api', scenario.job.token, 'search', '--registry', 'acme', 'api');
    expect(searched).not.toExitWith(0);
    expect(searched.stderr).toContain('resource_not_granted');
    const yanked = await at(
      'api',
      DEPLOY_SECRET,
      'yank',
      '--registry',
      'acme',
      '--version',
      '1.0.0',
      'acme_api',
    );
    expect(yanked).not.toExitWith(0);
    expect(yanked.stderr).toContain('scope_not_granted');
  }, 120_000);

  test('cargo sends a token with its first request', async () => {
    const bare = await fetch(`${scenario.gateway.url}/cargo/config.json`);
    expect(bare.status).toBe(401);
    expect(bare.headers.get('WWW-Authenticate')).toBe(`Cargo realm="127.0.0.1:${scenario.gateway.port}"`);
    writeCrate(join(scenario.folder, 'nobody'), 'nobody', 'acme_api');
    const read = await at('nobody', undefined, 'check');
    expect(read).not.toExitWith(0);
    expect(read.stderr).toMatch(/no token found for `acme`|authenticated registries require/);
    const wrong = await at('nobody', 'glcbt-64_nothing', 'check');
    expect(wrong).not.toExitWith(0);
    expect(wrong.stderr).toContain('401');
  }, 60_000);

  test('no client credential reaches the registry', () => {
    for (const secret of sent) expect(scenario.registry.received()).not.toContain(secret);
    expect(scenario.registry.received()).not.toMatch(/^authorization:/im);
    expect(scenario.registry.received()).toContain('PUT /api/v1/crates/new');
  });
});
