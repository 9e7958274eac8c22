/** The gateway's upstream credential: source, reload of its file, and confidentiality. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { reasonOf } from '../support/scenario/attack.ts';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { receivedBy, valuesOf } from '../support/received.ts';
import { OK, startRecordingUpstream } from '../support/recording-upstream.ts';
import { startOrdersScenario, type OrdersScenario } from '../support/scenario/orders.ts';
import { startScenario } from '../support/scenario.ts';

const keep = cleanUp();

const KINDS: readonly [string, string, string, (secret: string) => string][] = [
  [
    'basic',
    'basic: { username: gatehouse, passwordFile: secret }',
    'Authorization',
    (secret) => `Basic ${Buffer.from(`gatehouse:${secret}`).toString('base64')}`,
  ],
  ['bearer', 'bearer: { tokenFile: secret }', 'Authorization', (secret) => `Bearer ${secret}`],
  ['header', 'header: { name: X-Upstream-Key, valueFile: secret }', 'X-Upstream-Key', (secret) => secret],
];

function ask(rig: OrdersScenario, ...lines: readonly string[]): Promise<RawResponse> {
  return rawResponse(rig.port, rig.head('GET', '/orders/a', ...lines, 'Connection: close'));
}

async function start(auth: string) {
  const upstream = keep(await startRecordingUpstream());
  const files = { secret: 'canary-first\n' };
  const rig = keep(await startOrdersScenario(upstream.url, { upstream: `auth: { ${auth} }`, files }));
  return { upstream, rig };
}

test.each(KINDS)(
  'upstream auth %s: the file’s secret, and nothing of the client’s by that name',
  async (...kind) => {
    const [, auth, name, value] = kind;
    const { upstream, rig } = await start(auth);
    const spoofed = name === 'Authorization' ? [] : [name, name.replaceAll('-', '_'), name.toLowerCase()];
    const answer = await ask(rig, ...spoofed.map((spelling) => `${spelling}: canary-client`));
    expect([answer.status, answer.body]).toEqual([200, 'ok']);
    expect(valuesOf(receivedBy(upstream), name)).toEqual([value('canary-first')]);
    expect(upstream.bytes()).not.toMatch(/canary-client/);
    expect(upstream.bytes()).not.toContain(rig.token);
  },
);

test('upstream auth: follows its file, and keeps the last good secret through bad ones', async () => {
  // The last one is only the watch: files are looked at in this order, so once it is new, all have been looked at.
  const services = [
    ...KINDS.map(([name, auth]) => [name, auth] as const),
    ['watch', KINDS[1]?.[1] ?? ''] as const,
  ];
  const { gateway, upstream } = await startScenario({
    backends: { upstream: () => startRecordingUpstream() },
    config: ({ upstream: { url } }) =>
      `services:\n${services
        .map(
          ([name, auth]) =>
            `  ${name}: { type: http, path: /${name}/, anonymous: [{ scopes: [read_api], resources: ["**"] }], ` +
            `upstream: { url: "${url}/", auth: { ${auth.replace('secret', name)} } } }\n`,
        )
        .join('')}`,
    files: Object.fromEntries(services.map(([name]) => [name, 'canary-first\n'])),
  });
  const write = (name: string, content: string): void => {
    // As secrets are rotated: written aside, then put in place.
    writeFileSync(join(gateway.folder, `${name}.new`), content);
    renameSync(join(gateway.folder, `${name}.new`), join(gateway.folder, name));
  };
  const sent = async (name: string, header: string): Promise<readonly string[]> => {
    upstream.reset();
    const head = `GET /${name}/a HTTP/1.1\r\nHost: gateway.example.com\r\nConnection: close\r\n\r\n`;
    expect((await rawResponse(gateway.port, head)).status).toBe(200);
    return valuesOf(receivedBy(upstream), header);
  };
  const expectAll = async (secret: string): Promise<void> => {
    await eventually(`${secret} is sent`, async () =>
      (await sent('watch', 'Authorization')).includes(`Bearer ${secret}`),
    );
    for (const [name, , header, value] of KINDS) {
      const expected = secret === 'canary-watch' ? 'canary-second' : secret;
      expect([name, ...(await sent(name, header))]).toEqual([name, value(expected)]);
    }
  };
  await expectAll('canary-first');

  for (const [name] of services) write(name, 'canary-second');
  await expectAll('canary-second');

  const bad: Readonly<Record<string, string>> = { basic: '', bearer: 'two\nlines', header: 'a\u0007bell' };
  for (const [name] of services) write(name, bad[name] ?? 'canary-watch');
  await expectAll('canary-watch');

  for (const [name] of services) write(name, 'canary-third');
  await expectAll('canary-third');
});

test.each(KINDS)(
  'upstream auth %s: refused by the upstream, it is a 502 that says nothing of it',
  async (...kind) => {
    const [, auth, , value] = kind;
    const { upstream, rig } = await start(auth);
    upstream.respond(
      'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="canary-realm"\r\nContent-Length: 12\r\n\r\ncanary-first',
    );
    const answer = await ask(rig);
    expect([answer.status, reasonOf(answer)]).toEqual([502, 'upstream_unauthorized']);
    expect(answer.head + answer.body).not.toMatch(/canary/);
    expect(answer.head + answer.body).not.toContain(value('canary-first'));
    const [event] = await rig.audit();
    expect(event).toMatchObject({
      event: { reason: 'upstream_unauthorized' },
      gatehouse: { decision: 'allow', upstream_status: 401 },
    });
    expect(rig.auditText()).not.toContain('canary');
    upstream.respond(OK);
    expect((await ask(rig)).status).toBe(200);
  },
);
