import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  cargo,
  cargoEnvironment,
  needsCargo,
  startCrateRegistry,
  writeCrate,
  type CrateRegistry,
} from '../support/cargo.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startGitlab, type TestGitlab, type TestJob } from '../support/gitlab.ts';
import type { Outcome } from '../support/run.ts';
import { runSnippet } from '../support/snippet-shell.ts';
import { DEPLOY_SECRET, feedConfig } from '../support/scenario/feed-config.ts';

needsCargo.describe('crates', () => {
  let gitlab: TestGitlab;
  let registry: CrateRegistry;
  let gateway: TestGateway;
  let job: TestJob;
  let folder: string;
  /** All tokens sent by clients. */
  const sent: string[] = [DEPLOY_SECRET];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-cargo-'));
    [gitlab, registry] = await Promise.all([startGitlab(), startCrateRegistry()]);
    job = gitlab.job({ project: { id: 20, path: 'acme/payments' } });
    sent.push(job.token);
    gateway = await startGateway(
      feedConfig({
        gitlab: gitlab.url,
        grants: `
      - { service: crates, scopes: [read_package_registry], resources: ["acme-*", "shared"] }
      - { service: crates, scopes: [write_package_registry], resources: ["acme-*"] }`,
        deployToken: '{ service: crates, scopes: [read_package_registry], resources: ["acme-*"] }',
        services: `  crates: { type: cargo, path: /cargo/, upstream: { url: "${registry.url}/" } }
`,
      }),
    );
  }, 60_000);
  afterAll(async () => {
    await gateway.close();
    await Promise.all([registry.close(), gitlab.close()]);
    rmSync(folder, { recursive: true, force: true });
  });

  const idToken = (): string => {
    const token = job.idToken();
    sent.push(token);
    return token;
  };
  const at = (place: string, token: string | undefined, ...args: readonly string[]): Promise<Outcome> =>
    cargo(
      join(folder, place),
      { host: `127.0.0.1:${gateway.port}`, ...(token === undefined ? {} : { token }) },
      ...args,
    );
  const publish = (place: string, token: string): Promise<Outcome> =>
    at(place, token, 'publish', '--registry', 'acme', '--no-verify', '--allow-dirty');

  test('publishes, builds, yanks, with an ID token, a job token and a deploy token', async () => {
    writeCrate(join(folder, 'api'), 'acme_api');
    const published = await publish('api', idToken());
    expect(published.code, published.stderr).toBe(0);
    expect(published.stderr).toContain('Published acme_api');

    for (const [place, token] of [
      ['with-id-token', idToken()],
      ['with-job-token', job.token],
      ['with-deploy-token', DEPLOY_SECRET],
      ['with-scheme', `Bearer ${idToken()}`],
      ['with-user-name', `Basic ${Buffer.from(`edge:${DEPLOY_SECRET}`).toString('base64')}`],
    ] as const) {
      writeCrate(join(folder, place), place, 'acme_api');
      const built = await at(place, token, 'check');
      expect(built.code, built.stderr).toBe(0);
      expect(built.stderr).toContain('Downloaded acme_api');
    }
    // The file was downloaded from the `dl` URL.
    expect(gateway.auditText()).toContain('/cargo/api/v1/crates/acme_api/1.0.0/download');

    for (const args of [['yank'], ['yank', '--undo']]) {
      const yanked = await at(
        'api',
        job.token,
        ...args,
        '--registry',
        'acme',
        '--version',
        '1.0.0',
        'acme_api',
      );
      expect(yanked.code, yanked.stderr).toBe(0);
    }
  }, 120_000);

  test('docs/guides/packages.md shows the client configuration', async () => {
    const place = join(folder, 'documented');
    writeCrate(place, 'acme-documented');
    const host = `127.0.0.1:${gateway.port}`;
    const done = await runSnippet({ heading: 'Cargo', name: 'cargo', host }, idToken(), {
      cwd: place,
      env: cargoEnvironment(place, host),
    });
    expect(done, done.stderr).toMatchObject({ code: 0 });
  }, 60_000);

  test('a denied request explains the reason', async () => {
    writeCrate(join(folder, 'other'), 'other');
    const published = await publish('other', job.token);
    expect(published.code).not.toBe(0);
    expect(published.stderr).toContain('resource_not_granted');

    writeCrate(join(folder, 'shared'), 'shared');
    const shared = await publish('shared', job.token);
    expect(shared.code).not.toBe(0);
    expect(shared.stderr).toContain('resource_not_granted');

    writeCrate(join(folder, 'web'), 'acme_web');
    const byReader = await publish('web', DEPLOY_SECRET);
    expect(byReader.code).not.toBe(0);
    expect(byReader.stderr).toContain('scope_not_granted');

    writeCrate(join(folder, 'reader'), 'reader', 'other');
    const read = await at('reader', job.token, 'check');
    expect(read.code).not.toBe(0);
    expect(read.stderr).toContain('resource_not_granted');

    const searched = await at('api', job.token, 'search', '--registry', 'acme', 'api');
    expect(searched.code).not.toBe(0);
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
    expect(yanked.code).not.toBe(0);
    expect(yanked.stderr).toContain('scope_not_granted');
  }, 120_000);

  test('cargo sends a token with its first request', async () => {
    const bare = await fetch(`${gateway.url}/cargo/config.json`);
    expect(bare.status).toBe(401);
    expect(bare.headers.get('WWW-Authenticate')).toBe(`Cargo realm="127.0.0.1:${gateway.port}"`);
    writeCrate(join(folder, 'nobody'), 'nobody', 'acme_api');
    const read = await at('nobody', undefined, 'check');
    expect(read.code).not.toBe(0);
    expect(read.stderr).toMatch(/no token found for `acme`|authenticated registries require/);
    const wrong = await at('nobody', 'glcbt-64_nothing', 'check');
    expect(wrong.code).not.toBe(0);
    expect(wrong.stderr).toContain('401');
  }, 60_000);

  test('no client credential reaches the registry', () => {
    for (const secret of sent) expect(registry.received()).not.toContain(secret);
    expect(registry.received()).not.toMatch(/^authorization:/im);
    expect(registry.received()).toContain('PUT /api/v1/crates/new');
  });
});
