/** `gatehouse replay` of the audit log of a gateway, and of generated logs, as a process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { gatehouse } from '../support/gateway-process.ts';
import { startIssuer } from '../support/issuer.ts';
import { peakMemory } from '../support/peak-memory.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { ROOT } from '../support/repository.ts';
import { run } from '../support/run.ts';
import { useScenario } from '../support/scenario.ts';

const scenario = useScenario({
  backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
  config: ({ issuer, upstream }) => `
issuers:
  gitlab: { type: gitlab, issuer: "${issuer.url}" }
  other: { type: gitlab, issuer: "${issuer.url}/other" }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20", ref: main }
    grants: [{ service: orders, scopes: [read_api], resources: ["/{claims.project_path}/**"] }]
services:
  orders:
    type: http
    path: /orders/
    upstream: { url: "${upstream.url}/" }
    anonymous: [{ scopes: [read_api], resources: [/public/**] }]
  trial:
    type: http
    path: /trial/
    mode: shadow
    upstream: { url: "${upstream.url}/" }
`,
});

/** Request ids by name. */
const ids: Record<string, string> = {};
let yaml: string;

async function ask(name: string, path: string, token?: string, method = 'GET'): Promise<void> {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const answer = await fetch(scenario.gateway.url + path, { method, headers, redirect: 'manual' });
  await answer.text();
  const id = answer.headers.get('x-request-id') ?? '';
  ids[name] = id;
  await scenario.gateway.audited(id);
}

const log = () => join(scenario.gateway.folder, 'audit.log');

beforeAll(async () => {
  const { issuer, gateway } = scenario;
  const claims = { project_id: '20', ref: 'main', project_path: 'acme/payments' };
  const main = issuer.mint(claims);
  await ask('allowed', '/orders/acme/payments/x', main);
  await ask('written', '/orders/acme/payments/x', main, 'POST');
  await ask('feature', '/orders/acme/payments/x', issuer.mint({ ...claims, ref: 'feature' }));
  await ask('anonymous', '/orders/public/x');
  await ask('shadowed', '/trial/x', main);
  await ask('forged', '/orders/acme/payments/x', `${main.slice(0, -8)}AAAAAAAA`);
  await ask('nowhere', '/nothing/', main);
  await ask('redirected', '/orders');
  yaml = readFileSync(join(gateway.folder, 'gatehouse.yaml'), 'utf8');
});

interface Report {
  readonly events: number;
  readonly notEvaluated: number;
  readonly notEvaluatedReasons: readonly { readonly reason: string; readonly events: number }[];
  readonly flips: readonly {
    readonly requestId: string;
    readonly from: string;
    readonly to: string;
    readonly reason: string;
  }[];
}

interface HostileEvent {
  readonly url: { domain: string };
  readonly event: { reason: string };
  readonly gatehouse: { type: string; scopes?: unknown; readonly claims: Record<string, unknown> };
}

/** Replays the log with the policy after an edit. */
async function replay(
  edit: (policy: string) => string,
  files: readonly string[] = [log()],
): Promise<Report & { readonly code: number; readonly stderr: string }> {
  const config = join(scenario.gateway.folder, 'changed.yaml');
  writeFileSync(config, edit(yaml));
  const { code, stdout, stderr } = await gatehouse('replay', '--config', config, '--json', ...files);
  if (stdout === '') throw new Error(stderr);
  return { code, stderr, ...(JSON.parse(stdout) as Report) };
}

const same = (policy: string): string => policy;

describe('replay', () => {
  test('the same policy: exit 0, no flips; events that policy did not decide are counted by reason', async () => {
    const { code, events, flips, notEvaluated, notEvaluatedReasons } = await replay(same);
    expect({ code, events, flips, notEvaluated }).toEqual({ code: 0, events: 8, flips: [], notEvaluated: 3 });
    expect(notEvaluatedReasons).toEqual(
      expect.arrayContaining([
        { reason: 'the credential was not verified', events: 1 },
        { reason: 'refused before or independent of the policy: no_service', events: 1 },
        { reason: 'a response of the gateway itself', events: 1 },
      ]),
    );
  });

  test.each([
    [
      'a removed grant',
      'scopes: [read_api], resources: ["/{',
      'scopes: [write_api], resources: ["/{',
      [
        ['allowed', 'allow', 'deny', 'scope_not_granted'],
        ['written', 'deny', 'allow', 'granted'],
      ],
    ],
    [
      'a wider identity',
      'ref: main',
      'ref: { in: [main, feature] }',
      [['feature', 'deny', 'allow', 'granted']],
    ],
    [
      'a removed anonymous rule',
      '/public/**',
      '/other/**',
      [['anonymous', 'allow', 'deny', 'no_credential']],
    ],
    ['enforce mode', 'mode: shadow', 'mode: enforce', [['shadowed', 'shadow', 'deny', 'scope_not_granted']]],
    [
      'an operation of an http service',
      'path: /orders/',
      'path: /orders/\n    operations: [{ scope: admin, methods: [GET], paths: [/acme/**] }, { scope: read_api, methods: [GET] }]',
      [['allowed', 'allow', 'deny', 'scope_not_granted']],
    ],
    [
      'the issuers of a service',
      'path: /orders/',
      'path: /orders/\n    issuers: [other]',
      [['allowed', 'allow', 'deny', 'issuer_unknown']],
    ],
  ] as const)('%s: exit 1 and the flips', async (_name, from, to, expected) => {
    const { code, flips, stderr } = await replay((policy) => policy.replace(from, to));
    expect(flips).toEqual(
      expected.map(([name, before, after, reason]) => ({
        requestId: ids[name],
        from: before,
        to: after,
        reason,
      })),
    );
    expect({ code, stderr }).toExitWith(1);
  });

  test('a claim that the recorded policy did not refer to: not evaluated instead of a false flip', async () => {
    const { flips, notEvaluatedReasons } = await replay((policy) =>
      policy.replace('ref: main', 'ref: main, user_login: root'),
    );
    expect(flips).toEqual([]);
    expect(notEvaluatedReasons).toContainEqual({
      reason: 'the events do not contain the claim "user_login"',
      events: 3,
    });
  });

  test('rotated and gzipped files, standard input, malformed lines and a truncated last line', async () => {
    const { folder } = scenario.gateway;
    const text = readFileSync(log(), 'utf8');
    const [plain, gzipped] = [join(folder, 'audit.log.1'), join(folder, 'audit.log-20261127.gz')];
    writeFileSync(plain, `${text}not json\n{"message":"of another program"}\n`);
    appendFileSync(plain, text.slice(0, 100));
    writeFileSync(gzipped, gzipSync(text));
    const { code, events, stderr } = await replay(same, [plain, gzipped]);
    expect({ code, events }).toEqual({ code: 0, events: 16 });
    expect(stderr).toContain(`${plain}:9: not valid JSON\n`);
    expect(stderr).not.toContain(`${plain}:11`);

    const config = join(folder, 'gatehouse.yaml');
    const script = `'${process.execPath}' '${join(ROOT, 'src/main.ts')}' replay --config '${config}' - < '${gzipped}'`;
    expect(await run('bash', ['-c', script])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('8 events, 0 flips, 3 not evaluated\n  1 × '),
    });
    writeFileSync(plain, 'no\nevents\n');
    expect(await gatehouse('replay', '--config', config, plain)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no line is an audit event'),
    });
    expect((await gatehouse('replay', '--config', config)).stderr).toContain('name at least one audit file');
    expect((await gatehouse('replay', '--config', config, join(folder, 'none'))).stderr).toContain(
      'none cannot be read (ENOENT)',
    );
  });

  test('control characters of the log are escaped', async () => {
    const { folder } = scenario.gateway;
    const file = join(folder, 'hostile.log');
    const text = readFileSync(log(), 'utf8').replaceAll(
      '"service":"orders"',
      '"service":"o\\u001b[31m\\u202e"',
    );
    writeFileSync(file, text);
    const { code, stdout, stderr } = await gatehouse(
      'replay',
      '--config',
      join(folder, 'gatehouse.yaml'),
      file,
    );
    expect({ code, stdout, stderr }).toExitWith(0);
    expect(stdout).toContain('the configuration has no service "o\\u{1b}[31m\\u{202e}"');
  });

  test('lines that no gateway writes: counted, without an effect on the other lines', async () => {
    const event = readFileSync(log(), 'utf8')
      .split('\n')
      .find((line) => line.includes('no_matching_identity'));
    const edited = (edit: (event: HostileEvent) => void): string => {
      const copy = JSON.parse(event ?? '') as HostileEvent;
      edit(copy);
      return JSON.stringify(copy);
    };
    const file = join(scenario.gateway.folder, 'hostile.log');
    const lines = [
      edited(({ url, gatehouse: facts }) => {
        url.domain = 'a b[';
        facts.type = 'oci';
      }),
      edited(({ gatehouse: facts }) => (facts.claims[`/${'a/'.repeat(60_000)}`] = 'x')),
      (event ?? '').replace('"claims":{', '"claims":{"__proto__":"x",'),
      edited(({ gatehouse: facts, event: described }) => {
        facts.type = 'oci';
        described.reason = 'resource_not_granted';
        delete facts.scopes;
      }),
      event ?? '',
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const { events, notEvaluatedReasons } = await replay(same, [file]);
    expect(events).toBe(5);
    expect(notEvaluatedReasons).toEqual([
      { reason: 'the name of a recorded claim is not usable', events: 2 },
      { reason: 'service "orders" has type http, and had type oci', events: 1 },
      { reason: 'the event does not contain the operations', events: 1 },
    ]);
    const config = join(scenario.gateway.folder, 'gatehouse.yaml');
    const { stdout, stderr } = await gatehouse('suggest', '--config', config, '--service', 'orders', file);
    expect(parse(stdout)).toMatchObject({
      identities: { 'suggested-1': { match: { project_id: '20', ref: 'feature' } } },
    });
    expect(stderr).toContain('additions for 1 denied or shadowed request\n');
  });

  test('text: equal flips are one line with their number', async () => {
    const { folder } = scenario.gateway;
    const config = join(folder, 'changed.yaml');
    writeFileSync(config, yaml.replace('/public/**', '/other/**'));
    const { code, stdout, stderr } = await gatehouse('replay', '--config', config, log(), log());
    expect({ code, stdout, stderr }).toExitWith(1);
    expect(stdout).toContain(
      '2 × allow → deny (no_credential): anonymous: orders: read_api on "/public/x"\n    for example ',
    );
  });
});

describe('suggest', () => {
  const suggest = (...args: string[]) =>
    gatehouse('suggest', '--config', join(scenario.gateway.folder, 'gatehouse.yaml'), ...args);

  test('grants for the denied and shadowed requests of an identity', async () => {
    const { code, stdout, stderr } = await suggest('--identity', 'payments', log());
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /^identities:\n {2}# add to identities\.payments \(.*gatehouse\.yaml:\d+\)\n {2}payments:\n/,
      ) as string,
    });
    expect(parse(stdout)).toEqual({
      identities: {
        payments: {
          grants: [
            { service: 'orders', scopes: ['write_api'], resources: ['/acme/payments/x'] },
            { service: 'trial', scopes: ['read_api'], resources: ['/x'] },
          ],
        },
      },
    });
    expect(stderr).toContain('additions for 2 denied or shadowed requests\n');
  });

  test('an identity for credentials that match none; nothing for anonymous requests', async () => {
    await ask('unnamed', '/orders/private/x');
    const { stdout, stderr } = await suggest('--service', 'orders', log());
    expect(parse(stdout)).toMatchObject({
      identities: {
        'suggested-1': {
          issuer: 'gitlab',
          match: { project_id: '20', project_path: 'acme/payments', ref: 'feature' },
          grants: [{ service: 'orders', scopes: ['read_api'], resources: ['/acme/payments/x'] }],
        },
      },
    });
    expect(stderr).toContain('1 × requests without a credential: anonymous rules are not suggested');
  });

  test('a claim that the policy requires and the events do not contain: no addition that ignores it', async () => {
    const config = join(scenario.gateway.folder, 'changed.yaml');
    writeFileSync(config, yaml.replace('ref: main', 'ref: main, user_login: root'));
    const args = ['suggest', '--config', config, '--service', 'trial', log()];
    const { stdout, stderr } = await gatehouse(...args);
    expect(stdout).toBe('');
    expect(stderr).toContain('not covered: 1 × the events do not contain the claim "user_login"\n');
    const complete = await gatehouse(...args, '--recorded-with', config);
    expect(parse(complete.stdout)).toMatchObject({
      identities: { 'suggested-1': { grants: [{ service: 'trial' }] } },
    });
  });

  test('a selection without requests is reported', async () => {
    const both = await suggest('--service', 'order', '--identity', 'payments', log());
    expect(both).toMatchObject({ code: 0, stdout: '' });
    expect(both.stderr).toContain(
      '\nno request in the audit logs has identity "payments" and service "order"\n',
    );
    const { stderr } = await suggest('--identity', 'payment', log());
    expect(stderr).toContain(
      'has identity "payment"; requests that matched no identity: select with --service\n',
    );
  });

  test('no selection: exit 2', async () => {
    expect(await suggest(log())).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('select events with --identity or --service'),
    });
  });
});

/** Events that differ in credential, claims and path, so that no cache helps. */
function* differentEvents(template: string, count: number): Generator<string> {
  const event = JSON.parse(template) as {
    url: { path: string };
    gatehouse: { claims: Record<string, unknown>; resources: string[] };
  };
  let lines: string[] = [];
  for (let i = 0; i < count; i++) {
    event.url.path = `/orders/acme/payments/${i}`;
    event.gatehouse.resources = [`/acme/payments/${i}`];
    event.gatehouse.claims['project_path'] = `acme/p${i}`;
    lines.push(JSON.stringify(event));
    if (lines.length < 500) continue;
    yield `${lines.join('\n')}\n`;
    lines = [];
  }
}

/** Megabytes. The heap of the process, far smaller than the log. */
const HEAP = 96;

test('a log of any length needs constant memory', { timeout: 240_000 }, async () => {
  const template = readFileSync(log(), 'utf8').split('\n')[0] ?? '';
  const config = join(scenario.gateway.folder, 'gatehouse.yaml');
  const child = spawn(
    process.execPath,
    [`--max-old-space-size=${HEAP}`, join(ROOT, 'src/main.ts'), 'replay', '--config', config, '--json', '-'],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  );
  let end = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (end = (end + text).slice(-500)));
  const exited = once(child, 'exit');
  let [bytes, peak] = [0, 0];
  async function* counted(): AsyncGenerator<string> {
    for (const lines of differentEvents(template, EVENTS)) {
      bytes += lines.length;
      if (child.pid !== undefined && child.exitCode === null) peak = Math.max(peak, peakMemory(child.pid));
      yield lines;
      // Lets the output of the process be read.
      await setImmediate();
    }
  }
  await pipeline(counted, child.stdin);
  await exited;
  expect(end).toContain(`"events": ${EVENTS}`);
  expect(bytes).toBeGreaterThan(2 * HEAP * 1024 ** 2);
  expect(peak).toBeLessThan(350 * 1024 ** 2);
});

const EVENTS = 200_000;
