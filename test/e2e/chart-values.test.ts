/** The chart refuses values that the gateway would refuse, before a cluster sees them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { CHART, one, render, renderFile, type Rendered } from '../support/chart.ts';
import { mountChart } from '../support/chart-pod.ts';
import { chartValuesSchema, VALUES_SCHEMA } from '../support/chart-values-schema.ts';
import { cleanUp } from '../support/clean-up.ts';
import { gatehouse } from '../support/gateway-process.ts';
import { readText, ROOT } from '../support/repository.ts';

const keep = cleanUp();

/** Renders the chart with these values alone. */
async function renderValues(values: string): Promise<Rendered> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-values-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'values.yaml'), values);
  return renderFile(join(folder, 'values.yaml'));
}

describe('the schema of config', () => {
  test('is the JSON Schema of the configuration', () => {
    const remedy = 'run node test/support/chart-values-schema.ts';
    expect(readFileSync(VALUES_SCHEMA, 'utf8'), remedy).toBe(chartValuesSchema());
  });

  const examples = readdirSync(join(ROOT, 'config')).filter((name) => /(?<![.]test)[.]yaml$/.test(name));
  test.each(examples)('accepts config/%s', async (name) => {
    const {
      version: _,
      server,
      state: _state,
      ...config
    } = parse(readText(`config/${name}`)) as {
      readonly version: number;
      readonly server: Readonly<Record<string, unknown>>;
      readonly state: unknown;
      readonly identities?: object;
    };
    const { listen: _listen, admin: _admin, tls: _tls, limits: _limits, ...rest } = server;
    const identities = Object.entries(config.identities ?? {}).map(([key, value]) => ({
      name: key,
      ...(value as object),
    }));
    const rendered = await renderValues(JSON.stringify({ config: { ...config, server: rest, identities } }));
    expect(rendered).toExitWith(0);
  });

  test.each([
    ['an unknown section', 'config.isuers.x=1', "'isuers' not allowed"],
    ['an unknown key of a service', 'config.services.orders.upstrem.url=x', "'upstrem' not allowed"],
    ['an unknown type of a service', 'config.services.orders.type=htpp', '/config/services/orders/type'],
    ['a duration without a unit', 'config.server.limits.bodyIdle=60', '/config/server/limits/bodyIdle'],
    ['an unknown key of an issuer', 'config.issuers.gitlab.jwksURL=x', "'jwksURL' not allowed"],
  ])('%s does not render', async (_, set, why) => {
    const rendered = await render('minimal', set);
    expect(rendered).not.toExitWith(0);
    expect(rendered.stderr).toContain(why);
    // About the type in question, not about all of them.
    expect(rendered.stderr.split('\n').length).toBeLessThan(12);
  });

  test('an unknown key of an identity in a list does not render', async () => {
    const { code, stdout, stderr } = await render('kubernetes', 'config.identities[0].isuer=cluster');
    expect({ code, stdout, stderr }).not.toExitWith(0);
    expect(stderr).toContain("at '/config/identities/0': additional properties 'isuer' not allowed");
  });
});

test.each([
  ['no YAML', 'identities: [', '10-x.yaml is not a YAML mapping'],
  ['a tab as indentation', 'identities:\n\tpayments: {}', '10-x.yaml is not a YAML mapping'],
  ['a list', '- name: payments', '10-x.yaml is not a YAML mapping'],
])('configFiles with %s do not render', async (_, text, why) => {
  const values = { config: { services: {} }, configFiles: { '10-x.yaml': text } };
  const { code, stdout, stderr } = await renderValues(JSON.stringify(values));
  expect({ code, stdout, stderr }).not.toExitWith(0);
  expect(stderr).toContain(why);
});

test.each([
  ['replicas=2', 'replicas was renamed: write replicaCount instead'],
  ['automountServiceAccountToken=true', 'write serviceAccount.automount instead'],
  ['sidecars[0].name=x', 'write extraContainers instead'],
  [
    'ingress.hosts[0]=gateway.example.com',
    'write { host: gateway.example.com, paths: [{ path: /, pathType: Prefix }] } instead',
  ],
  [
    'ingress.hosts[0]=gateway.example.com,ingress.enabled=true',
    'write { host: gateway.example.com, paths: [{ path: /, pathType: Prefix }] } instead',
  ],
])('the earlier value %s is refused with the present name', async (set, why) => {
  const { code, stdout, stderr } = await render('minimal', set);
  expect({ code, stdout, stderr }).not.toExitWith(0);
  expect(stderr).toContain(why);
});

test('large numbers reach the gateway as they are written', async () => {
  const rendered = await renderValues(
    `config: { identities: [{ name: a, issuer: gitlab, match: { project_id: 12345678, ref_protected: true } }] }`,
  );
  expect(one(rendered, 'ConfigMap', 'gatehouse-config').data?.['gatehouse.yaml']).toContain(
    'project_id: 12345678\n',
  );
});

describe('the examples of the README', () => {
  const blocks = [
    ...readFileSync(join(CHART, 'README.md'), 'utf8').matchAll(
      /^### (.*)\n(?:(?!^#).*\n)*?```yaml\n((?:.*\n)*?)```/gm,
    ),
  ].map(([, title = '', text = '']) => [title, text] as const);

  test('are found', () => {
    expect(blocks).toHaveLength(4);
  });

  test.each(blocks)('%s: renders, and the gateway accepts the configuration', async (_, text) => {
    const rendered = await renderValues(text);
    expect(rendered).toExitWith(0);
    const secrets = {
      'gatehouse-files': { 'registry-password': 'password-of-the-registry' },
      'gatehouse-redis': { url: 'rediss://redis.internal:6379' },
      'gatehouse-signing': { 'signing.pem': 'key' },
    };
    const pod = keep(mountChart(rendered, secrets));
    const check = await gatehouse('check', '--config', pod.config);
    expect(check).toExitWith(0);
  });
});
