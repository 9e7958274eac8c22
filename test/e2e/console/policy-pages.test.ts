/** The pages of decisions and of the policy, as HTML without a browser. */
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { askConsole, csrfOf, type ConsoleRequest } from '../../support/console/ask-console.ts';
import { policyYaml, startPolicyScenario } from '../../support/console/policy-scenario.ts';
import { eventually } from '../../support/eventually.ts';
import type { RawResponse } from '../../support/raw-client.ts';

type Scene = Awaited<ReturnType<typeof startPolicyScenario>>;

function ask({ gateway }: Scene, path: string, request?: ConsoleRequest): Promise<RawResponse> {
  return askConsole(gateway.adminUrl, path, request);
}

/** Sends a request and returns its id, which the client prints. */
async function requestId({ respond }: Scene, line: string, ...headers: readonly string[]): Promise<string> {
  const { headers: received } = await respond(line, headers);
  const id = received.get('x-request-id');
  if (id === undefined) throw new Error('the response has no request id');
  return id;
}

/** The page of a decision. The request ends after its response. */
function decisionPage(scene: Scene, id: string): Promise<RawResponse> {
  return eventually('the recorded decision', async () => {
    const page = await ask(scene, `/console/decisions/${id}`);
    return page.status === 200 && page;
  });
}

/** The text of a page, without markup. */
function textOf({ body }: RawResponse): string {
  return Buffer.from(body, 'latin1')
    .toString()
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll(/\s+/g, ' ');
}

async function explained(scene: Scene, fields: Readonly<Record<string, string>>): Promise<RawResponse> {
  const csrf = csrfOf(await ask(scene, '/console/explain'));
  return ask(scene, '/console/explain', { form: { csrf, method: 'GET', ...fields } });
}

test('without requests, every page answers 200 and links to the others', async () => {
  const scene = await startPolicyScenario();
  for (const path of ['decisions', 'access', 'explain', 'candidate']) {
    const { status, body } = await ask(scene, `/console/${path}`);
    expect([path, status]).toEqual([path, 200]);
    for (const other of ['', 'decisions', 'access', 'explain', 'candidate']) {
      expect(body).toContain(`href="/console/${other}"`);
    }
  }
});

test('decisions are listed with their request ids, and filtered by a form', async () => {
  const scene = await startPolicyScenario();
  const allowed = await requestId(scene, 'GET /orders/v1/list');
  const denied = await requestId(scene, 'POST /orders/v1/list');
  const other = await requestId(scene, 'GET /public/file.txt');
  await decisionPage(scene, other);
  const listed = async (query: string): Promise<readonly boolean[]> => {
    const { body } = await ask(scene, `/console/decisions${query}`);
    return [allowed, denied, other].map((id) => body.includes(id));
  };
  expect(await listed('')).toEqual([true, true, true]);
  expect(await listed('?service=orders')).toEqual([true, true, false]);
  expect(await listed('?service=&verdict=denied&reason=&identity=&resource=')).toEqual([false, true, false]);
  expect(await listed('?reason=scope_not_granted')).toEqual([false, true, false]);
  expect(await listed('?identity=payments&resource=/v1/')).toEqual([true, true, false]);
  const none = await ask(scene, '/console/decisions?identity=nothing');
  expect([none.status, textOf(none)]).toEqual([200, expect.stringContaining('No recorded decision matches')]);
});

test('a decision shows claims, identities with the failed condition, grants, and the upstream', async () => {
  const scene = await startPolicyScenario();
  const allowed = await decisionPage(scene, await requestId(scene, 'GET /orders/v1/list'));
  for (const part of [
    'release ref equals "release": the claim is "main"',
    'payments matches',
    'granted read_api on "/v1/list"',
    'project_id "20"',
    'Upstream status 200',
    'of which the upstream',
    'allow as payments by a grant',
  ]) {
    expect(textOf(allowed)).toContain(part);
  }
  const denied = await decisionPage(scene, await requestId(scene, 'POST /orders/v1/list'));
  expect(textOf(denied)).toContain('scope_not_granted');
  expect(textOf(denied)).toContain('not granted write_api');
});

test('a request without a valid credential has a decision, and no evaluation of the policy', async () => {
  const scene = await startPolicyScenario();
  const token = `${scene.token.slice(0, -8)}AAAAAAAA`;
  const line = `GET /orders/v1/list HTTP/1.1\r\nHost: gateway.example.com\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  const [response] = await scene.send(line, 10_000);
  const page = await decisionPage(scene, response?.headers.get('x-request-id') ?? '');
  expect(textOf(page)).toContain('signature_invalid');
  expect(textOf(page)).toContain('The request ended before the policy was evaluated');
});

test('an unknown request id: 404, with the possible causes', async () => {
  const scene = await startPolicyScenario();
  const page = await ask(scene, '/console/decisions/6f1c0000-0000-4000-8000-000000000000');
  expect(page.status).toBe(404);
  expect(textOf(page)).toContain('gatehouse explain --config gatehouse.yaml --request-id');
  const found = await ask(scene, '/console/decisions?id=6f1c');
  expect([found.status, found.headers.get('location')]).toEqual([303, '/console/decisions/6f1c']);
});

test('after a reload, decisions remain, and the page says that the configuration has changed', async () => {
  const scene = await startPolicyScenario();
  const id = await requestId(scene, 'POST /orders/v1/list');
  await decisionPage(scene, id);
  expect(await scene.gateway.reload((yaml) => yaml.replace('[read_api]', '[read_api, write_api]'))).toBe(
    true,
  );
  const text = textOf(await ask(scene, `/console/decisions/${id}`));
  expect(text).toContain('The configuration has changed since the request');
  expect(text).toContain('allow as payments by a grant');
});

test('console: false records nothing, also after a reload', async () => {
  const scene = await startPolicyScenario();
  const id = await requestId(scene, 'GET /orders/v1/list');
  await decisionPage(scene, id);
  await scene.gateway.reload((yaml) => yaml.replace('admin: {', 'admin: { console: false,'));
  expect((await ask(scene, `/console/decisions/${id}`)).status).toBe(404);
  const unrecorded = await requestId(scene, 'GET /orders/v1/list');
  await scene.gateway.audited(unrecorded);
  await scene.gateway.reload((yaml) => yaml.replace('console: false,', ''));
  const { body } = await ask(scene, '/console/decisions');
  expect([body.includes(id), body.includes(unrecorded)]).toEqual([false, false]);
});

test('audit.claims: none hides claims', async () => {
  const scene = await startPolicyScenario({ more: 'audit: { file: audit.log, claims: none }' });
  const page = await decisionPage(scene, await requestId(scene, 'GET /orders/v1/list'));
  expect(textOf(page)).toContain('Claims are not shown');
  expect(page.body).not.toContain('user_login');
});

test('access: the matrix, the access of one identity, and who can reach a resource', async () => {
  const scene = await startPolicyScenario();
  const matrix = textOf(await ask(scene, '/console/access'));
  expect(matrix).toContain('release – write_registry –');
  expect(matrix).toContain('payments read_api read_registry –');
  expect(matrix).toContain('deploy-token:edge – read_registry –');
  const one = textOf(await ask(scene, '/console/access?identity=payments'));
  expect(one).toContain('registry {claims.project_path}/** read_registry identities.payments.grants.1');
  expect(one).not.toContain('write_registry');
  const reach = textOf(await ask(scene, '/console/access?service=registry&resource=acme/base/alpine'));
  expect(reach).toContain('edge deploy token If all of these hold: user name edge');
  expect(reach).toContain('project_id equals "20"');
  expect(reach).not.toContain('release');
  expect(textOf(await ask(scene, '/console/access?resource=x'))).toContain('Select the service');
  expect(textOf(await ask(scene, '/console/access?service=x'))).toContain('No service has this name');
  expect(textOf(await ask(scene, '/console/access?scope=read'))).toContain('No service has a scope');
  expect(textOf(await ask(scene, '/console/access?identity=zzz'))).toContain('No identity');
});

test('explain: claims, a deploy token, and an anonymous request', async () => {
  const scene = await startPolicyScenario();
  const url = 'https://gateway.example.com/orders/v1/list';
  const claims = JSON.stringify({ project_id: '20', ref: 'main' });
  const byClaims = await explained(scene, {
    url,
    credential: 'claims',
    issuer: 'gitlab',
    class: 'id_token',
    claims,
  });
  expect([byClaims.status, textOf(byClaims)]).toEqual([200, expect.stringContaining('allow as payments')]);
  const byToken = await explained(scene, {
    url: 'https://registry.example.com/v2/acme/base/alpine/manifests/3',
    credential: 'deploy-token',
    deployToken: 'edge',
  });
  expect(textOf(byToken)).toContain('allow as deploy-token:edge by a grant');
  const anonymous = await explained(scene, { url, credential: 'none' });
  expect(textOf(anonymous)).toContain('deny no_credential');
  const nowhere = await explained(scene, { url: 'https://gateway.example.com/x', credential: 'none' });
  expect(textOf(nowhere)).toContain('refused no_service');
});

test('explain: a recorded request with another request line', async () => {
  const scene = await startPolicyScenario();
  const id = await requestId(scene, 'POST /orders/v1/list');
  await decisionPage(scene, id);
  const form = await ask(scene, `/console/explain?request=${id}`);
  expect(form.body).toContain('value="https://gateway.example.com/orders/v1/list"');
  expect(form.body).toContain(`value="${id}"`);
  const changed = await explained(scene, {
    url: 'https://gateway.example.com/orders/v1/list',
    credential: 'recorded',
    request: id,
  });
  expect(textOf(changed)).toContain('allow as payments by a grant');
});

test.each([
  [{ url: 'orders' }, 'Enter the complete URL'],
  [{ method: 'G T' }, 'The method consists of letters'],
  [{ credential: 'claims', issuer: 'other' }, 'Select the issuer'],
  [{ credential: 'claims', issuer: 'gitlab', claims: '[]' }, 'Enter the claims as one JSON object'],
  [{ credential: 'token', token: '' }, 'Paste the token'],
  [{ credential: 'deploy-token', deployToken: 'x' }, 'Select a deploy token'],
  [{ credential: 'recorded', request: 'x' }, 'This replica has no decision'],
])('explain: invalid input %o', async (fields, message) => {
  const scene = await startPolicyScenario();
  const page = await explained(scene, { url: 'https://gateway.example.com/orders/', ...fields });
  expect([page.status, textOf(page)]).toEqual([400, expect.stringContaining(message)]);
});

test('explain requires the CSRF token of the console', async () => {
  const scene = await startPolicyScenario();
  const page = await ask(scene, '/console/explain', { form: { csrf: 'x', url: 'https://x/' } });
  expect(page.status).toBe(403);
});

test('candidate: how to start one, then its differences with examples', async () => {
  const empty = await startPolicyScenario();
  expect(textOf(await ask(empty, '/console/candidate'))).toContain(
    'candidate: { config: /etc/gatehouse-next }',
  );
  const scene = await startPolicyScenario({
    more: 'candidate: { config: next.yaml }',
    files: { 'next.yaml': '' },
  });
  const { issuer, upstream } = scene;
  const next = `version: 1\nserver: { listen: "127.0.0.1:0", publicUrl: "https://gateway.example.com", admin: { listen: "127.0.0.1:0" } }\nstate: { sqlite: { file: next.db } }\n${policyYaml(issuer.url, upstream.url, 'write_api')}\n`;
  writeFileSync(`${scene.gateway.folder}/next.yaml`, next);
  expect(textOf(await ask(scene, '/console/candidate'))).toContain('The candidate is invalid');
  await scene.gateway.reload((yaml) => `${yaml}\n`);
  const page = await eventually('a difference', async () => {
    const id = await requestId(scene, 'GET /orders/v1/list');
    const shown = await ask(scene, '/console/candidate');
    return textOf(shown).includes('would be denied') && { shown, id };
  });
  expect(textOf(page.shown)).toContain('scope_not_granted');
  expect(page.shown.body).toMatch(/href="\/console\/decisions\/[0-9a-f-]{36}"/);
});
