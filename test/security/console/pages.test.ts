/** W5, W6: headers and content of the pages: no inline code, no secret, every value escaped. */
import { expect, test } from 'vitest';
import { ADMIN_TOKEN, askConsole, csrfOf, logIn } from '../../support/console/ask-console.ts';
import { startConsoleScenario, WITH_LOGIN } from '../../support/console/console-scenario.ts';
import { rawResponse } from '../../support/raw-client.ts';
import { startSampleConsole } from '../../support/console/sample-console.ts';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** The addresses in the navigation of a page. */
function navigationOf(body: string): readonly string[] {
  const navigation = /<nav [\s\S]*?<\/nav>/.exec(body)?.[0] ?? '';
  return [...navigation.matchAll(/href="([^"]+)"/g)].map(([, address]) => address ?? '');
}

test('every page has the security headers and no inline code, also in an empty gateway', async () => {
  const { gateway } = await startConsoleScenario(WITH_LOGIN);
  const { adminUrl } = gateway;
  const cookie = await logIn(adminUrl);
  const pages = navigationOf((await askConsole(adminUrl, '/console/', { cookie })).body);
  expect(pages).toContain('/console/revocations');
  for (const path of [...pages, '/console/login', '/console/unknown', '/console/revocations?q=<b>']) {
    const { status, headers, body } = await askConsole(adminUrl, path, { cookie });
    expect([path, status]).toEqual([path, path === '/console/unknown' ? 404 : 200]);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-security-policy': POLICY,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'content-type': 'text/html; charset=UTF-8',
    });
    expect(body).not.toMatch(
      /<style|<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=|javascript:|https?:\/\/(?!127\.0\.0\.1)/,
    );
    if (path !== '/console/login') expect(navigationOf(body)).toEqual(pages);
  }
});

test('assets are revalidated by their ETag', async () => {
  const { gateway } = await startConsoleScenario(WITH_LOGIN);
  for (const name of ['console.css', 'console.js', 'icon.svg']) {
    const asset = await askConsole(gateway.adminUrl, `/console/assets/${name}`);
    expect([name, asset.status]).toEqual([name, 200]);
    expect(asset.headers.get('content-security-policy')).toBe(POLICY);
    const headers = [`If-None-Match: ${asset.headers.get('etag')}`];
    const again = await askConsole(gateway.adminUrl, `/console/assets/${name}`, { headers });
    expect([again.status, again.body]).toEqual([304, '']);
  }
  const outside = await askConsole(gateway.adminUrl, '/console/assets/..%2fconsole.ts');
  expect(outside.body).not.toContain('import');
});

test('every value is escaped', async () => {
  const { gateway } = await startConsoleScenario(WITH_LOGIN);
  const { adminUrl } = gateway;
  const cookie = await logIn(adminUrl);
  const hostile = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;`;
  const csrf = csrfOf(await askConsole(adminUrl, '/console/revocations', { cookie }));
  const form = { csrf, target: 'jti', value: hostile, issuer: 'gitlab', reason: hostile, expires: '' };
  expect((await askConsole(adminUrl, '/console/revocations', { cookie, form })).status).toBe(303);
  const list = await askConsole(adminUrl, '/console/revocations', { cookie });
  const confirm = /href="(\/console\/revocations\/[^"]+)"/.exec(list.body)?.[1] ?? '';
  const quoted = encodeURIComponent(hostile);
  const pages = [
    list,
    await askConsole(adminUrl, confirm, { cookie }),
    await askConsole(adminUrl, `/console/revocations?q=${quoted}`, { cookie }),
    await askConsole(adminUrl, '/console/revocations', { cookie, form: { ...form, reason: '' } }),
  ];
  for (const { body } of pages) {
    expect(body).toContain('&quot;&gt;&lt;script&gt;alert(1)');
    expect(body).not.toMatch(/<script>|<img/);
  }
  const login = await askConsole(adminUrl, `/console/login?next=${quoted}`);
  expect(login.body).not.toContain('alert(');
  const unknown = await askConsole(adminUrl, `/console/%3Cscript%3Ealert(1)`, { cookie });
  expect(unknown.body).not.toContain('<script>alert');
});

test('claims and headers of requests are escaped on every page and on the pages that they link', async () => {
  const { gateway, issuer } = await startConsoleScenario(WITH_LOGIN);
  const hostile = `"><img src=x onerror=alert(1)><script>alert(2)</script>`;
  for (const claims of [
    { sub: hostile, project_path: hostile },
    { sub: hostile, project_id: '99' },
  ]) {
    const lines = [
      `GET /orders/${encodeURIComponent(hostile)} HTTP/1.1`,
      'Host: gateway.example.com',
      'Connection: close',
      `Authorization: Bearer ${issuer.mint(claims)}`,
      `User-Agent: ${hostile}`,
      `X-Request-Id: ${hostile}`,
    ];
    await rawResponse(gateway.port, `${lines.join('\r\n')}\r\n\r\n`, { quiet: 10_000 });
  }
  const { adminUrl } = gateway;
  const cookie = await logIn(adminUrl);
  const seen = new Set(['/console/']);
  for (const path of seen) {
    const { body } = await askConsole(adminUrl, path, { cookie });
    expect([path, /<script>|<img/.exec(body)]).toEqual([path, null]);
    const links = [...body.matchAll(/href="(\/console\/[^"]*)"/g)].map(([, link]) => link ?? '');
    for (const link of links) if (seen.size < 60) seen.add(link.replaceAll('&amp;', '&'));
  }
  expect(seen.size).toBeGreaterThan(3);
});

test('no page contains a token or a secret', async () => {
  const { gateway, token, secrets, requestOfEachKind } = await startSampleConsole();
  await requestOfEachKind();
  const { adminUrl } = gateway;
  const cookie = await logIn(adminUrl);
  const session = cookie.slice(cookie.indexOf('=') + 1);
  const pages = navigationOf((await askConsole(adminUrl, '/console/', { cookie })).body);
  for (const path of [...pages, '/console/login', '/console/unknown']) {
    const { head, body } = await askConsole(adminUrl, path, { cookie });
    for (const secret of [ADMIN_TOKEN, token, token.split('.')[2] ?? '', session, ...secrets]) {
      expect([path, `${head}${body}`.includes(secret)]).toEqual([path, false]);
    }
  }
});
