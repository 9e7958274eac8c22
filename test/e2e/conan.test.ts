/** Conan 2 and conan-server through a service of type `conan`. */
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { createConan, needsConan, startConanServer, type Conan, type ConanLogin } from '../support/conan.ts';
import { snippet } from '../support/docs.ts';
import { expectDocumented } from '../support/refusals-page.ts';
import type { Outcome } from '../support/run.ts';
import { DEPLOY_SECRET } from '../support/scenario/feed-config.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { packagesConfig } from '../support/scenario/packages.ts';

needsConan.describe('conan', () => {
  let publisher: Conan;

  const scenario = useJobScenario({
    backends: () => ({ server: startConanServer }),
    config: ({ gitlab, server }) =>
      packagesConfig(gitlab.url, [
        {
          type: 'conan',
          resources: ['acme*/*@team/*', 'zlib/*@_/_'],
          readable: ['acme/*@team/stable'],
          upstream: server.upstream,
        },
      ]),
  });

  beforeAll(async () => {
    publisher = await createConan(join(scenario.folder, 'publisher'), scenario.gateway.url);
    for (const reference of [
      ['acme', '1.0', 'team', 'stable'],
      ['zlib', '1.3.1'],
      ['other', '1.0', 'team', 'stable'],
    ] as const) {
      const [name, version, user, channel] = reference;
      const created = await publisher.create(name, version, user, channel);
      expect(created).toExitWith(0);
    }
  }, 120_000);

  const job = (): ConanLogin => ({ username: 'gitlab-ci-token', secret: scenario.job.token });
  const edge: ConanLogin = { username: 'edge', secret: DEPLOY_SECRET };
  const all = ({ stdout, stderr }: Outcome): string => stdout + stderr;

  let consumers = 0;
  /** A client without packages and tokens. */
  function consumer(): Promise<Conan> {
    consumers += 1;
    return createConan(join(scenario.folder, `consumer-${consumers}`), scenario.gateway.url);
  }

  function install(conan: Conan, login: ConanLogin | undefined, reference: string): Promise<Outcome> {
    return conan.run(login, 'install', `--requires=${reference}`, '--remote=acme');
  }

  function upload(login: ConanLogin | undefined, reference: string): Promise<Outcome> {
    const [, ...args] = snippet('docs/guides/conan.md', 'Publish packages', 'publish')
      .replaceAll('"', '')
      .replace('acme/1.0@team/stable', reference)
      .trim()
      .split(' ');
    return publisher.run(login, ...args);
  }

  test('uploads recipes and packages within its grants, and prints the reason of a refusal', async () => {
    for (const reference of ['acme/1.0@team/stable', 'zlib/1.3.1']) {
      const uploaded = await upload(job(), reference);
      expect(uploaded).toExitWith(0);
    }
    const before = scenario.server.received();
    const refused = await upload(job(), 'other/1.0@team/stable');
    expectDocumented('conan', 'conan upload', refused);
    expect(scenario.server.received()).toBe(before);
  }, 120_000);

  test('installs a package with every kind of credential', async () => {
    for (const login of [{ username: 'oidc', secret: scenario.job.idToken() }, job(), edge]) {
      const conan = await consumer();
      const installed = await install(conan, login, 'acme/1.0@team/stable');
      expect(installed).toExitWith(0);
      expect(all(installed)).toContain('Downloaded package revision');
    }
    const installed = await install(await consumer(), job(), 'zlib/1.3.1');
    expect(installed).toExitWith(0);
  }, 120_000);

  test('a client without a credential, and one with a wrong credential, get nothing', async () => {
    const conan = await consumer();
    const anonymous = await install(conan, undefined, 'acme/1.0@team/stable');
    expectDocumented('conan', 'conan without a credential', anonymous);
    const wrong = await install(
      conan,
      { ...edge, secret: `${DEPLOY_SECRET.slice(0, -1)}0` },
      'acme/1.0@team/stable',
    );
    expectDocumented('conan', 'conan login', wrong);
    const denied = await install(conan, edge, 'zlib/1.3.1');
    expectDocumented('conan', 'conan install', denied);
  }, 120_000);

  test('the token of the gateway is used until a 401, then Conan logs in again', async () => {
    const conan = await consumer();
    const list = (): Promise<Outcome> => conan.run(edge, 'list', 'acme/1.0@team/stable#*', '--remote=acme');
    const logins = async (): Promise<number> =>
      (await scenario.gateway.audit()).filter(
        ({ url }) => (url as { path?: string }).path === '/conan/v2/users/authenticate',
      ).length;
    expect(all(await list())).toContain('acme/1.0@team/stable');
    const token = conan.storedToken();
    expect(token).toMatch(/^eyJ/);
    const count = await logins();
    expect(await list()).toExitWith(0);
    expect(await logins()).toBe(count);
    conan.storeToken(`${token?.slice(0, -4)}AAAA`);
    const again = await list();
    expect(again).toExitWith(0);
    expect(await logins()).toBe(count + 1);
  }, 120_000);

  test('removes a recipe with the write scope only', async () => {
    const remove = (login: ConanLogin): Promise<Outcome> =>
      publisher.run(login, 'remove', 'acme/1.0@team/stable', '--remote=acme', '--confirm');
    const conan = await consumer();
    const refused = await conan.run(edge, 'remove', 'acme/1.0@team/stable', '--remote=acme', '--confirm');
    expectDocumented('conan', 'conan remove', refused);
    const removed = await remove(job());
    expect(removed).toExitWith(0);
    expect(await install(await consumer(), edge, 'acme/1.0@team/stable')).not.toExitWith(0);
  }, 120_000);

  test('no client credential and no token of the gateway reaches the server', () => {
    const received = scenario.server.received();
    for (const { username, secret } of [job(), edge])
      for (const text of [secret, btoa(`${username}:${secret}`)]) expect(received).not.toContain(text);
    const login = scenario.server.authorization;
    const sent = [...received.matchAll(/^authorization: (.*)\r$/gim)].map(([, value = '']) => value);
    expect(sent.filter((value) => value === login).length).toBe(1);
    const tokens = new Set(sent.filter((value) => value !== login));
    expect(tokens.size).toBe(1);
    expect(received.match(/\/users\//g)).toHaveLength(1);
  });
});
