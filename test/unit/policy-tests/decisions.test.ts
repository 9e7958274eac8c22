/** `gatehouse test` compares the decision of the gateway with the expected one. */
import { describe, expect, test } from 'vitest';
import { POLICY, runOn, testFile } from './command.ts';

const PUSH = 'request: PUT https://registry.example.com/v2/acme/payments/api/manifests/1';
const PULL = 'request: GET https://registry.example.com/v2/acme/payments/api/manifests/1';
const MOUNT =
  "request: 'POST https://registry.example.com/v2/acme/payments/api/blobs/uploads/?mount=sha256:6cbbb62cb726ca0cdff1526450025845eeaf6c0284ad0dc4a4085b70276e6df9&from=acme/secret'";
const PUBLISH = "request: 'PUT http://gateway.example.com/npm/@acme%2Fapp'";
const LFS = 'request: POST http://gateway.example.com/git/acme/payments.git/info/lfs/objects/batch';
const lfs = (operation: string) =>
  `body: '{"operation":"${operation}","objects":[]}', headers: { Content-Type: application/vnd.git-lfs+json }`;
const body = (name: string) =>
  `body: '{"_id":"${name}","name":"${name}","versions":{"1.0.0":{"name":"${name}","version":"1.0.0"}},"dist-tags":{},"_attachments":{}}', headers: { Content-Type: application/json }`;

describe('a test passes', () => {
  test.each([
    ['an identity with the grant', `as: [job, job-token], ${PUSH}, expect: allow`],
    ['any reason of policy', `as: [fork, anonymous], ${PUSH}, expect: deny`],
    [
      'one of several reasons',
      `as: [fork, anonymous], ${PUSH}, expect: { deny: [no_credential, no_matching_identity] }`,
    ],
    [
      'an issuer that the service does not trust',
      `as: stranger, ${PULL}, expect: { deny: [issuer_unknown] }`,
    ],
    ['a deploy token', `as: edge, can: { service: registry, scopes: [read_registry], resources: [acme/x] }`],
    [
      'a deploy token without the scope',
      `as: edge, cannot: { service: registry, scopes: [write_registry], resources: [acme/x] }`,
    ],
    ['an exchanged token within its scopes', `as: pull, ${PULL}, expect: allow`],
    ['an exchanged token beyond its scopes', `as: pull, ${PUSH}, expect: { deny: [insufficient_scope] }`],
    [
      'an exchange that the token endpoint refuses',
      `as: wide, ${PULL}, expect: { deny: [no_matching_identity] }`,
    ],
    [
      'a job token that the allowlist includes',
      `as: job-token, can: { service: registry, scopes: [read_registry], resources: [acme/base/node] }`,
    ],
    ['the alternative that the protocol has for a mount', `as: job, ${MOUNT}, expect: allow`],
    [
      'a host without service, by its reason',
      `as: job, request: 'GET https://registry.example.org/v2/', expect: { deny: [no_service] }`,
    ],
    [
      'a request that is no operation, by its reason',
      `as: job, request: 'PATCH https://registry.example.com/v2/acme/payments/api/manifests/1', expect: { deny: [operation_unknown] }`,
    ],
    [
      'a request that is no operation, without a credential',
      `as: anonymous, request: 'PATCH https://registry.example.com/v2/acme/payments/api/manifests/1', expect: { deny: [no_credential] }`,
    ],
    [
      'a header that the gateway refuses',
      `as: job, ${PULL}, headers: { X-HTTP-Method-Override: DELETE, Impersonate-User: root }, expect: { deny: [header_refused] }`,
    ],
    [
      'a shadow service, as in enforce mode',
      `as: fork, ${PUBLISH}, ${body('@acme/app')}, expect: { deny: [no_matching_identity] }`,
    ],
    ['the operation in the body', `as: job, ${LFS}, ${lfs('download')}, expect: allow`],
    [
      'another operation in the body',
      `as: job, ${LFS}, ${lfs('upload')}, expect: { deny: [scope_not_granted] }`,
    ],
    ['the package in the body', `as: job, ${PUBLISH}, ${body('@acme/app')}, expect: allow`],
  ])('%s', async (_, yaml) => {
    const { code, stdout, stderr } = await runOn(POLICY, testFile(yaml));
    expect({ stdout, stderr }).toEqual({
      stdout: expect.stringMatching(/^ok: 1 test, \d cases?\n$/),
      stderr: '',
    });
    expect({ code, stdout, stderr }).toExitWith(0);
  });
});

describe('a test fails', () => {
  test.each([
    [
      'a denial instead of access',
      `as: fork, ${PUSH}, expect: allow`,
      'deny: no_matching_identity (no identity matches',
    ],
    ['access instead of a denial', `as: job, ${PUSH}, expect: deny`, 'allow as payments'],
    [
      'another reason',
      `as: anonymous, ${PUSH}, expect: { deny: [no_matching_identity] }`,
      'deny: no_credential (',
    ],
    ['a denial instead of unable', `as: fork, ${PUSH}, expect: unable`, 'deny: no_matching_identity ('],
    [
      'a wrong host, if no reason is named',
      `as: fork, request: 'GET https://registry.example.org/v2/', expect: deny`,
      'deny: no_service (no service at registry.example.org/v2/); a test for this refusal names the reason',
    ],
    [
      'a shadow service that lets the request pass',
      `as: fork, ${PUBLISH}, ${body('@acme/app')}, expect: allow`,
      'deny: no_matching_identity (',
    ],
    [
      'a name in the body that differs from the path',
      `as: job, ${PUBLISH}, ${body('@evil/app')}, expect: allow`,
      'deny: request_malformed (publication: the path names @acme/app',
    ],
  ])('%s', async (_, yaml, actual) => {
    const { code, stdout, stderr } = await runOn(POLICY, testFile(yaml));
    expect(stdout).toContain(`  actual    ${actual}`);
    expect(stdout).toMatch(/^1 failed: 1 test, 1 case$/m);
    expect({ code, stdout, stderr }).toExitWith(1);
  });
});

test('a failure shows the request, both decisions, the explanation, and the positions of test and rules', async () => {
  const { stdout } = await runOn(POLICY, testFile(`as: job, ${PUSH}, expect: deny`));
  expect(stdout).toBe(`FAIL gatehouse.test.yaml:11:5: t0 (job)
  PUT https://registry.example.com/v2/acme/payments/api/manifests/1
  expected  deny
  actual    allow as payments

  service     registry (enforce)
  credential  id_token of gitlab
  decision    allow as payments (grant)

  identities
    + payments  matches

  + read_registry on "acme/payments/api"
      + role publisher: read_registry, write_registry
        + {claims.project_path}/**  matches (expanded: "acme/payments/**")
      - role publisher: read_registry
        - acme/base/**  does not match
      - anonymous: read_registry
        - public/**  does not match

  + write_registry on "acme/payments/api"
      + role publisher: read_registry, write_registry
        + {claims.project_path}/**  matches (expanded: "acme/payments/**")
      - role publisher: read_registry  (other scopes)
      - anonymous: read_registry  (other scopes)

  rules
    + gatehouse.yaml:6:3: identities.payments
    + gatehouse.yaml:16:7: roles.publisher[0]
    - gatehouse.yaml:17:7: roles.publisher[1]
    - gatehouse.yaml:32:17: services.registry.anonymous[0]

1 failed: 1 test, 1 case
`);
});
