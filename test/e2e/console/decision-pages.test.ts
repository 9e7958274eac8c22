/** The page of a decision and the form that it fills, for requests without a verified credential and without TLS. */
import { expect, test } from 'vitest';
import { askConsole } from '../../support/console/ask-console.ts';
import { startPolicyScenario } from '../../support/console/policy-scenario.ts';
import { eventually } from '../../support/eventually.ts';

type Scene = Awaited<ReturnType<typeof startPolicyScenario>>;

/** Sends a request; the pages of its decision, without markup. */
async function pagesOf(scene: Scene, line: string, authorization = `Bearer ${scene.token}`) {
  const head = [`${line} HTTP/1.1`, 'Host: gateway.example.com', 'Connection: close'];
  const credential = authorization === '' ? [] : [`Authorization: ${authorization}`];
  const [response] = await scene.send([...head, ...credential, '', ''].join('\r\n'), 10_000);
  const id = response?.headers.get('x-request-id') ?? '';
  const decision = await eventually('the recorded decision', async () => {
    const page = await askConsole(scene.gateway.adminUrl, `/console/decisions/${id}`);
    return page.status === 200 && page;
  });
  const form = await askConsole(scene.gateway.adminUrl, `/console/explain?request=${id}`);
  return { decision: textOf(decision.body), form: form.body };
}

function textOf(body: string): string {
  return body
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll(/\s+/g, ' ');
}

const ENDED = 'The request ended before the policy was evaluated';

test('a credential that is no token: not verified', async () => {
  const { decision } = await pagesOf(await startPolicyScenario(), 'GET /orders/v1/list', 'Bearer abc');
  expect(decision).toContain('credential_invalid');
  expect(decision).toContain(ENDED);
  expect(decision).toContain('The credential was not verified');
  expect(decision).toContain('Credential not accepted');
  expect(decision).not.toContain('anonymous request');
});

test('no service: the credential was not read', async () => {
  const { decision } = await pagesOf(await startPolicyScenario(), 'GET /nothing');
  expect(decision).toContain(ENDED);
  expect(decision).toContain('The request ended before its credential was read');
  expect(decision).toContain('Credential not read');
});

test('a built-in endpoint', async () => {
  const { decision } = await pagesOf(await startPolicyScenario(), 'GET /v1/users/me');
  expect(decision).toContain('A built-in endpoint responded');
  expect(decision).not.toContain(ENDED);
});

test('no credential', async () => {
  const { decision } = await pagesOf(await startPolicyScenario(), 'GET /orders/v1/list', '');
  expect(decision).toContain('deny no_credential');
  expect(decision).toContain('The request had no credential');
  expect(decision).toContain('Credential none');
});

test('a path that is no operation, with a credential', async () => {
  const { decision } = await pagesOf(await startPolicyScenario(), 'PROPFIND /orders/v1/list');
  expect(decision).toContain('refused operation_unknown');
  expect(decision).not.toContain('no_credential');
});

test.each([
  ['https://gateway.example.com', 'https'],
  ['http://gateway.example.com', 'http'],
  ['https://other.example.com', 'http'],
])('the form has the URL of the client, with publicUrl %s', async (publicUrl, scheme) => {
  const scene = await startPolicyScenario({ publicUrl });
  const { form } = await pagesOf(scene, 'POST /orders/v1/list', '');
  expect(form).toContain(`value="${scheme}://gateway.example.com/orders/v1/list"`);
});
