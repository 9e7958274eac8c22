/** The upstream credential from another token service (RFC 8693), for an ID token of the caller or of the gateway. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { valuesOf } from '../support/received.ts';
import { OWN_AUDIENCE, useTokenExchange } from '../support/scenario/token-exchange.ts';

const { scenario, job, tokenOf, ask, trustGitlab, subjectsAtUpstream } = useTokenExchange();

beforeEach(() => trustGitlab());

test('the ID token of the client is exchanged', async () => {
  const token = job().idToken({ aud: OWN_AUDIENCE, sub: 'project_path:acme/payments' });
  expect((await ask('/passed/a', token)).status).toBe(200);
  const [form] = scenario.sts.forms;
  expect(form?.get('subject_token')).toBe(token);
  expect(form?.get('subject_token_type')).toBe('urn:ietf:params:oauth:token-type:id_token');
  expect(subjectsAtUpstream()).toEqual(['project_path:acme/payments']);
  expect(scenario.upstream.bytes()).not.toContain(token);
});

test('a job token is never sent to the token service', async () => {
  const refused = await ask('/passed/a', job().token);
  expect(refused.status).toBe(403);
  expect(refused.body).toContain('upstream_credential_missing');
  expect([scenario.sts.forms, scenario.upstream.bytes()]).toEqual([[], '']);
});

test('an ID token with another recipient beside the service is never sent to the token service', async () => {
  const refused = await ask(
    '/passed/a',
    job().idToken({ aud: [OWN_AUDIENCE, 'https://gateway.example.com'] }),
  );
  expect(refused.status).toBe(403);
  expect(refused.body).toContain('upstream_credential_missing');
  expect([scenario.sts.forms, scenario.upstream.bytes()]).toEqual([[], '']);
  expect((await ask('/passed/a', job().idToken({ aud: [OWN_AUDIENCE] }))).status).toBe(200);
});

test('a minted token is never sent to the token service', async () => {
  const response = await fetch(`${scenario.gateway.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: job().idToken({ aud: OWN_AUDIENCE }),
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      audience: 'passed',
    }),
  });
  const { access_token: minted = '' } = (await response.json()) as { access_token?: string };
  const refused = await ask('/passed/a', minted);
  expect([refused.status, refused.body]).toEqual([
    403,
    expect.stringContaining('upstream_credential_missing'),
  ]);
  expect([scenario.sts.forms, scenario.upstream.bytes()]).toEqual([[], '']);
});

test('subject: gateway, and a changed file is another subject', async () => {
  const write = (content: string): void => {
    writeFileSync(join(scenario.gateway.folder, 'new'), content, { mode: 0o600 });
    renameSync(join(scenario.gateway.folder, 'new'), join(scenario.gateway.folder, 'subject'));
  };
  write(job().idToken({ aud: OWN_AUDIENCE, sub: 'gateway-1' }));
  await eventually('the token of the file', async () => (await ask('/owned/public/a')).status === 200);
  expect((await ask('/owned/a', job().idToken())).status).toBe(200);
  expect(new Set(subjectsAtUpstream())).toEqual(new Set(['gateway-1']));
  write(job().idToken({ aud: OWN_AUDIENCE, sub: 'gateway-2' }));
  await eventually('the new subject', async () => {
    await ask('/owned/a', job().idToken());
    return subjectsAtUpstream().at(-1) === 'gateway-2';
  });
});

test('100 callers at once and a slow token service: each request has the token of its caller', async () => {
  let release = (): void => undefined;
  scenario.sts.hold = new Promise((resolve) => (release = resolve));
  const callers = Array.from({ length: 100 }, (_, n) => n + 100);
  const asked = callers.flatMap((n) => {
    const token = tokenOf(n, { aud: OWN_AUDIENCE });
    return [ask(`/passed/${n}`, token), ask(`/passed/${n}`, token)];
  });
  await eventually('concurrent token requests', () => scenario.sts.forms.length >= 32);
  release();
  const responses = await Promise.all(asked);
  expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
  // Two requests of one caller share one token request.
  expect(scenario.sts.forms).toHaveLength(100);
  const received = scenario.upstream.requests().map((request) => {
    const [value = ''] = valuesOf(request, 'authorization');
    const subject = scenario.sts.subjectOf(value.replace(/^Bearer /, ''));
    return [request.requestLine.split(' ')[1], subject];
  });
  expect(received).toHaveLength(200);
  for (const [target, subject] of received) expect(subject).toBe(`caller-${target?.slice(1)}`);
});
