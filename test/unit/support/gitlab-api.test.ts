import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basic, callApi, formData, sending } from '../../support/api-call.ts';
import type { Result } from '../../support/api-call.ts';
import { FrozenClock } from '../../support/authentication.ts';
import { startGitlab } from '../../support/gitlab.ts';
import type { DeployTokenOptions, TestGitlab } from '../../support/gitlab.ts';

const clock = new FrozenClock();
let gitlab: TestGitlab;

beforeAll(async () => {
  gitlab = await startGitlab({ clock });
});
afterAll(() => gitlab.close());

const call = (path: string, init?: RequestInit): Promise<Result> => callApi(gitlab, path, init);

describe('GET /jwt/auth', () => {
  const auth = (
    given: DeployTokenOptions,
    scope = 'repository:acme/payments/api:pull,push',
  ): Promise<Result> => {
    const { username, token } = gitlab.deployToken(given);
    return ask(username, token, scope);
  };
  const ask = (
    username: string,
    password: string,
    scope = 'repository:acme/payments:pull',
  ): Promise<Result> =>
    call(
      `/jwt/auth?${new URLSearchParams({ service: 'container_registry', scope }).toString()}`,
      sending({ authorization: basic(username, password) }),
    );
  const payload = (token: unknown): Readonly<Record<string, unknown>> =>
    JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString()) as Result['json'];

  beforeAll(() => void gitlab.project(20, 'acme/payments'));

  test.each([
    ['read', { scopes: ['read_registry'] }, ['pull']],
    ['both', { scopes: ['read_registry', 'write_registry'] }, ['pull', 'push']],
    ['of a group', { group: 'acme' }, ['pull']],
    ['of a group whose name is a prefix', { group: 'ac' }, undefined],
    ['of another project', { project: 'acme/payments-evil' }, undefined],
  ] satisfies [string, DeployTokenOptions, string[] | undefined][])(
    'a deploy token, %s',
    async (_name, given, actions) => {
      const { status, json } = await auth(given);
      expect(status).toBe(200);
      const granted =
        actions === undefined ? [] : [{ type: 'repository', name: 'acme/payments/api', actions }];
      expect(payload(json['token'])).toMatchObject({
        access: granted,
        auth_type: 'deploy_token',
        aud: 'container_registry',
      });
    },
  );

  test('the response token names the user of the deploy token', async () => {
    const { id, username, token } = gitlab.deployToken({ username: 'puller' });
    const { json } = await ask(username, token);
    expect(payload(payload(json['token'])['user'])).toEqual({
      user_info: { token_type: 'deploy_token', username: 'puller', deploy_token_id: id },
    });
  });

  test('a push scope creates the repository', async () => {
    gitlab.state.repositories.clear();
    const scopes = ['read_registry', 'write_registry'] as const;
    await auth({ scopes }, 'repository:acme/payments/probe:pull');
    expect([...gitlab.state.repositories]).toEqual([]);
    await auth({ scopes }, 'repository:acme/payments/probe:push');
    expect([...gitlab.state.repositories]).toEqual(['acme/payments/probe']);
  });

  test('401, 403 and 404', async () => {
    const good = gitlab.deployToken();
    expect((await ask('somebody-else', good.token)).status).toBe(401);
    expect((await ask(good.username, 'gldt-wrong')).status).toBe(401);
    expect((await auth({ revoked: true })).status).toBe(401);
    expect(await auth({ scopes: ['read_repository'] })).toMatchObject({
      status: 403,
      json: { errors: [{ code: 'DENIED' }] },
    });
    good.revoke();
    expect((await ask(good.username, good.token)).status).toBe(401);
    gitlab.state.registryEnabled = false;
    expect((await auth({})).status).toBe(404);
    gitlab.state.registryEnabled = true;
  });

  test('a deploy token expires at 00:00 UTC of its day', async () => {
    const { username, token } = gitlab.deployToken({ expires: '2026-11-22' });
    clock.advance(12 * 3_600_000 - 1);
    expect((await ask(username, token)).status).toBe(200);
    clock.advance(1);
    expect((await ask(username, token)).status).toBe(401);
    clock.advance(-12 * 3_600_000);
  });
});

describe('the API of a project', () => {
  const projects = '/api/v4/projects';

  test('generic packages, by project id and by path', async () => {
    const { token } = gitlab.job();
    const file = '/packages/generic/app/1.0/app.tgz';
    const put = await call(
      `${projects}/20${file}`,
      sending({ 'JOB-TOKEN': token }, { method: 'PUT', body: 'bytes' }),
    );
    expect(put).toMatchObject({ status: 201, json: { message: '201 Created' } });
    const get = await call(`${projects}/acme%2FPayments${file}`, sending({ 'JOB-TOKEN': token }));
    expect(get).toMatchObject({ status: 200, text: 'bytes' });
    const reader = gitlab.deployToken({ scopes: ['read_package_registry'] });
    const headers = { 'Deploy-Token': reader.token };
    expect((await call(`${projects}/20${file}`, sending(headers))).text).toBe('bytes');
    expect((await call(`${projects}/20${file}`, sending(headers, { method: 'PUT', body: 'x' }))).status).toBe(
      403,
    );
    expect((await call(`${projects}/20/packages/generic/app/2.0/app.tgz`, sending(headers))).status).toBe(
      404,
    );
    expect((await call(`${projects}/20${file}`)).status).toBe(401);
  });

  test('artifacts, by job and by ref', async () => {
    const job = gitlab.job({ name: 'build', ref: 'feature/x' });
    job.project.artifacts.set(job.id, Buffer.from('PK'));
    const init = sending({ 'JOB-TOKEN': job.token });
    expect(await call(`${projects}/20/jobs/${job.id}/artifacts`, init)).toMatchObject({
      status: 200,
      text: 'PK',
    });
    const byRef = `${projects}/20/jobs/artifacts/feature%2Fx/download`;
    expect((await call(`${byRef}?job=build`, init)).text).toBe('PK');
    expect((await call(`${byRef}?job=other`, init)).status).toBe(404);
    expect((await call(`${projects}/20/jobs/1/artifacts`, init)).status).toBe(404);
  });

  test('releases', async () => {
    const { token } = gitlab.job();
    const headers = { 'JOB-TOKEN': token, 'content-type': 'application/json' };
    const post = sending(headers, { method: 'POST', body: '{"tag_name":"v1","name":"One"}' });
    expect(await call(`${projects}/20/releases`, post)).toMatchObject({
      status: 201,
      json: { tag_name: 'v1', name: 'One' },
    });
    expect((await call(`${projects}/20/releases`, post)).status).toBe(409);
    expect((await call(`${projects}/20/releases/v1`, sending(headers))).json).toEqual({
      tag_name: 'v1',
      name: 'One',
    });
    expect(JSON.parse((await call(`${projects}/20/releases`, sending(headers))).text)).toHaveLength(1);
    expect((await call(`${projects}/20/releases/v2`, sending(headers))).status).toBe(404);
  });

  test.each([
    ['a form', (token: string) => new URLSearchParams({ token, ref: 'main' })],
    ['multipart', (token: string) => formData({ token, ref: 'main' })],
  ])('a pipeline is triggered by %s', async (_name, body) => {
    const { token } = gitlab.job();
    const trigger = `${projects}/20/trigger/pipeline`;
    const done = await call(trigger, { method: 'POST', body: body(token) });
    expect(done).toMatchObject({ status: 201, json: { project_id: 20, ref: 'main' } });
    expect((await call(trigger, { method: 'POST', body: body('glcbt-x') })).status).toBe(404);
    expect((await call(trigger, { method: 'POST', body: formData({ token }) })).status).toBe(400);
  });

  test('another project returns 404 unless its allowlist includes the project of the job', async () => {
    const { token } = gitlab.job({ project: { id: 21, path: 'acme/web' } });
    const init = sending({ 'JOB-TOKEN': token });
    expect(await call(`${projects}/20/releases`, init)).toMatchObject({
      status: 404,
      json: { message: '404 Not Found' },
    });
    const { jobTokenAllowlist } = gitlab.project(20, 'acme/payments');
    jobTokenAllowlist.push('acme/web');
    expect((await call(`${projects}/20/releases`, init)).status).toBe(200);
    jobTokenAllowlist.pop();
    expect((await call(`${projects}/999/releases`, init)).status).toBe(404);
  });
});
