import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { createAuthority } from '../support/certificates.ts';
import { one, render } from '../support/chart.ts';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import type { TestGateway } from '../support/gateway.ts';
import { startIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { startPrometheus } from '../support/prometheus.ts';
import { readText, ROOT } from '../support/repository.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { run } from '../support/run.ts';
import { startScenario } from '../support/scenario.ts';
import { findTool } from '../support/tools.ts';

const keep = cleanUp();
const RULES = 'helm/gatehouse/files/rules.yaml';
const TOKEN = 'canary-admin-token';

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert?: string;
      readonly record?: string;
      readonly expr: string;
      readonly annotations?: Readonly<Record<string, string>>;
    }[];
  }[];
}

const rules = (parse(readText(RULES)) as Rules).groups.flatMap((group) => group.rules);
const alerts = rules.flatMap(({ alert }) => (alert === undefined ? [] : [alert]));

interface Dashboard {
  readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
  readonly templating: { readonly list: readonly { readonly definition?: string }[] };
}

const dashboard = JSON.parse(readText('helm/gatehouse/dashboards/gatehouse.json')) as Dashboard;
const shown = [
  ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...dashboard.templating.list.flatMap(({ definition }) => definition ?? []),
];

/** A gateway in which every metric has a value. */
async function busyGateway(server = ''): Promise<TestGateway> {
  const { gateway, token } = await startScenario({
    backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
    token: ({ issuer }) => issuer.mint({ sub: 'ci', aud: 'gateway' }),
    files: { token: TOKEN, 'ca.pem': createAuthority('metrics').certificate },
    ...(server === '' ? {} : { server }),
    config: ({ issuer, upstream }) => `
issuers:
  gitlab: { type: oidc, issuer: "${issuer.url}", audiences: [gateway], caFile: ca.pem }
identities:
  ci: { issuer: gitlab, match: { sub: ci }, grants: [{ service: orders, scopes: [read_api], resources: ["**"] }] }
services:
  orders:
    type: http
    path: /orders/
    upstream: { url: "${upstream.url}/" }
    anonymous: [{ scopes: [read_api], resources: ["/open"] }]
`,
  });
  for (const _ of [1, 2]) {
    const ok = await fetch(`${gateway.url}/orders/x`, { headers: { Authorization: `Bearer ${token}` } });
    expect(ok.status).toBe(200);
  }
  expect((await fetch(`${gateway.url}/orders/open`)).status).toBe(200);
  expect((await fetch(`${gateway.url}/orders/x`)).status).toBe(401);
  return gateway;
}

/** The metric names in an expression; names of recording rules contain colons. */
function namesIn(expression: string): readonly string[] {
  return expression.match(/(?<![\w:$])(?:gatehouse|process|nodejs)_\w+(?![\w:])/g) ?? [];
}

test('every metric used by the dashboard and the alerts is exposed', async () => {
  const gateway = await busyGateway();
  const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  const exposed = new Set(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
  const named = new Set([...shown, ...rules.map(({ expr }) => expr)].flatMap(namesIn));
  expect(named.size).toBeGreaterThan(18);
  expect([...named].filter((name) => !exposed.has(name))).toEqual([]);
  // The reverse: every gateway metric is used by the dashboard or the alerts.
  const unseen = [...exposed].filter((name) => name.startsWith('gatehouse_') && !/_(sum|count)$/.test(name));
  expect(unseen.filter((name) => !named.has(name) && !UNSEEN.has(name))).toEqual([]);
});

/** For manual inspection: the time of the last reload, and whether `gatehouse.nearest` is absent from audit events. */
const UNSEEN = new Set(['gatehouse_config_last_reload_timestamp_seconds', 'gatehouse_nearest_skipped_total']);

test('every alert has a runbook', () => {
  const page = readText('docs/operations/runbook.md');
  expect(alerts.length).toBeGreaterThan(8);
  expect(alerts.filter((alert) => !page.includes(`\n### ${alert}\n`))).toEqual([]);
});

needs('promtool').test(
  'the alerts fire under their conditions only',
  async () => {
    const promtool = findTool('promtool') ?? 'promtool';
    const check = await run(promtool, ['check', 'rules', join(ROOT, RULES)]);
    expect(check).toExitWith(0);
    const tests = ['test/helm/rules.test.yaml', 'test/helm/certificate-rules.test.yaml'];
    const tested = await run(promtool, ['test', 'rules', ...tests], { cwd: ROOT });
    expect(tested).toExitWith(0);
    const text = tests.map(readText).join('');
    expect(alerts.filter((alert) => !text.includes(`alertname: ${alert}`))).toEqual([]);
  },
  180_000,
);

needs('promtool').test('the chart’s PrometheusRule contains valid rules', async () => {
  const { spec } = one(await render('monitoring'), 'PrometheusRule');
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-rules-'));
  keep({ close: () => rmSync(folder, { recursive: true, force: true }) });
  writeFileSync(join(folder, 'rules.yaml'), JSON.stringify(spec));
  const check = await run(findTool('promtool') ?? 'promtool', ['check', 'rules', join(folder, 'rules.yaml')]);
  expect(check).toExitWith(0);
  const rendered = (spec as Rules).groups.flatMap((group) => group.rules);
  expect(rendered.flatMap(({ alert }) => alert ?? [])).toEqual(alerts);
  expect(rendered.find(({ alert }) => alert === 'GatehouseDown')?.annotations?.['runbook_url']).toBe(
    'https://docs.example.com/gatehouse/operations#gatehousedown',
  );
});

needs('prometheus').test(
  'Prometheus scrapes a running gateway with its token and fails without it',
  async () => {
    const server = `server:
  listen: 127.0.0.1:0
  publicUrl: https://gateway.example.com
  admin: { listen: 127.0.0.1:0, tokenFile: token }
  limits: { drain: 500ms }
`;
    const gateway = await busyGateway(server);
    const targets = [{ targets: [new URL(gateway.adminUrl).host] }];
    const job = { scrape_interval: '1s', scrape_timeout: '1s', honor_labels: true, static_configs: targets };
    const prometheus = keep(
      await startPrometheus({
        global: { evaluation_interval: '1s' },
        scrape_configs: [
          { ...job, job_name: 'gatehouse', authorization: { credentials: TOKEN } },
          { ...job, job_name: 'stranger', authorization: { credentials: 'wrong' } },
        ],
        rule_files: [join(ROOT, RULES)],
      }),
    );
    const [requests] = await eventually(
      'requests are counted',
      async () => {
        const seen = await prometheus.query('gatehouse_requests_total{service="orders",status="2xx"}');
        return seen.length > 0 && seen;
      },
      20_000,
    );
    expect(requests).toMatchObject({ metric: { job: 'gatehouse', method: 'GET', type: 'http' } });
    expect(requests?.value[1]).toBe('3');
    await eventually('the stranger is refused', async () =>
      (await prometheus.targets()).some(({ lastError }) => lastError.includes('401')),
    );
    expect(await prometheus.query('up == 1')).toHaveLength(1);
    // Prometheus evaluates every valid rule and parses every expression of the dashboard.
    await eventually('the rules are evaluated', async () =>
      (await prometheus.rules()).every(({ health }) => health === 'ok'),
    );
    expect(await prometheus.rules()).toHaveLength(rules.length);
    for (const expression of shown.filter((each) => !each.startsWith('label_values'))) {
      const concrete = expression
        .replaceAll('$__rate_interval', '1m')
        .replaceAll(/"\$(?:namespace|service)"/g, '".*"');
      expect(await prometheus.query(concrete), concrete).toBeDefined();
    }
  },
  90_000,
);
