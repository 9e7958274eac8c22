/** A publishing token whose exchange names no package covers the package of its first push. */
import { describe, expect, test } from 'vitest';
import { PUBLISHING_FORMATS, type PublishingFormat } from '../support/publishing/package-pushes.ts';
import { createPublisher, exchangeForPublisher } from '../support/publishing/publisher.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useJobScenario } from '../support/scenario/job.ts';

const AUDIENCE = 'packages';
const GRANT = 'scopes: [read_package_registry, write_package_registry]';
const TYPES = PUBLISHING_FORMATS.map(({ type }) => type);

interface TestService {
  readonly name: string;
  readonly host: string;
  readonly more?: string;
  readonly packages?: string;
}

const serviceOf = (type: string, upstream: string, { name, host, more = '', packages }: TestService) => `
  ${name}:
    type: ${type}
    hosts: [${host}]
    path: /${type}/${more}
    trustedPublishing: { audience: ${AUDIENCE}${packages === undefined ? '' : `, packages: ${packages}`} }
    upstream: { url: "${upstream}/" }`;

const scenario = useJobScenario({
  server: { publicUrl: 'http://gateway.example.com' },
  backends: () => ({ upstream: () => startRecordingUpstream() }),
  config: ({ gitlab, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${gitlab.url}", audiences: [gateway] } }
roles:
  publisher:${TYPES.flatMap((type) => [type, `${type}-workspace`])
    .map((service) => `\n    - { service: ${service}, ${GRANT}, resources: ["**"] }`)
    .join('')}
  acme:${TYPES.map((type) => `\n    - { service: ${type}, ${GRANT}, resources: ["acme*"] }`).join('')}
identities:
  ci: { issuer: gitlab, match: { project_id: "20" }, roles: [publisher] }
  acme: { issuer: gitlab, match: { project_id: "21" }, roles: [acme] }
services:${TYPES.map(
    (type) =>
      serviceOf(type, upstream.url, { name: type, host: '127.0.0.1' }) +
      serviceOf(type, upstream.url, { name: `${type}-workspace`, host: 'localhost', packages: 'granted' }),
  ).join('')}
`,
});

const publisher = (format: PublishingFormat, claims: object = {}, host?: 'localhost') =>
  exchangeForPublisher(format, scenario.gateway, scenario.job.idToken({ aud: AUDIENCE, ...claims }), host);

describe.each(PUBLISHING_FORMATS)('$type', (format) => {
  const [spelling, otherSpelling] = format.spellings;

  test('the first push decides the package of the token', async () => {
    const client = await publisher(format);
    scenario.upstream.reset();
    const first = await client.push(spelling);
    expect(first.status).toBe(200);
    expect(await client.push(otherSpelling)).toMatchObject({ status: 200 });
    const refused = await client.push('other');
    expect(refused.status).toBe(403);
    expect(refused.body).toContain('Request an ID token for each package');
    expect(scenario.upstream.requests()).toHaveLength(2);
    expect(scenario.upstream.bytes()).not.toContain(client.token);
    expect(await client.push(spelling)).toMatchObject({ status: 200 });

    const bound = expect.stringMatching(/^the publishing token \S+ is bound to "acme[._-]api"$/);
    expect(await client.audited(refused)).toMatchObject({
      event: { reason: 'package_not_covered', outcome: 'failure', type: ['access', 'denied'] },
      gatehouse: { detail: bound },
      user: { name: 'ci' },
    });
    expect(await client.audited(first)).toMatchObject({
      event: { reason: 'granted' },
      gatehouse: { detail: bound },
    });
  });

  test('neither a read nor a push that policy denies decides it', async () => {
    const client = await publisher(format, { project_id: '21' });
    const [read, denied] = [await client.read(), await client.push('other')];
    expect((await client.audited(read)).event.reason).toBe('granted');
    expect((await client.audited(denied)).event.reason).toBe('resource_not_granted');
    expect(await client.push('acme')).toMatchObject({ status: 200 });
    expect((await client.audited(await client.push('acme-api'))).event.reason).toBe('package_not_covered');
    expect((await client.audited(await client.read())).event.reason).toBe('granted');
  });

  test('of concurrent first pushes the packages of all but one are refused', async () => {
    const client = await publisher(format);
    const names = Array.from({ length: 16 }, (_each, index) => (index % 2 === 0 ? 'acme' : 'other'));
    scenario.upstream.reset();
    const statuses = await Promise.all(names.map(async (name) => [name, (await client.push(name)).status]));
    const pushed = new Set(statuses.flatMap(([name, status]) => (status === 200 ? [name] : [])));
    expect(pushed.size).toBe(1);
    expect(statuses.filter(([, status]) => status === 403)).toHaveLength(8);
    expect(scenario.upstream.requests()).toHaveLength(8);
  });

  test('a push whose package the gateway cannot read needs another token', async () => {
    const client = await publisher(format);
    scenario.upstream.reset();
    const refused = await client.request(format.unreadable);
    expect([refused.status, refused.body]).toEqual([
      403,
      expect.stringContaining('cannot determine the package'),
    ]);
    expect((await client.audited(refused)).event.reason).toBe('package_not_covered');
    expect(scenario.upstream.requests()).toHaveLength(0);
    expect(await client.push('acme')).toMatchObject({ status: 200 });
  });

  test('packages: granted covers every package that the identity may publish', async () => {
    const client = await publisher(format, {}, 'localhost');
    for (const name of ['acme', 'other']) expect(await client.push(name)).toMatchObject({ status: 200 });
    expect(await client.request(format.unreadable)).toMatchObject({ status: 200 });
  });

  test('other tokens of the job are not limited', async () => {
    const client = createPublisher(format, scenario.gateway, scenario.job.idToken({ aud: 'gateway' }));
    for (const name of ['acme', 'other']) expect(await client.push(name)).toMatchObject({ status: 200 });
  });
});

const [cargo] = PUBLISHING_FORMATS;

test('a yank of another crate is refused as well', async () => {
  const client = await publisher(cargo);
  const yank = (crate: string) =>
    client.request({ path: `api/v1/crates/${crate}/1.0.0/yank`, method: 'DELETE', headers: {} });
  expect(await client.push('acme')).toMatchObject({ status: 200 });
  expect((await client.audited(await yank('other'))).event.reason).toBe('package_not_covered');
  expect(await yank('acme')).toMatchObject({ status: 200 });
});

test('shadow mode: a push that policy denies binds nothing', async () => {
  const shadowed = await scenario.gateway.reload((yaml) =>
    yaml.replaceAll('path: /cargo/', 'path: /cargo/\n    mode: shadow'),
  );
  expect(shadowed).toBe(true);
  const client = await publisher(cargo, { project_id: '21' });
  const pushed: [string, number, string][] = [];
  for (const name of ['other', 'acme', 'acme-api', 'other']) {
    const response = await client.push(name);
    pushed.push([name, response.status, (await client.audited(response)).event.reason]);
  }
  expect(pushed).toEqual([
    ['other', 200, 'shadow'],
    ['acme', 200, 'granted'],
    ['acme-api', 403, 'package_not_covered'],
    ['other', 200, 'shadow'],
  ]);
});
