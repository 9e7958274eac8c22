import { Hono } from 'hono';
import { expect, test } from 'vitest';
import type { ConsoleEnv, ConsolePage } from '../../../src/admin/console/console-page.ts';
import { layout } from '../../../src/admin/console/layout.ts';
import { deployTokensPage } from '../../../src/admin/console/pages/deploy-tokens.ts';
import { overviewPage } from '../../../src/admin/console/pages/overview/overview.ts';

const NOW = Date.parse('2026-11-27T12:00:00Z');
const PROCESS = { clock: { now: () => NOW }, startedAt: NOW - 100 * 86_400_000 };

const STORE = {
  kind: 'redis',
  errors: 0,
  reachable: true,
  degraded: false,
  lastSuccess: NOW,
  lastError: undefined,
  dataLosses: 0,
} as const;

type OverviewPorts = Parameters<typeof overviewPage>[0];

const STATUS: ReturnType<OverviewPorts['status']> = {
  version: '1.2.3',
  config: 'aaaabbbbcccc',
  reload: { ok: true, at: null, restartNeeded: [], delegated: [] },
  issuers: [],
  store: {
    kind: 'redis',
    reachable: true,
    degraded: false,
    detail: undefined,
    lastSuccess: null,
    lastError: null,
    revocations: { ageSeconds: 0, maxAgeSeconds: 300, usable: true },
  },
  signingKey: { state: 'ready' },
  certificates: [],
  candidate: undefined,
};

/** The text of a page with its frame. */
async function textOf(page: ConsolePage): Promise<string> {
  const frame = {
    pages: [page],
    replica: 'gatehouse-7d9f-x2x4p',
    version: '1.2.3',
    current: '/console',
    visitor: { kind: 'open', canWrite: false, csrf: '' },
  } as const;
  const app = new Hono<ConsoleEnv>();
  app.use(async (context, next) => {
    context.setRenderer((main, head) => context.html(layout(frame, head, main)));
    await next();
  });
  app.route('/', page.app);
  const response = await app.request('/');
  expect(response.status).toBe(200);
  const main = /<main[\s\S]*<\/footer>/.exec(await response.text())?.[0] ?? '';
  return main.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
}

function overview(changes: Partial<OverviewPorts> = {}): Promise<string> {
  return textOf(
    overviewPage({
      ...PROCESS,
      ready: () => ({ ready: true, checks: [{ name: 'revocations', ok: true }] }),
      status: () => STATUS,
      services: () => ({ services: [], intervalMs: 10_000 }),
      store: () => STORE,
      ...changes,
    }),
  );
}

test('an empty gateway without a fault', async () => {
  const text = await overview();
  expect(text).toContain('Ready. Nothing is degraded.');
  expect(text).toContain('The configuration has no services.');
  expect(text).toContain('Replica gatehouse-7d9f-x2x4p · version 1.2.3');
});

test('each degradation has its effect', async () => {
  const text = await overview({
    ready: () => ({
      ready: false,
      checks: [
        { name: 'issuer gitlab', ok: false, detail: 'no answer: its tokens are refused with 503' },
        { name: 'store', ok: true, detail: 'unreachable since 11:58' },
      ],
    }),
    status: () => ({
      ...STATUS,
      reload: {
        ok: false,
        at: '2026-11-27T11:00:00.000Z',
        restartNeeded: ['server.listen'],
        delegated: [{ file: 'team-a.yaml', state: 'previous', problems: ['3:1: unknown key'] }],
      },
      candidate: { ok: false, at: null, config: null, problems: ['5:1: unknown scope'] },
    }),
  });
  expect(text).toContain('Not ready: /readyz is 503');
  expect(text).toContain('failed issuer gitlab : no answer: its tokens are refused with 503.');
  expect(text).toContain('degraded store : unreachable since 11:58. Requests are served.');
  expect(text).toMatch(/the last reload failed.*The last valid configuration stays active/);
  expect(text).toContain('changed keys: server.listen. These keys take effect after a restart.');
  expect(text).toMatch(
    /delegated file team-a\.yaml : 3:1: unknown key\. Its last valid version stays active/,
  );
  expect(text).toMatch(/candidate : 5:1: unknown scope\. No candidate is evaluated/);
});

test('the store has its last calls and the age of the revocations', async () => {
  const revocations = { ageSeconds: 12.3, maxAgeSeconds: 300, usable: true };
  const text = await overview({
    store: () => ({ ...STORE, errors: 3, lastError: { at: NOW - 180_000, detail: 'connection refused' } }),
    status: () => ({ ...STATUS, store: { ...STATUS.store, revocations } }),
  });
  expect(text).toContain('Last success 2026-11-27 12:00:00 0 seconds ago');
  expect(text).toContain('Last failure 2026-11-27 11:57:00 3 minutes ago connection refused Failed calls 3');
  expect(text).toContain('Revocations usable read 12 seconds ago; usable for 5 minutes');
  const never = await overview({
    store: () => ({ ...STORE, lastSuccess: undefined }),
    status: () => ({
      ...STATUS,
      store: { ...STATUS.store, revocations: { ...revocations, ageSeconds: null, usable: false } },
    }),
  });
  expect(never).toContain('Last success none since the start Last failure none since the start');
  expect(never).toContain('Revocations not usable never read; usable for 5 minutes');
});

test('services have the values of the last interval and the sums of all', async () => {
  const quiet = { requests: 0, errors: 0, denials: 0, p95: undefined };
  const samples = [
    { requests: 60, errors: 1, denials: 6, p95: 5 },
    quiet,
    { ...quiet, requests: 40, p95: 0.025 },
  ];
  const text = await overview({
    services: () => ({
      services: [
        { name: 'orders', type: 'http', history: { service: 'orders', samples } },
        { name: 'registry', type: 'oci', history: undefined },
      ],
      intervalMs: 10_000,
    }),
  });
  expect(text).toContain('orders http 4.0/s ≤ 25 ms 1 (1.0 %) 6 (6.0 %)');
  expect(text).toContain('registry oci first values after one interval');
});

test('certificates show the days left, and an effect within 30 days', async () => {
  const certificate = {
    key: 'server.tls.certFile',
    file: undefined,
    subject: 'CN=gateway',
    expires: '2026-12-09T00:00:00.000Z',
  };
  const text = await overview({
    status: () => ({
      ...STATUS,
      certificates: [
        { ...certificate, role: 'listener', daysLeft: -1 },
        { ...certificate, role: 'upstream', key: 'services.orders.upstream', daysLeft: 11 },
        { ...certificate, role: 'ca', key: 'state.redis.caFile', daysLeft: 300 },
      ],
    }),
  });
  expect(text).toMatch(/failed certificate server\.tls\.certFile : has expired\. Clients refuse/);
  expect(text).toMatch(/degraded certificate services\.orders\.upstream : expires in 11 days\. .*502/);
  expect(text).toContain('state.redis.caFile ca 300 2026-12-09 CN=gateway');
});

test('deploy tokens that expire, have expired or are unused for 90 days', async () => {
  const token = { username: 'reader', grants: ['orders: read_api on **'] };
  const text = await textOf(
    deployTokensPage({
      ...PROCESS,
      deployTokens: () => [
        { ...token, name: 'used', expires: '2027-11-27', lastUse: NOW - 3_600_000 },
        { ...token, name: 'soon', expires: '2026-12-09', lastUse: NOW },
        { ...token, name: 'past', expires: '2026-11-27', lastUse: undefined },
        { ...token, name: 'idle', expires: undefined, lastUse: NOW - 90 * 86_400_000 },
      ],
    }),
  );
  expect(text).toMatch(/used valid 2027-11-27 in 364 days 2026-11-27 11:00:00 60 minutes ago/);
  expect(text).toMatch(/soon expires soon 2026-12-09 in 11 days/);
  expect(text).toMatch(/past expired unused 2026-11-27 12 hours ago none recorded/);
  expect(text).toMatch(/idle no expiry unused never 2026-08-29/);
});
