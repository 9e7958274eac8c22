/** The pages of decisions: escaped, without credentials, and bounded. */
import { writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { Canaries } from '../../support/canaries.ts';
import { askConsole, csrfOf, logIn } from '../../support/console/ask-console.ts';
import { openEventStream, type EventStream } from '../../support/console/event-stream.ts';
import { HOSTILE, startPolicyScenario } from '../../support/console/policy-scenario.ts';
import { eventually } from '../../support/eventually.ts';
import { rawResponse } from '../../support/raw-client.ts';

type Scene = Awaited<ReturnType<typeof startPolicyScenario>>;

const streams: EventStream[] = [];
afterEach(() => {
  for (const stream of streams.splice(0)) stream.close();
});

function open(scene: Scene, options?: Parameters<typeof openEventStream>[1]): EventStream {
  const stream = openEventStream(scene.gateway.adminUrl, options);
  streams.push(stream);
  return stream;
}

/** Sends a request with these headers, and returns its id. */
async function send({ gateway }: Scene, line: string, ...headers: readonly string[]): Promise<string> {
  const head = [`${line} HTTP/1.1`, 'Host: gateway.example.com', 'Connection: close', ...headers];
  const response = await rawResponse(gateway.port, `${head.join('\r\n')}\r\n\r\n`, { quiet: 10_000 });
  return response.headers.get('x-request-id') ?? '';
}

async function body({ gateway }: Scene, path: string, cookie?: string): Promise<string> {
  return (await askConsole(gateway.adminUrl, path, { cookie })).body;
}

/** Waits until the request is recorded. */
function recorded(scene: Scene, id: string): Promise<string> {
  return eventually('the recorded decision', async () => {
    const page = await body(scene, `/console/decisions/${id}`);
    return page.includes('Decision not recorded') ? undefined : page;
  });
}

test('a hostile subject, claim, path and User-Agent are text on every page and in live updates', async () => {
  const scene = await startPolicyScenario();
  const stream = open(scene);
  expect(await stream.status()).toBe(200);
  const claims = { sub: HOSTILE, project_id: HOSTILE, ref: '\u202eevil', [HOSTILE]: HOSTILE };
  const token = scene.issuer.mint(claims);
  const agent = `User-Agent: ${HOSTILE}`;
  const ids = [
    await send(scene, `GET /orders/${HOSTILE.replaceAll(' ', '')}`, agent, `Authorization: Bearer ${token}`),
    await send(scene, 'GET /orders/v1/list', agent, `Authorization: Bearer ${token}`),
    await send(scene, `GET /orders/v1/%3Cscript%3E`, agent, `Authorization: Bearer ${scene.token}`),
  ];
  const pages = await Promise.all(ids.map((id) => recorded(scene, id)));
  const query = encodeURIComponent(HOSTILE);
  for (const path of [
    'decisions',
    `decisions?identity=${query}&resource=${query}&service=${query}`,
    `decisions/${query}`,
    `access?identity=${query}&resource=${query}&scope=${query}`,
    `explain?request=${ids[1]}`,
    `explain?request=${query}`,
  ]) {
    pages.push(await body(scene, `/console/${path}`));
  }
  const csrf = csrfOf(await askConsole(scene.gateway.adminUrl, '/console/explain'));
  const form = { csrf, method: 'GET', url: `https://gateway.example.com/orders/${HOSTILE}` };
  for (const more of [
    { credential: 'claims', issuer: 'gitlab', claims: JSON.stringify({ sub: HOSTILE, project_id: HOSTILE }) },
    { credential: 'claims', issuer: HOSTILE, claims: HOSTILE },
    { credential: 'token', token },
    { credential: 'recorded', request: ids[1] ?? '' },
  ]) {
    pages.push(
      (await askConsole(scene.gateway.adminUrl, '/console/explain', { form: { ...form, ...more } })).body,
    );
  }
  pages.push(
    await eventually('live updates', () => ids.every((id) => stream.text().includes(id)) && stream.text()),
  );
  for (const page of pages) {
    expect(page).not.toMatch(/<script>|<img/i);
    expect(page).not.toContain('\u202e');
  }
});

test('no page and no live update contains a credential', async () => {
  const scene = await startPolicyScenario();
  const { issuer, gateway } = scene;
  const canaries = new Canaries();
  const stream = open(scene);
  expect(await stream.status()).toBe(200);
  const valid = canaries.add('id token', scene.token);
  const invalid = canaries.add('invalid token', `${issuer.mint({ sub: 'x' }).slice(0, -6)}AAAAAA`);
  const deploy = canaries.make('deploy token in a path', 'ghdt_edge_');
  const copied = canaries.add('token in a claim', issuer.mint({ sub: 'copied' }));
  const ids = [
    await send(scene, 'GET /orders/v1/list', `Authorization: Bearer ${valid}`),
    await send(scene, 'GET /orders/v1/list', `Authorization: Bearer ${invalid}`),
    await send(
      scene,
      'GET /orders/v1/list',
      `Authorization: ${canaries.basic('basic', 'ci', canaries.make('password'))}`,
    ),
    await send(scene, 'GET /orders/v1/list', `PRIVATE-TOKEN: ${canaries.make('private token', 'glpat-')}`),
    await send(scene, 'GET /orders/v1/list', `Cookie: session=${canaries.make('cookie')}`),
    await send(scene, `GET /orders/v1/list?private_token=${canaries.make('query')}`),
    await send(scene, `GET /orders/v1/${deploy}`, `User-Agent: ${canaries.make('user agent', 'glpat-')}`),
    await send(scene, 'GET /orders/v1/list', `Authorization: Bearer ${issuer.mint({ copied, sub: copied })}`),
  ];
  const pages = await Promise.all(ids.map((id) => recorded(scene, id)));
  const pasted = canaries.add('pasted token', issuer.mint({ sub: 'pasted' }));
  const expired = canaries.add('expired token', issuer.mint({ sub: 'expired' }, { lifetime: -1000 }));
  const csrf = csrfOf(await askConsole(gateway.adminUrl, '/console/explain'));
  for (const fields of [
    { credential: 'token', token: pasted },
    { credential: 'token', token: `Bearer ${expired}` },
    { credential: 'token', token: `"${pasted}"` },
    { credential: 'claims', issuer: 'gitlab', claims: pasted },
    { credential: 'recorded', request: pasted },
    { credential: 'none', url: `https://gateway.example.com/orders/?private_token=${pasted}` },
  ]) {
    const form = { csrf, method: 'GET', url: 'https://gateway.example.com/orders/v1/list', ...fields };
    pages.push((await askConsole(gateway.adminUrl, '/console/explain', { form })).body);
  }
  for (const path of ['decisions', 'access', 'candidate', ...ids.map((id) => `explain?request=${id}`)]) {
    pages.push(await body(scene, `/console/${path}`));
  }
  await eventually('live updates', () => ids.every((id) => stream.text().includes(id)));
  expect(canaries.foundIn([...pages, stream.text()].join('\n'))).toEqual([]);
  expect(gateway.auditText()).not.toContain(pasted.split('.')[1]);
});

test('live updates: 20 pages receive them, more are refused, and a closed page makes room', async () => {
  const scene = await startPolicyScenario();
  const clients = Array.from({ length: 100 }, () => open(scene));
  const statuses = await Promise.all(clients.map((client) => client.status()));
  expect(statuses.filter((status) => status === 200)).toHaveLength(20);
  expect(statuses.filter((status) => status === 503)).toHaveLength(80);
  for (const client of clients) client.close();
  await eventually('room', async () => (await open(scene).status()) === 200);
});

test('live updates contain the selected decisions, also after a reload', async () => {
  const scene = await startPolicyScenario();
  const stream = open(scene, { query: '?verdict=denied' });
  expect(await stream.status()).toBe(200);
  const credential = `Authorization: Bearer ${scene.token}`;
  const allowed = await send(scene, 'GET /orders/v1/list', credential);
  const denied = await send(scene, 'POST /orders/v1/list', credential);
  await eventually('an update', () => stream.text().includes(denied));
  expect(stream.text()).not.toContain(allowed);
  await scene.gateway.reload((yaml) => yaml.replace('read_api', 'read_api, websocket'));
  const later = await send(scene, 'POST /orders/v1/list', credential);
  await eventually('an update', () => stream.text().includes(later));
});

test('live updates end with the session and with the console', async () => {
  const scene = await startPolicyScenario({ admin: 'tokenFile: admin-token' });
  expect(await open(scene).status()).toBe(401);
  const cookie = await logIn(scene.gateway.adminUrl);
  const first = open(scene, { cookie });
  expect(await first.status()).toBe(200);
  writeFileSync(`${scene.gateway.folder}/admin-token`, 'another-admin-token-of-the-test\n');
  await eventually('the end of the stream', () => first.closed() || first.text().endsWith('0\r\n\r\n'));
  const again = await logIn(scene.gateway.adminUrl, 'another-admin-token-of-the-test');
  const second = open(scene, { cookie: again });
  expect(await second.status()).toBe(200);
  await scene.gateway.reload((yaml) => yaml.replace('admin: {', 'admin: { console: false,'));
  await eventually('the end of the stream', () => second.closed() || second.text().endsWith('0\r\n\r\n'));
});

test('a flood of requests: the records are bounded, and the page shows a sample', async () => {
  const scene = await startPolicyScenario();
  const pipelined = scene.request('GET /orders/v1/list').repeat(300);
  for (let round = 0; round < 4; round++) await scene.send(pipelined, 500);
  const page = await eventually('a sample', async () => {
    await scene.send(pipelined, 500);
    const list = await body(scene, '/console/decisions');
    return list.includes('a sample is recorded') && list;
  });
  expect(page.match(/<tr>/g)?.length).toBeLessThanOrEqual(101);
});

test('a long text that looks like the start of many tokens does not block the process', async () => {
  const scene = await startPolicyScenario();
  const form = await askConsole(scene.gateway.adminUrl, '/console/explain');
  // A search that tries each start again takes more than 10 s, after which the client gives up.
  const response = await askConsole(scene.gateway.adminUrl, '/console/explain', {
    form: {
      csrf: csrfOf(form),
      method: 'GET',
      url: 'https://gateway.example.com/orders/1',
      credential: 'claims',
      claims: 'eyJ'.repeat(40_000),
    },
  });
  expect(response.status).toBe(400);
});
