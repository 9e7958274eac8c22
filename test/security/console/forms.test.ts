/** W3: changes need a login, `write: true` and a form of the console itself (CSRF). */
import { expect, test } from 'vitest';
import { ADMIN_TOKEN, askConsole, csrfOf, logIn } from '../../support/console/ask-console.ts';
import { startConsoleScenario, WITH_LOGIN } from '../../support/console/console-scenario.ts';

const PATH = '/console/revocations';
const REVOCATION = { target: 'project', value: 'acme/payments', issuer: '', reason: 'leaked', expires: '' };

async function setUp(admin = WITH_LOGIN) {
  const { gateway } = await startConsoleScenario(admin);
  const { adminUrl } = gateway;
  const cookie = await logIn(adminUrl);
  const csrf = csrfOf(await askConsole(adminUrl, PATH, { cookie }));
  const count = async (): Promise<number> => {
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` };
    const response = await fetch(`${adminUrl}/revocations`, { headers });
    return ((await response.json()) as { revocations: unknown[] }).revocations.length;
  };
  return { adminUrl, cookie, csrf, count };
}

test('a revocation is added and deleted by forms', async () => {
  const { adminUrl, cookie, csrf, count } = await setUp();
  const added = await askConsole(adminUrl, PATH, { cookie, form: { ...REVOCATION, csrf, expires: '1d' } });
  expect([added.status, added.headers.get('location')]).toEqual([303, `${PATH}?done=added`]);
  expect(await count()).toBe(1);
  const list = await askConsole(adminUrl, PATH, { cookie });
  const address = /href="(\/console\/revocations\/[^"]+)"/.exec(list.body)?.[1] ?? '';
  const confirm = await askConsole(adminUrl, address, { cookie });
  expect([confirm.status, confirm.body.includes('Delete this revocation')]).toEqual([200, true]);
  expect(await count()).toBe(1);
  const deleted = await askConsole(adminUrl, `${address}/delete`, { cookie, form: { csrf } });
  expect([deleted.status, await count()]).toEqual([303, 0]);
  expect((await askConsole(adminUrl, `${address}/delete`, { cookie, form: { csrf } })).status).toBe(404);
});

test('a revocation that would have no effect is refused, and the form keeps its values', async () => {
  const { adminUrl, cookie, csrf, count } = await setUp();
  for (const change of [{ value: 'acme' }, { reason: ' ' }, { target: 'jti' }, { expires: '1x' }]) {
    const refused = await askConsole(adminUrl, PATH, { cookie, form: { ...REVOCATION, csrf, ...change } });
    expect([change, refused.status, refused.body.includes('role="alert"')]).toEqual([change, 400, true]);
    expect(refused.body).toContain('value="acme');
  }
  expect(await count()).toBe(0);
});

test('a form needs the CSRF token of its session', async () => {
  const { adminUrl, cookie, csrf, count } = await setUp();
  const ofAnotherSession = csrfOf(await askConsole(adminUrl, PATH, { cookie: await logIn(adminUrl) }));
  expect(ofAnotherSession).not.toBe(csrf);
  for (const form of [REVOCATION, { ...REVOCATION, csrf: '' }, { ...REVOCATION, csrf: ofAnotherSession }]) {
    expect((await askConsole(adminUrl, PATH, { cookie, form })).status).toBe(403);
  }
  expect(await count()).toBe(0);
});

test.each([
  ['Origin: http://attacker.example'],
  ['Origin: null'],
  ['Origin: http://127.0.0.1:1'],
  ['Sec-Fetch-Site: cross-site'],
  ['Sec-Fetch-Site: same-site'],
  ['Sec-Fetch-Site: none'],
])('a form of another site is refused: %s', async (header) => {
  const { adminUrl, cookie, csrf, count } = await setUp();
  const request = { cookie, form: { ...REVOCATION, csrf }, headers: [header] };
  expect((await askConsole(adminUrl, PATH, request)).status).toBe(403);
  const form = { token: ADMIN_TOKEN };
  const login = await askConsole(adminUrl, '/console/login', { form, headers: [header] });
  expect([login.status, login.headers.has('set-cookie')]).toEqual([403, false]);
  expect(await count()).toBe(0);
});

test('a reason with bidirectional controls is shown escaped', async () => {
  const { gateway } = await startConsoleScenario(WITH_LOGIN);
  const headers = { Authorization: `Bearer ${ADMIN_TOKEN}`, 'Content-Type': 'application/json' };
  const body = JSON.stringify({ project: 'acme/app', reason: 'stolen \u202Egnp.exe' });
  await (await fetch(`${gateway.adminUrl}/revocations`, { method: 'POST', headers, body })).text();
  const cookie = await logIn(gateway.adminUrl);
  const page = await askConsole(gateway.adminUrl, '/console/revocations', { cookie });
  expect(page.body).toContain('stolen \\u202egnp.exe');
  expect(page.body).not.toContain('\u202E');
});

test('a browser of the same site is accepted', async () => {
  const { adminUrl, cookie, csrf, count } = await setUp();
  const headers = [`Origin: ${adminUrl}`, 'Sec-Fetch-Site: same-origin'];
  const added = await askConsole(adminUrl, PATH, { cookie, headers, form: { ...REVOCATION, csrf } });
  expect([added.status, await count()]).toEqual([303, 1]);
});

test.each(['console: true', 'console: { write: false }'])('%s is read-only', async (key) => {
  const { gateway } = await startConsoleScenario(`tokenFile: admin-token, ${key}`);
  const cookie = await logIn(gateway.adminUrl);
  const page = await askConsole(gateway.adminUrl, PATH, { cookie });
  expect(page.body).not.toContain('name="target"');
  const refused = await askConsole(gateway.adminUrl, PATH, {
    cookie,
    form: { ...REVOCATION, csrf: csrfOf(page) },
  });
  expect([refused.status, refused.body.includes('read-only')]).toEqual([403, true]);
});

test('without a token, nothing can be changed', async () => {
  const { gateway } = await startConsoleScenario();
  for (const path of [PATH, `${PATH}/x/delete`, '/console/logout']) {
    expect((await askConsole(gateway.adminUrl, path, { form: REVOCATION })).status).toBe(403);
  }
});

test('other methods, types and repeated fields are refused', async () => {
  const { adminUrl, cookie, csrf } = await setUp();
  expect((await askConsole(adminUrl, PATH, { cookie, method: 'PUT' })).status).toBe(405);
  const body = `csrf=${csrf}&target=project&target=issuer&value=a&reason=b`;
  const post = (type: string) =>
    fetch(`${adminUrl}${PATH}`, {
      method: 'POST',
      headers: { Cookie: cookie, 'Content-Type': type },
      body,
      redirect: 'manual',
    });
  expect((await post('application/x-www-form-urlencoded')).status).toBe(415);
  expect((await post('text/plain')).status).toBe(415);
  const large = await fetch(`${adminUrl}${PATH}`, {
    method: 'POST',
    headers: { Cookie: cookie, 'Content-Type': 'application/x-www-form-urlencoded' },
    body: `csrf=${csrf}&value=${'a'.repeat(200_000)}`,
  });
  expect(large.status).toBe(400);
});
