/** npm, pnpm and yarn through the gateway to Verdaccio, over TLS, configured as in docs/guides/packages.md. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { startAdvisories } from '../support/advisories.ts';
import { curl } from '../support/curl.ts';
import { eventually } from '../support/eventually.ts';
import { needs } from '../support/needs.ts';
import { createNpmProject, NPM_CLIENTS, type NpmClient } from '../support/npm-clients.ts';
import type { RawResponse } from '../support/raw-client.ts';
import type { Outcome } from '../support/run.ts';
import { startFeed, type FeedCredential, type FeedScenario } from '../support/scenario/feed.ts';
import { startVerdaccio, type TestVerdaccio } from '../support/verdaccio.ts';

const LOCKS = { npm: 'package-lock.json', pnpm: 'pnpm-lock.yaml', yarn: 'yarn.lock' } as const;
const FLAW = 'Canary flaw of the advisory database';

needs('curl', 'openssl').describe('npm, pnpm and yarn', () => {
  const { test } = needs();
  let advisories: Awaited<ReturnType<typeof startAdvisories>>;
  let verdaccio: TestVerdaccio;
  let feed: FeedScenario;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-advisories-'));
    advisories = await startAdvisories(folder, '@acme/ui', FLAW);
    verdaccio = await startVerdaccio({ advisories });
    feed = await startFeed({
      type: 'npm',
      upstreamPort: Number(new URL(verdaccio.url).port),
      auth: `{ basic: { username: ${verdaccio.username}, password: ${verdaccio.password} } }`,
      resources: ['@acme/*', 'plain'],
    });
    for (const name of ['@acme/ui', 'plain']) {
      const published = await publish('npm', name, feed.credentials['id token']);
      expect(published).toExitWith(0);
    }
  }, 60_000);
  afterAll(async () => {
    await feed.close();
    await verdaccio.close();
    await advisories.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function publish(
    client: NpmClient,
    name: string,
    credential: FeedCredential | undefined,
    version = '1.0.0',
  ): Promise<Outcome> {
    const project = createNpmProject(feed, 'publishing', { name, version });
    switch (client) {
      case 'npm':
        return project.run('npm', credential, 'publish');
      case 'pnpm':
        return project.run('pnpm', credential, 'publish', '--no-git-checks');
      case 'yarn':
        await project.run('yarn', credential, 'install');
        return project.run('yarn', credential, 'npm', 'publish');
      default:
        return client satisfies never;
    }
  }

  function installing(name: string) {
    return createNpmProject(feed, 'installing', {
      name: 'app',
      version: '1.0.0',
      dependencies: { [name]: '^1.0.0' },
    });
  }

  /** Sends a request with curl and the ID token. */
  function request(path: string, ...args: readonly string[]): Promise<RawResponse> {
    const authorization = `Authorization: Bearer ${feed.credentials['id token'].secret}`;
    return curl('--cacert', feed.caFile, '-H', authorization, ...args, `https://${feed.host}/npm/${path}`);
  }

  const said = ({ stdout, stderr }: Outcome): string => (stdout + stderr).replaceAll(/\s*\n[\s│]*/g, ' ');

  describe.each(NPM_CLIENTS)('%s', (client) => {
    test('publishes a granted package', async () => {
      const name = `@acme/by-${client}`;
      const published = await publish(client, name, feed.credentials['job token']);
      expect(published.code, said(published)).toBe(0);
      expect(verdaccio.log()).toContain(`"PUT","url":"/@acme%2fby-${client}"`);
    });

    for (const kind of ['id token', 'job token', 'deploy token'] as const) {
      test(`installs with ${kind}; every URL is the gateway’s`, async () => {
        const before = feed.gateway.auditText().length;
        const project = installing('@acme/ui');
        const installed = await project.run(client, feed.credentials[kind], 'install');
        expect(installed.code, said(installed)).toBe(0);
        expect(readFileSync(join(project.folder, 'node_modules/@acme/ui/index.js'), 'utf8')).toContain(
          'exports',
        );
        // The tarball was downloaded through the gateway; the spelling is the client's.
        const tarball = /"path":"\/npm\/@acme(?:\/|%2f)ui\/-\/ui-1\.0\.0\.tgz"/i;
        await eventually('the tarball in the audit log', () =>
          tarball.test(feed.gateway.auditText().slice(before)),
        );
        const lock = readFileSync(join(project.folder, LOCKS[client]), 'utf8');
        const servers = [...lock.matchAll(/https?:\/\/[^/\s"']+/g)].map(([server]) => server);
        // Only npm's lock file contains URLs that follow from the name and the registry.
        expect(servers).toEqual(client === 'npm' ? [`https://${feed.host}`] : []);
        expect(lock).toContain('@acme/ui');
      });
    }

    test('a name without a scope', async () => {
      const shown = await createNpmProject(feed, 'showing', { name: 'app' }).run(
        client,
        feed.credentials['job token'],
        ...(client === 'yarn' ? ['npm'] : []),
        client === 'yarn' ? 'info' : 'view',
        'plain',
        ...(client === 'yarn' ? ['--fields', 'dist', '--json'] : ['dist.tarball']),
      );
      expect(said(shown)).toContain(`https://${feed.host}/npm/plain/-/plain-1.0.0.tgz`);
    });

    test('a denied publication explains the reason', async () => {
      const other = await publish(client, '@other/ui', feed.credentials['job token']);
      expect(other).not.toExitWith(0);
      expect(said(other)).toContain('resource_not_granted');
      const reader = await publish(client, '@acme/ui', feed.credentials['deploy token'], '1.0.1');
      expect(reader).not.toExitWith(0);
      expect(said(reader)).toContain('scope_not_granted');
      expect(verdaccio.log()).not.toMatch(/"PUT","url":"\/(?:@other|@acme%2fui)[^}]*1\.0\.1/);
    });

    test('a denied download explains the reason', async () => {
      const denied = await installing('@other/ui').run(client, feed.credentials['job token'], 'install');
      expect(denied).not.toExitWith(0);
      expect(said(denied)).toContain('resource_not_granted');
    });

    test('a request without a credential is refused with a hint to send one', async () => {
      const installed = await installing('@acme/ui').run(client, undefined, 'install');
      expect(installed).not.toExitWith(0);
      expect(said(installed)).toMatch(
        { npm: /no_credential/, pnpm: /no_credential/, yarn: /Invalid authentication/ }[client],
      );
      const published = await publish(client, '@acme/by-nobody', undefined);
      expect(published).not.toExitWith(0);
      expect(verdaccio.log()).not.toContain('by-nobody');
    });

    test('whoami prints the identity in the gateway', async () => {
      const args = client === 'yarn' ? ['npm', 'whoami'] : ['whoami'];
      const asked = await installing('@acme/ui').run(client, feed.credentials['job token'], ...args);
      expect(asked.code, said(asked)).toBe(0);
      expect(said(asked)).toMatch(/\bci\b/);
    });

    test('audit is forwarded to the registry', async () => {
      const credential = feed.credentials['job token'];
      const project = installing('@acme/ui');
      const installed = await project.run(client, credential, 'install');
      expect(installed.code, said(installed)).toBe(0);
      const audited = await project.run(
        client,
        credential,
        ...(client === 'yarn' ? ['npm', 'audit'] : ['audit']),
      );
      expect(said(audited)).toContain(FLAW);
    });
  });

  test('npm with a user name and a password', async () => {
    const manifest = { name: 'app', version: '1.0.0', dependencies: { '@acme/ui': '^1.0.0' } };
    const project = createNpmProject(feed, 'basic', manifest, '~/.npmrc with a user name');
    const installed = await project.run('npm', feed.credentials['deploy token'], 'install');
    expect(installed.code, said(installed)).toBe(0);
  });

  test('npm sets tags, deprecates, searches and unpublishes', async () => {
    const project = createNpmProject(feed, 'publishing', { name: '@acme/life', version: '1.0.0' });
    const good = async (...args: readonly string[]): Promise<string> => {
      const done = await project.run('npm', feed.credentials['id token'], ...args);
      expect(done.code, `${args.join(' ')}: ${said(done)}`).toBe(0);
      return said(done);
    };
    await good('publish');
    await good('dist-tag', 'add', '@acme/life@1.0.0', 'next');
    expect(await good('dist-tag', 'ls', '@acme/life')).toContain('next: 1.0.0');
    await good('dist-tag', 'rm', '@acme/life', 'next');
    await good('deprecate', '@acme/life@1.0.0', 'use another');
    expect(await good('view', '@acme/life', 'deprecated')).toContain('use another');
    await good('ping');
    const found = await project.run('npm', feed.auditor, 'search', 'life', '--json');
    expect(said(found)).toContain('@acme/life');
    const denied = await project.run('npm', feed.credentials['id token'], 'search', 'life');
    expect(said(denied)).toContain('resource_not_granted');
    await good('unpublish', '--force', '@acme/life@1.0.0');
    expect(await project.run('npm', feed.credentials['id token'], 'view', '@acme/life')).not.toExitWith(0);
  });

  test('tags, with pnpm and yarn', async () => {
    const project = createNpmProject(feed, 'tags', { name: '@acme/tagged', version: '1.0.0' });
    const good = async (client: NpmClient, ...args: readonly string[]): Promise<string> => {
      const done = await project.run(client, feed.credentials['job token'], ...args);
      expect(done.code, `${client} ${args.join(' ')}: ${said(done)}`).toBe(0);
      return said(done);
    };
    await good('npm', 'publish');
    await good('pnpm', 'dist-tag', 'add', '@acme/tagged@1.0.0', 'by-pnpm');
    await good('yarn', 'npm', 'tag', 'add', '@acme/tagged@1.0.0', 'by-yarn');
    for (const told of [
      await good('pnpm', 'dist-tag', 'ls', '@acme/tagged'),
      await good('yarn', 'npm', 'tag', 'list', '@acme/tagged'),
    ]) {
      expect(told).toContain('by-pnpm');
      expect(told).toContain('by-yarn');
    }
  });

  test('account endpoints are the gateway’s and do not reach the registry', async () => {
    const project = createNpmProject(feed, 'account', { name: 'app' });
    const credential = feed.credentials['id token'];
    for (const args of [['token', 'list'], ['profile', 'get'], ['logout']]) {
      const refused = await project.run('npm', credential, ...args);
      expect(said(refused), args.join(' ')).toContain('operation_unknown');
    }
    expect(feed.sent()).not.toMatch(/\/-\/(?:user|npm\/v1\/(?:tokens|user))/);
    // `npm logout` sends the token in the path.
    await eventually('the logout in the audit log', () =>
      feed.gateway.auditText().includes('"/npm/-/user/token/***"'),
    );
    expect(feed.gateway.auditText().includes(credential.secret)).toBe(false);
  });

  test('metadata that npm has cached is not sent again', async () => {
    const credential = feed.credentials['id token'];
    const project = createNpmProject(feed, 'cached', { name: 'app' });
    const unmodified = (): number =>
      verdaccio.log().split(/"url":"\/plain"[^}]*\},"user":"gatehouse"[^}]*"status":304/).length;
    await project.run('npm', credential, 'view', 'plain');
    const before = unmodified();
    const again = await project.run('npm', credential, 'view', 'plain', 'version');
    expect(again.stdout.trim()).toBe('1.0.0');
    await eventually('Verdaccio to say 304', () => unmodified() > before);
  });

  test('a validator leads to 304, in the short form of metadata too', async () => {
    for (const accept of ['application/json', 'application/vnd.npm.install-v1+json']) {
      const ask = (...args: readonly string[]) => request('@acme%2Fui', '-H', `Accept: ${accept}`, ...args);
      const whole = await ask();
      expect(whole.headers.get('content-type')).toContain(accept);
      expect(whole.body).toContain(`"https://${feed.host}/npm/@acme/ui/-/ui-1.0.0.tgz"`);
      const tag = whole.headers.get('etag') ?? '';
      expect(tag).toContain('-gh');
      expect(await ask('-H', `If-None-Match: ${tag}`)).toMatchObject({ status: 304, body: '' });
      expect((await ask('-H', 'If-None-Match: "other"')).status).toBe(200);
    }
    // Each spelling of the name is forwarded as sent.
    expect(feed.sent()).toContain('GET /@acme%2Fui HTTP/1.1');
    expect(feed.sent()).toContain('GET /@acme%2fui HTTP/1.1');
  });

  test('a publication of another package than that of its path is refused', async () => {
    const body = JSON.stringify({ _id: '@other/ui', name: '@other/ui', versions: {}, 'dist-tags': {} });
    const type = 'Content-Type: application/json';
    const answer = await request('@acme%2fliar', '-X', 'PUT', '-H', type, '--data', body);
    expect(answer.status).toBe(400);
    expect(answer.body).toContain('request_malformed');
    expect((await fetch(`${verdaccio.url}/@other/ui`)).status).not.toBe(200);
  });

  test('no client credential reaches the registry', () => {
    feed.expectNoCredentialSent();
    expect(verdaccio.log()).toContain('"user":"gatehouse"');
  });
});
