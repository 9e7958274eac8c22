/** W2, W4: the login to the console, the end of sessions, and the limit of attempts. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ADMIN_TOKEN, askConsole, logIn } from '../../support/console/ask-console.ts';
import { startConsoleScenario, WITH_LOGIN } from '../../support/console/console-scenario.ts';
import { eventually } from '../../support/eventually.ts';

test('a wrong token opens no session', async () => {
  const { gateway } = await startConsoleScenario(WITH_LOGIN);
  for (const token of ['', 'wrong', `${ADMIN_TOKEN}x`, ADMIN_TOKEN.slice(0, -1)]) {
    const { status, headers, body } = await askConsole(gateway.adminUrl, '/console/login', {
      form: { token },
    });
    expect([status, headers.has('set-cookie')]).toEqual([401, false]);
    expect(body).not.toContain(token || 'value="x"');
  }
});

test('attempts are limited, also for the right token, until the window ends', async () => {
  let now = Date.now();
  const { gateway } = await startConsoleScenario(WITH_LOGIN, { now: () => now });
  const attempt = (token: string) => askConsole(gateway.adminUrl, '/console/login', { form: { token } });
  for (let i = 0; i < 10; i++) expect((await attempt(`guess-${i}`)).status).toBe(401);
  const limited = await attempt('guess-10');
  expect([limited.status, Number(limited.headers.get('retry-after')) > 0]).toEqual([429, true]);
  expect((await attempt(ADMIN_TOKEN)).status).toBe(429);
  now += 61_000;
  expect((await attempt(ADMIN_TOKEN)).status).toBe(303);
});

test('the login, the pages and the admin API count the attempts of a client together', async () => {
  let now = Date.now();
  const { gateway } = await startConsoleScenario(WITH_LOGIN, { now: () => now });
  const statusOf = async (path: string, token: string) => {
    const response = await fetch(gateway.adminUrl + path, { headers: { Authorization: `Bearer ${token}` } });
    return [response.status, response.headers.has('retry-after')];
  };
  for (let i = 0; i < 12; i++) expect(await statusOf('/status', ADMIN_TOKEN)).toEqual([200, false]);
  for (let i = 0; i < 12; i++) expect(await statusOf('/metrics', 'rotated')).toEqual([401, false]);
  for (let i = 0; i < 4; i++) expect(await statusOf('/status', `api-${i}`)).toEqual([401, false]);
  for (let i = 0; i < 4; i++) expect(await statusOf('/console/', `page-${i}`)).toEqual([401, false]);
  expect(await statusOf('/status', 'eleventh')).toEqual([429, true]);
  for (const path of ['/status', '/metrics', '/revocations', '/console/'])
    expect([path, await statusOf(path, ADMIN_TOKEN)]).toEqual([path, [429, true]]);
  expect(await statusOf('/livez', 'any')).toEqual([200, false]);
  const login = await askConsole(gateway.adminUrl, '/console/login', { form: { token: ADMIN_TOKEN } });
  expect(login.status).toBe(429);
  now += 61_000;
  expect(await statusOf('/status', ADMIN_TOKEN)).toEqual([200, false]);
});

test('repeated logins with the right token are not limited', async () => {
  const { gateway } = await startConsoleScenario(WITH_LOGIN);
  for (let i = 0; i < 12; i++) expect(await logIn(gateway.adminUrl)).toMatch(/^gatehouse-\d+=/);
});

test('a session ends after 8 hours', async () => {
  let now = Date.now();
  const { gateway } = await startConsoleScenario(WITH_LOGIN, { now: () => now });
  const cookie = await logIn(gateway.adminUrl);
  const status = async () => (await askConsole(gateway.adminUrl, '/console/', { cookie })).status;
  now += 8 * 3_600_000 - 1;
  expect(await status()).toBe(200);
  now += 1;
  expect(await status()).toBe(303);
});

test('a rotated token ends sessions', async () => {
  const { gateway } = await startConsoleScenario(WITH_LOGIN);
  const cookie = await logIn(gateway.adminUrl);
  const status = async () => (await askConsole(gateway.adminUrl, '/console/', { cookie })).status;
  expect(await status()).toBe(200);
  writeFileSync(join(gateway.folder, 'admin-token'), 'another-token\n');
  await eventually('the end of the session', async () => (await status()) === 303);
  expect(await logIn(gateway.adminUrl, 'another-token')).toBeDefined();
});

test('the login leads to addresses of the console only', async () => {
  const { gateway } = await startConsoleScenario(WITH_LOGIN);
  const targets = [
    'https://attacker.example/',
    '//attacker.example/',
    '/console//attacker.example\\',
    '/status',
  ];
  for (const next of targets) {
    const form = { token: ADMIN_TOKEN, next };
    const { headers } = await askConsole(gateway.adminUrl, '/console/login', { form });
    expect(headers.get('location')).toBe('/console/');
    const page = await askConsole(gateway.adminUrl, `/console/login?next=${encodeURIComponent(next)}`);
    expect(page.body).not.toContain('attacker');
  }
  const form = { token: ADMIN_TOKEN, next: '/console/revocations?q=acme%2Fshop' };
  const { headers } = await askConsole(gateway.adminUrl, '/console/login', { form });
  expect(headers.get('location')).toBe('/console/revocations?q=acme%2Fshop');
});

test('clients other than browsers get 401, and may send the token', async () => {
  const { gateway } = await startConsoleScenario(WITH_LOGIN);
  const ask = (headers: Record<string, string>) =>
    fetch(`${gateway.adminUrl}/console/`, { headers, redirect: 'manual' });
  const refused = await ask({});
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
    401,
    'Bearer realm="gatehouse admin"',
  ]);
  expect((await ask({ Authorization: 'Bearer wrong' })).status).toBe(401);
  expect((await ask({ Authorization: `Bearer ${ADMIN_TOKEN}` })).status).toBe(200);
});
