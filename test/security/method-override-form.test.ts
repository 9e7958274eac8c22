/** H9: a form field that replaces the method that policy authorized (Rack, Symfony, Laravel, CakePHP, Spring, ASP.NET MVC). */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { reasonOf, startAttackScenario, type AttackScenario } from '../support/scenario/attack.ts';
import { receivedBy } from '../support/received.ts';

const FORM = 'Content-Type: application/x-www-form-urlencoded';
const PARTS = 'Content-Type: multipart/form-data; boundary=b';

let scenario: AttackScenario;
let files: string;
beforeAll(async () => {
  scenario = await startAttackScenario({
    api: [
      'operations:',
      '  - { scope: read_api, methods: [GET] }',
      '  - { scope: write_api, methods: [POST, PUT] }',
      '  - { scope: destroy, methods: [DELETE] }',
    ],
    services: 'files: { type: generic, path: /files/, upstream: { url: "UPSTREAM/" } }',
    identities: `files:
  issuer: gitlab
  match: { project_id: "21" }
  grants: [{ service: files, scopes: [write_package_registry], resources: ["**"] }]`,
  });
  files = scenario.mint({ project_id: '21' });
});
afterEach(async () => {
  scenario.reset();
  await scenario.expectAlive();
  scenario.reset();
});
afterAll(() => scenario.close());

const part = (header: string, value = 'DELETE'): string => `--b\r\n${header}\r\n\r\n${value}\r\n`;
const named = (name: string): string => part(`Content-Disposition: form-data; ${name}`);
const lengthOf = (body: string): string => `Content-Length: ${Buffer.byteLength(body, 'latin1')}`;

async function post(lines: readonly string[], body: string, method = 'POST') {
  const [answer] = await scenario.send(
    scenario.request(`${method} /api/a HTTP/1.1`, [...lines, lengthOf(body), 'Connection: close'], body),
  );
  return answer;
}

/** The response is 400, and the upstream gets no complete request. */
async function expectRefused(lines: readonly string[], body: string, method?: string): Promise<void> {
  const answer = await post(lines, body, method);
  expect(answer && [answer.status, reasonOf(answer)]).toEqual([400, 'request_malformed']);
  expect(scenario.upstream.requests()).toEqual([]);
  expect(scenario.upstream.bytes()).not.toContain('method');
}

describe('H9 a form field that overrides the method is refused', () => {
  test.each([
    'x=1&_method=DELETE',
    '_method=DELETE',
    '_METHOD=delete',
    '%5Fmethod=DELETE',
    '%5f%6d%65thod=DELETE',
    '%u005fmethod=DELETE',
    '_method[]=DELETE',
    '_method%5B%5D=DELETE',
    '[_method]=DELETE',
    '.method=DELETE',
    '+_method=DELETE',
    '%20%20_method=DELETE',
    '_method%00x=DELETE',
    'x=1;_method=DELETE',
    'x&_method=DELETE',
    'X-HTTP-Method-Override=DELETE',
  ])('urlencoded: %s', (body) => expectRefused([FORM], body));

  test('urlencoded: behind many blanks', () => expectRefused([FORM], `${'+'.repeat(5000)}_method=DELETE`));

  test.each([
    'name="_method"',
    'name=_method',
    "name='_method'",
    'name="_method[]"',
    'name=" _method"',
    'name=".method"',
    'name="_met\\hod"',
    'name="%5Fmethod"',
    'name = "_method"',
    'filename=x;name="_method"',
    'name="a"; name="_method"',
    'name="_method" x',
    'x="1";\r\n name="_method"',
    'name=\r\n\t"_method"',
    "name*=utf-8''%5Fmethod",
    'name*0="_met"; name*1="hod"',
    'name="=?utf-8?B?X21ldGhvZA==?="',
    'name="X-HTTP-Method-Override"',
  ])('multipart: %j', (name) =>
    expectRefused([PARTS], `--b\r\nContent-Disposition: form-data; ${name}\r\n\r\nDELETE\r\n--b--\r\n`),
  );

  test.each([
    ['Content-ID names a part in Rack', part('Content-ID: _method')],
    ['line feeds only', '--b\nContent-Disposition: form-data; name="_method"\n\nDELETE\n--b--\n'],
    ['names in capitals', part('CONTENT-DISPOSITION: form-data; NAME="_method"')],
    ['behind another part', named('name="x"') + named('name="_method"')],
    ['behind another boundary', part('A: b').replace('--b', '--c') + named('name="_method"')],
  ])('multipart: %s', (_, parts) => expectRefused([PARTS], `${parts}--b--\r\n`));

  test.each([
    ['no Content-Type', 'Accept: */*'],
    ['a Content-Type that is no media type', 'Content-Type: ;'],
    ['a list', 'Content-Type: ,application/json'],
    ['several Content-Types', `Content_Type: application/json\r\n${FORM}`],
    ['parameters', `${FORM}; charset=utf-8`],
    ['capitals', FORM.toUpperCase()],
  ])('%s', (_, line) => expectRefused([line], '_method=DELETE'));

  test('with PUT (CakePHP)', () => expectRefused([FORM], '_method=DELETE', 'PUT'));

  test.each([
    ['a content coding', [FORM, 'Content-Encoding: gzip']],
    ['a content coding under another name', [PARTS, 'Content_Encoding: br']],
    ['a charset of 16 bits', [`${FORM}; charset=utf-16`]],
    ['EBCDIC', [`${PARTS}; charset="ibm037"`]],
  ])('a form that cannot be read: %s', (_, lines) => expectRefused(lines, 'x=1'));

  test('on a file tree', async () => {
    const body = '_method=DELETE';
    const lines = [FORM, lengthOf(body), 'Connection: close'];
    const [answer] = await scenario.send(scenario.requestAs(files, 'POST /files/a HTTP/1.1', lines, body));
    expect(answer?.status).toBe(400);
    expect(answer?.body).toContain('request_malformed');
    expect(scenario.upstream.requests()).toEqual([]);
  });

  test.each([
    [FORM, `x=${'a'.repeat(400_000)}&_method=DELETE`],
    [
      PARTS,
      `${part('Content-Disposition: form-data; name="x"', 'a'.repeat(400_000))}${named('name=_method')}--b--\r\n`,
    ],
  ])('behind 400 kB the upstream request is aborted: %s', async (line, body) => {
    await expectRefused([line], body);
  });
});

test.each([
  [FORM, 'x=_method&method=DELETE&my_method=1&_methods=2&a=b=_method=c'],
  [FORM, '{"_method": "x", "a": "b&c=d"}'],
  [
    PARTS,
    `${named('name="method"')}${part('Content-Disposition: form-data; name="x"', '"_method" name=_method')}--b--\r\n`,
  ],
  [PARTS, `${named('name="f"; filename="a_method.txt"')}--b--\r\n`],
  [`${FORM}; charset=UTF-8`, 'x=1'],
  ['Content-Type: application/octet-stream', '_method=DELETE'],
  ['Content-Type: text/plain', '_method=DELETE'],
])('other bodies are forwarded unchanged: %s %j', async (line, body) => {
  const answer = await post([line], body);
  expect(answer?.status).toBe(200);
  expect(receivedBy(scenario.upstream).body).toBe(body);
});
