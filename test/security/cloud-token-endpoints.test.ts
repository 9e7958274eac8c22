/** Unreachable, faulty or hostile APIs of GitHub and AWS: 502, one log line, and no secret in any output. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  CLOUD_FAULTS,
  cloudSecrets,
  ecrToken,
  installation,
  session,
  type CloudApi,
} from '../support/cloud-faults.ts';
import { eventually } from '../support/eventually.ts';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import {
  jsonResponse as json,
  startHostileEndpoint,
  type EndpointBehaviour,
  type HostileEndpoint,
} from '../support/hostile-endpoint.ts';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const {
  canaries,
  token: TOKEN,
  login: LOGIN,
  webIdentity: WEB_IDENTITY,
  secretKey: SECRET_KEY,
} = cloudSecrets;

const CASES = (Object.keys(CLOUD_FAULTS) as CloudApi[]).flatMap((kind) =>
  Object.entries(CLOUD_FAULTS[kind]).map(([name, [behaviour, reason, detail]]) => ({
    kind,
    name: `${kind}-${name}`,
    behaviour,
    reason,
    detail,
  })),
);
const isSlow = ({ name }: { readonly name: string }): boolean => /-(?:hangs|drips)$/.test(name);

let endpoint: HostileEndpoint;
let upstream: RecordingUpstream;
let gateway: GatewayProcess;
let files: TemporaryFolder;

beforeAll(async () => {
  endpoint = await startHostileEndpoint(
    new Map<string, EndpointBehaviour>([
      ...CASES.map(({ name, behaviour }) => [name, behaviour] as const),
      ['good', json(201, installation)],
      ['good-sts', json(200, session(SECRET_KEY))],
      ['good-ecr', json(200, ecrToken({}))],
    ]),
  );
  upstream = await startRecordingUpstream();
  files = temporaryFolder('cloud');
  const folder = files.path;
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  canaries.add('private key', privateKey.split('\n')[1] ?? '');
  writeFileSync(join(folder, 'app.pem'), privateKey, { mode: 0o600 });
  writeFileSync(join(folder, 'identity'), WEB_IDENTITY, { mode: 0o600 });
  writeFileSync(
    join(folder, 'gatehouse.yaml'),
    `version: 1
server: { listen: "127.0.0.1:0", publicUrl: https://gateway.example.com, admin: { listen: "127.0.0.1:0" } }
services:
${service('github', 'good')}${service('ecr', 'good-ecr')}${CASES.map(({ kind, name }) => service(kind, name)).join('')}`,
  );
  gateway = await startGatewayProcess(join(folder, 'gatehouse.yaml'));
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([upstream.close(), endpoint.close()]);
  files.close();
});

function service(kind: CloudApi, name: string): string {
  const at = (path: string): string => `${endpoint.url}/${path}`;
  const [type, scope, resource, auth] =
    kind === 'github'
      ? [
          'http',
          'read_api',
          '/**',
          `githubApp: { apiUrl: "${at(name)}", appId: 4711, keyFile: app.pem, installation: 7, permissions: { contents: read }, repositories: [payments] }`,
        ]
      : [
          'oci',
          'read_registry',
          '**',
          `aws: { region: eu-central-1, roleArn: "arn:aws:iam::123456789012:role/g", webIdentityTokenFile: identity, service: ecr, endpoints: { sts: "${at(kind === 'sts' ? name : 'good-sts')}", ecr: "${at(kind === 'ecr' ? name : 'good-ecr')}" } }`,
        ];
  return `  ${name}:
    type: ${type}
    hosts: [${name}.example.com]
    anonymous: [{ scopes: [${scope}], resources: ["${resource}"] }]
    upstream: { url: "${upstream.url}/", auth: { ${auth} } }
`;
}

function ask(name: string): Promise<RawResponse> {
  const head = `GET /v2/acme/api/manifests/1 HTTP/1.1\r\nHost: ${name}.example.com\r\nConnection: close\r\n\r\n`;
  return rawResponse(gateway.port, head, { quiet: 10_000 });
}

function logged(name: string): readonly string[] {
  return gateway
    .log()
    .filter(({ message, service: of }) => /^no (?:installation )?token /.test(String(message)) && of === name)
    .map(({ reason, detail }) => `${String(reason)} ${String(detail)}`);
}

async function expectFault({ name, reason, detail }: (typeof CASES)[number]): Promise<void> {
  const calls = (): number => endpoint.calls.filter((path) => path.split('/')[1] === name).length;
  for (const answer of await Promise.all([ask(name), ask(name)])) {
    expect(answer.status).toBe(502);
    expect(answer.headers.has('location')).toBe(false);
    expect(canaries.foundIn(answer.head + answer.body)).toEqual([]);
  }
  expect(calls()).toBe(1);
  const lines = await eventually('the log line', () => logged(name).length > 0 && logged(name));
  expect(lines).toEqual([expect.stringMatching(new RegExp(`^${reason} .*${detail.source}`))]);
}

test.concurrent.each(CASES.filter(isSlow))('$name', expectFault);
test.each(CASES.filter((each) => !isSlow(each)))('$name: 502 $reason', expectFault);

test('no failure reached the upstream', () => {
  expect(endpoint.calls).not.toContain('/good');
  expect(upstream.bytes()).toBe('');
});

test('log, audit log and metrics contain no secret, also after a success', async () => {
  expect((await ask('good')).status).toBe(200);
  expect((await ask('good-ecr')).status).toBe(200);
  expect(upstream.bytes()).toContain(`Bearer ${TOKEN}`);
  expect(upstream.bytes()).toContain(`Basic ${LOGIN}`);
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  const { stdout, stderr } = gateway.output();
  expect(stdout).toContain('"reason":"upstream_unauthorized"');
  expect(canaries.foundIn(stdout + stderr + metrics)).toEqual([]);
});
