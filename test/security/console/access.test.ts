/** W1, W2: the console requires a login where a token is configured, and serves known hosts only. */
import { expect, test } from 'vitest';
import { ADMIN_TOKEN, askConsole, csrfOf, logIn } from '../../support/console/ask-console.ts';
import { startConsoleScenario, WITH_LOGIN } from '../../support/console/console-scenario.ts';

test('on loopback without a token, the console is open and read-only', async () => {
  const { gateway } = await startConsoleScenario();
  const page = await askConsole(gateway.adminUrl, '/console/');
  expect(page.status).toBe(200);
  expect(page.body).toContain('read-only');
});

test('with a token, the console requires a login', async () => {
  const { gateway } = await startConsoleScenario(WITH_LOGIN);
  const { status, headers } = await askConsole(gateway.adminUrl, '/console/?a=b');
  expect([status, headers.get('location')]).toEqual([303, '/console/login?next=%2Fconsole%2F%3Fa%3Db']);
  expect((await askConsole(gateway.adminUrl, '/console/', { cookie: 'gatehouse=x' })).status).toBe(303);
  const cookie = await logIn(gateway.adminUrl);
  const page = await askConsole(gateway.adminUrl, '/console/', { cookie });
  expect([page.status, page.body.includes('read and write')]).toEqual([200, true]);
});

test('the session cookie belongs to the port and is not readable by scripts', async () => {
  const { gateway } = await startConsoleScenario(WITH_LOGIN);
  const form = { token: ADMIN_TOKEN };
  const plain = await askConsole(gateway.adminUrl, '/console/login', { host: 'localhost:9091', form });
  expect(plain.headers.get('set-cookie')).toMatch(
    /^gatehouse-9091=[\w-]{43}; Max-Age=28800; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  const headers = ['Origin: https://localhost:9091'];
  const secure = await askConsole(gateway.adminUrl, '/console/login', {
    host: 'localhost:9091',
    form,
    headers,
  });
  expect(secure.headers.get('set-cookie')).toMatch(
    /^__Host-gatehouse=[\w-]{43}; Max-Age=28800; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
  );
});

test('a session cookie of another gateway does not displace the session', async () => {
  const { gateway } = await startConsoleScenario(WITH_LOGIN);
  const session = await logIn(gateway.adminUrl);
  const cookie = `__Host-gatehouse=${'x'.repeat(43)}; ${session}`;
  const page = await askConsole(gateway.adminUrl, '/console/', { cookie });
  expect(page.status).toBe(200);
  const form = { csrf: csrfOf(page) };
  expect((await askConsole(gateway.adminUrl, '/console/logout', { cookie, form })).status).toBe(303);
  expect((await askConsole(gateway.adminUrl, '/console/', { cookie: session })).status).toBe(303);
});

test.each([
  ['cross-site', 'image', 403],
  ['same-site', 'script', 403],
  ['cross-site', 'iframe', 403],
  ['cross-site', 'document', 200],
  ['same-origin', 'style', 200],
  ['none', 'document', 200],
])('a request from %s for a destination %s: %d', async (site, destination, status) => {
  const { gateway } = await startConsoleScenario();
  const headers = [`Sec-Fetch-Site: ${site}`, `Sec-Fetch-Dest: ${destination}`];
  const path = '/console/access?scope=read_api';
  expect((await askConsole(gateway.adminUrl, path, { headers })).status).toBe(status);
});

test('a logout ends the session', async () => {
  const { gateway } = await startConsoleScenario(WITH_LOGIN);
  const cookie = await logIn(gateway.adminUrl);
  const csrf = csrfOf(await askConsole(gateway.adminUrl, '/console/', { cookie }));
  const refused = await askConsole(gateway.adminUrl, '/console/logout', { cookie, form: { csrf: 'x' } });
  expect(refused.status).toBe(403);
  expect((await askConsole(gateway.adminUrl, '/console/', { cookie })).status).toBe(200);
  expect((await askConsole(gateway.adminUrl, '/console/logout', { cookie, form: { csrf } })).status).toBe(
    303,
  );
  expect((await askConsole(gateway.adminUrl, '/console/', { cookie })).status).toBe(303);
});

test.each(['attacker.example', '10.1.2.3:9090', 'localhost.attacker.example', '127.0.0.1.nip.io'])(
  'Host %s is misdirected',
  async (host) => {
    const { gateway } = await startConsoleScenario(
      `${WITH_LOGIN}, hosts: [Console.example.com, 10.9.8.7, "fd00::7"]`,
    );
    expect((await askConsole(gateway.adminUrl, '/console/login', { host })).status).toBe(421);
    expect((await askConsole(gateway.adminUrl, '/console/assets/console.css', { host })).status).toBe(421);
    for (const known of ['console.EXAMPLE.com:444', '10.9.8.7:9090', '[fd00::7]', 'localhost', '[::1]:1']) {
      expect((await askConsole(gateway.adminUrl, '/console/login', { host: known })).status).toBe(200);
    }
  },
);

test('the console can be turned off, also by a reload', async () => {
  const { gateway } = await startConsoleScenario('console: false');
  const status = async () => (await askConsole(gateway.adminUrl, '/console/')).status;
  expect(await status()).toBe(404);
  expect(await gateway.reload((yaml) => yaml.replace('console: false', 'console: true'))).toBe(true);
  expect(await status()).toBe(200);
  expect(await gateway.reload((yaml) => yaml.replace('console: true', 'console: false'))).toBe(true);
  expect(await status()).toBe(404);
});

test('a path of the console reaches no endpoint of the API without the token', async () => {
  const { gateway } = await startConsoleScenario(WITH_LOGIN);
  for (const path of [
    '/console/../status',
    '/console/%2e%2e/status',
    '/console/..%2fstatus',
    '//console/../metrics',
  ]) {
    const { status, body } = await askConsole(gateway.adminUrl, path);
    expect([path, body.includes('"version"'), body.includes('gatehouse_')]).toEqual([path, false, false]);
    expect([401, 303, 404]).toContain(status);
  }
});
