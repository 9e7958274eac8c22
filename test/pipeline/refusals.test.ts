/** The texts of refusals over HTTP: the caller's own values, the next step, and recognised mistakes. */
import { describe, expect, test } from 'vitest';
import type { RawResponse } from '../support/raw-client.ts';
import {
  EXPIRED_DEPLOY_SECRET,
  REFUSED,
  REFUSED_TYPES,
  useRefusedScenario,
} from '../support/scenario/refused.ts';

const { scenario, ask } = useRefusedScenario();

const ME = '/v1/users/me';
const PUBLIC_ME = `https://gateway.example.com${ME}`;

const bearer = (token = scenario.job.idToken()): string => `Bearer ${token}`;
const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** The body without the escapes of JSON. */
const textOf = ({ body }: RawResponse): string => body.replaceAll('\\"', '"');
const phraseOf = ({ head }: RawResponse): string => /^HTTP\/1\.1 \d{3} (.*)/.exec(head)?.[1] ?? '';

describe.each(REFUSED_TYPES)('%s', (_type, { host, read, readScope, resource }) => {
  test('a resource that is not granted: identity, scope, resource, next step and endpoint', async () => {
    const refused = await ask(read, bearer(), host);
    expect(refused.status).toBe(403);
    const text = textOf(refused);
    expect(text).toContain(`Your identity "payments" has the scope "${readScope}"`);
    expect(text).toContain(`not for this resource: "${resource}". Ask the maintainers of the policy`);
    expect(text).toContain(ME);
  });

  test('no credential, no identity and an invalid signature: next step and endpoint', async () => {
    const otherProject = scenario.job.idToken({ project_id: '99' });
    const signature = scenario.job.idToken().replace(/[^.]*$/, (text) => text.split('').reverse().join(''));
    for (const [authorization, status] of [
      [undefined, 401],
      [bearer(otherProject), 403],
      [bearer(`${signature.slice(0, -4)}AAAA`), 401],
    ] as const) {
      const refused = await ask(read, authorization, host);
      expect([authorization, refused.status]).toEqual([authorization, status]);
      expect(textOf(refused)).toContain(ME);
      expect(textOf(refused)).toMatch(/Ask |Send |Request |docker login/);
    }
  });
});

const WRITABLE = REFUSED_TYPES.filter(([, { write }]) => write !== undefined);

test.each(WRITABLE)('%s: a scope that is not granted', async (_type, requests) => {
  const { host, resource, write = '', writeScope, written = resource } = requests;
  const refused = await ask(write, bearer(), host);
  expect(refused.status).toBe(403);
  const text = textOf(refused);
  expect(text).toContain(`Your identity "payments" does not have the scope "${writeScope}"`);
  expect(text).toContain(`for "${written}". Ask the maintainers of the policy`);
  expect(text).toContain(ME);
});

describe('the endpoint that describes the credential', () => {
  test('has the origin of the request, or of publicUrl on the host of a service', async () => {
    expect((await ask(REFUSED.http.read, bearer())).body).toContain(` ${PUBLIC_ME}.`);
    expect((await ask(REFUSED.http.read, bearer(), 'gateway.svc:8080')).body).toContain(
      ` http://gateway.svc:8080${ME}.`,
    );
    expect((await ask(REFUSED.oci.read, bearer(), REFUSED.oci.host)).body).toContain(` ${PUBLIC_ME}.`);
  });

  test('shows the claims of a credential that matches no identity, and no identity', async () => {
    const refused = await ask(`GET ${ME}`, bearer(scenario.job.idToken({ project_id: '99' })));
    expect(refused.status).toBe(403);
    expect(JSON.parse(refused.body)).toMatchObject({
      code: 7,
      message: expect.stringContaining('no identity in the policy matches it') as string,
      details: [
        { value: { credential: 'id_token', issuer: 'gitlab', claims: { project_id: '99', ref: 'main' } } },
      ],
    });
    expect(refused.body).not.toContain('"payments"');
  });

  test('is not named by a response that conceals the service', async () => {
    const refused = await ask('GET /hidden/x', bearer());
    expect(refused.status).toBe(404);
    expect(refused.body).not.toMatch(/users\/me|payments|read_api/);
  });

  test('is named by a refused token exchange', async () => {
    const refused = await exchange(JSON.stringify({ email: 'ci@workload.example.com', token: bearer() }));
    expect(refused.status).toBe(401);
    expect(await refused.text()).toContain(ME);
  });
});

function exchange(body: string): Promise<Response> {
  const headers = { 'Content-Type': 'application/json' };
  return fetch(`${scenario.gateway.url}/v1/auth:exchangeToken`, { method: 'POST', headers, body });
}

describe('specific next steps', () => {
  test('another audience: the audience of the service', async () => {
    const other = await ask(REFUSED.http.read, bearer(scenario.job.idToken({ aud: 'https://x' })));
    expect(textOf(other)).toContain('Request a token whose "aud" is "https://gateway.example.com".');
    expect(textOf(await ask('GET /own/x', bearer()))).toContain('"aud" is "https://own.example.com".');
  });

  test('an expired deploy token: its operators, not the CI system', async () => {
    const refused = await ask(REFUSED.http.read, basic('expired', EXPIRED_DEPLOY_SECRET));
    expect(refused.status).toBe(401);
    expect(refused.body).toContain('Ask the operators of the gateway for a new one.');
    expect(refused.body).not.toContain('CI system');
  });

  test('an unknown issuer is named', async () => {
    const refused = await ask(
      REFUSED.http.read,
      bearer(scenario.job.idToken({ iss: 'https://git.example.org' })),
    );
    expect(textOf(refused)).toContain('does not trust the issuer "https://git.example.org"');
  });
});

describe('mistakes in a credential are named', () => {
  const idToken = (): string => scenario.job.idToken();

  test.each<[name: string, authorization: () => string, text: string]>([
    ['a variable in braces', () => 'Bearer ${GATEHOUSE_TOKEN}', 'unexpanded variable'],
    ['a variable', () => 'Bearer $GATEHOUSE_TOKEN', 'unexpanded variable'],
    ['a variable of GitHub', () => 'Bearer ${{ secrets.TOKEN }}', 'unexpanded variable'],
    ['a variable of Azure DevOps', () => 'Bearer $(System.AccessToken)', 'unexpanded variable'],
    ['a variable of PowerShell', () => 'Bearer $env:TOKEN', 'unexpanded variable'],
    ['a variable of cmd', () => 'Bearer %TOKEN%', 'unexpanded variable'],
    ['a quoted variable', () => "Bearer '$TOKEN'", 'unexpanded variable'],
    ['a variable alone', () => '$TOKEN', 'unexpanded variable'],
    ['a variable as password', () => basic('ci', '${CI_JOB_TOKEN}'), 'unexpanded variable'],
    ['a variable as job token', () => basic('gitlab-ci-token', '$CI_JOB_TOKEN'), 'unexpanded variable'],
    ['double quotes', () => `Bearer "${idToken()}"`, 'quotes'],
    ['single quotes', () => basic('ci', `'${idToken()}'`), 'quotes'],
    ['a line break', () => basic('ci', `${idToken()}\n`), 'white space or a line break'],
    ['a space', () => basic('gitlab-ci-token', `${scenario.job.token} `), 'white space or a line break'],
    ['an ID token as job token', () => basic('gitlab-ci-token', idToken()), 'ID token'],
    ['a token as user name', () => basic(idToken(), ''), 'sent as the user name'],
    ['a token as user name, with a password', () => basic(idToken(), 'x'), 'sent as the user name'],
    ['a job token as user name', () => basic(scenario.job.token, 'x-oauth-basic'), 'sent as the user name'],
    ['a token over 16 KiB', () => bearer(`eyJ${'a'.repeat(17_000)}.e30.x`), 'too long'],
    ['a password over 16 KiB', () => basic('ci', 'a'.repeat(17_000)), 'too long'],
    ['a user name and a password over 24 KiB', () => basic('ci', 'a'.repeat(25_000)), 'too long'],
    ['a job token without a prefix', () => 'Bearer 64_vX3-kcR7nM2qLpZ9wTyB', 'JOB-TOKEN'],
    ['no value', () => 'Bearer ', 'is empty'],
    ['no password', () => basic('gitlab-ci-token', ''), 'is empty'],
    ['a masked value', () => 'Bearer [MASKED]', 'masked value'],
    ['a missing value', () => 'Bearer null', 'missing value'],
    ['the scheme twice', () => `Bearer Bearer ${idToken()}`, 'name of a scheme'],
    ['another scheme', () => `token ${idToken()}`, 'neither Bearer nor Basic'],
    ['no scheme', idToken, 'has no scheme'],
    ['Basic without Base64', () => `Basic ${idToken()}`, 'not Base64'],
    ['Basic without a colon', () => `Basic ${Buffer.from('token').toString('base64')}`, 'no colon'],
    ['Base64', () => bearer(Buffer.from(idToken()).toString('base64')), 'Base64-encoded'],
    [
      'a Basic value as Bearer',
      () => bearer(Buffer.from(`ci:${idToken()}`).toString('base64')),
      'Basic TEXT',
    ],
    ['a personal access token', () => 'Bearer glpat-xxxxxxxxxxxxxxxxxxxx', 'personal access token'],
    ['a truncated ID token', () => bearer(idToken().replace(/\.[^.]*$/, '')), 'is incomplete'],
  ])('%s', async (_name, authorization, text) => {
    const refused = await ask(REFUSED.http.read, authorization());
    expect([400, 401, 431]).toContain(refused.status);
    expect(refused.body).toContain(text);
    const token = authorization().split(' ').at(-1) ?? '';
    if (token.length > 20) expect(refused.body).not.toContain(token.slice(0, 20));
    expect(refused.body).not.toContain('CI_JOB_TOKEN');
  });

  test('in a token exchange', async () => {
    const token = '$GATEHOUSE_ID_TOKEN';
    const byName = await exchange(JSON.stringify({ email: 'ci@workload.example.com', token }));
    expect(await byName.text()).toContain('unexpanded variable');
    const body = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      subject_token: token,
    });
    const byStandard = await fetch(`${scenario.gateway.url}/oauth/token`, { method: 'POST', body });
    expect(await byStandard.text()).toContain('unexpanded variable');
  });

  test.each(['JOB-TOKEN', 'DEPLOY-TOKEN', 'PRIVATE-TOKEN'])('in %s', async (header) => {
    const url = `${scenario.gateway.url}/http/other`;
    const refused = await fetch(url, { headers: { [header]: '$CI_JOB_TOKEN' } });
    expect(refused.status).toBe(401);
    expect(await refused.text()).toMatch(/unexpanded variable|Send it as one of/);
  });
});

describe('clients that print the status line only', () => {
  const { host, read, write } = REFUSED.oci;

  test('oci: the reason phrase of a refused pull and push', async () => {
    const pull = await ask(read, bearer(), host);
    expect(phraseOf(pull)).toMatch(
      /^Your identity "payments" has the scope .*"acme\/other".*\(resource_not_granted\)$/,
    );
    const push = await ask(write, bearer(), host);
    expect(phraseOf(push)).toMatch(/^Your identity "payments" does not have .*\(scope_not_granted\)$/);
  });

  test('oci: the reason phrase of a refused login', async () => {
    const login = `GET /token?service=${host}`;
    const unmatched = await ask(login, basic('ci', scenario.job.idToken({ project_id: '99' })), host);
    expect(unmatched.status).toBe(401);
    expect(phraseOf(unmatched)).toMatch(
      /^The credential is valid, but no identity .* \(no_matching_identity\)$/,
    );
    expect(unmatched.body).toContain(ME);
    const variable = await ask(login, basic('ci', '$TOKEN'), host);
    expect(phraseOf(variable)).toMatch(/unexpanded variable.*\(credential_invalid\)$/);
  });

  test('a phrase is ASCII on one line and bounded for every path', async () => {
    const path = `/http/${'%E2%80%AE%0Aé'.repeat(3).replaceAll('é', '%C3%A9')}${'x'.repeat(2000)}`;
    for (const line of [`GET ${path}`, `GET /maven/org/${'x'.repeat(3000)}/a/1.0/a-1.0.jar`]) {
      const refused = await ask(line, bearer());
      expect(refused.head.split('\r\n')[0]).toMatch(/^HTTP\/1\.1 \d{3} [\x20-\x7e]{0,600}$/);
    }
  });

  test('an anonymous push to a public repository: a description in the challenge', async () => {
    const at = 'public.example.com';
    const login = await ask(`GET /token?service=${at}&scope=repository:public/base:pull,push`, undefined, at);
    const { token } = JSON.parse(login.body) as { token: string };
    const push = await ask('POST /v2/public/base/blobs/uploads/', bearer(token), at);
    expect(push.status).toBe(401);
    const challenge = push.headers.get('www-authenticate') ?? '';
    expect(challenge).toContain('error="insufficient_scope"');
    expect(challenge).toMatch(/error_description="[^"\\]{20,}"/);
    const anonymous = await ask('POST /v2/public/base/blobs/uploads/', undefined, at);
    expect(anonymous.headers.get('www-authenticate')).not.toContain('error');
  });
});
