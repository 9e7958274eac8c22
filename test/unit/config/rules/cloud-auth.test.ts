import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { accepted, configuration, errorsOf, warningsOf } from '../loading.ts';

const privateKey = (type: 'pkcs1' | 'pkcs8'): string =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type, format: 'pem' },
  }).privateKey;
const [APP, APP_PKCS8] = [privateKey('pkcs1'), privateKey('pkcs8')];
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
const BESIDE = {
  'app.pem': APP,
  'pkcs8.pem': APP_PKCS8,
  'ec.pem': EC,
  identity: 'eyJ.a.b\n',
  lines: 'a\nb\n',
};

describe('githubApp', () => {
  const githubApp = (body: string, type = 'http'): string =>
    configuration({
      services: `{ orders: { type: ${type}, upstream: { url: https://api.github.com/, auth: { githubApp: { ${body} } } } } }`,
      ...(type === 'http' ? {} : { roles: '{}', identities: '{}' }),
    });
  const APP_KEYS = 'appId: 4711, keyFile: app.pem, installation: 7';
  const LIMITS = 'permissions: { contents: read }, repositoryIds: ["{claims.project_id}"]';
  const GOOD = `${APP_KEYS}, ${LIMITS}`;

  test.each([
    [`keyFile: app.pem, installation: 7, ${LIMITS}`, 'githubApp.appId: is missing'],
    [`appId: 4711, installation: 7, ${LIMITS}`, 'githubApp.keyFile: is missing'],
    [`appId: 4711, keyFile: app.pem, ${LIMITS}`, 'githubApp.installation: is missing'],
    [`appId: -1, keyFile: app.pem, installation: 7, ${LIMITS}`, 'appId: must be the id of a GitHub App'],
    [`appId: 1, keyFile: app.pem, installation: acme, ${LIMITS}`, 'must be the id of an installation'],
    [
      `appId: 1, keyFile: ec.pem, installation: 7, ${LIMITS}`,
      'must hold an unencrypted RSA private key (PEM)',
    ],
    [
      `appId: 1, keyFile: lines, installation: 7, ${LIMITS}`,
      'must hold an unencrypted RSA private key (PEM)',
    ],
    [`appId: 1, keyFile: nowhere, installation: 7, ${LIMITS}`, 'nowhere does not exist'],
    [`${GOOD}, apiUrl: http://github.example.com/api/v3`, 'apiUrl: must be https'],
    [`${GOOD}, repositories: [payments]`, 'give either repositories or repositoryIds, not both'],
    [`${APP_KEYS}, permissions: {}, repositories: [a]`, 'permissions: must not be empty'],
    [
      `${APP_KEYS}, permissions: { contents: owner }, repositories: [a]`,
      'contents: must be read, write or admin',
    ],
    [`${APP_KEYS}, permissions: { contents: "{claim.x}" }, repositories: [a]`, 'braces may contain only'],
    [
      `${APP_KEYS}, permissions: { contents: read }, repositories: ["a b"]`,
      'is not the name of a repository',
    ],
    [`${APP_KEYS}, permissions: { contents: read }, repositories: ["{claims.}"]`, 'braces may contain only'],
    [
      `${APP_KEYS}, permissions: { contents: read }, repositoryIds: [payments]`,
      'is not the id of a repository',
    ],
    [
      `${APP_KEYS}, permissions: { contents: read }, repositories: ["acme/{claims.a}-{claims.b}"]`,
      'repositories[0]: has two placeholders in one segment',
    ],
    [
      `${APP_KEYS}, permissions: { contents: read }, repositoryIds: ["{claims.a}{claims.b}"]`,
      'repositoryIds[0]: has two placeholders in one segment',
    ],
  ])('%s', (body, message) => {
    expect(errorsOf(githubApp(body), {}, BESIDE)).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    GOOD,
    'appId: Iv23liabc, keyFile: pkcs8.pem, installation: acme/orders, permissions: { contents: "{claims.user_access_level}" }, repositories: ["acme/{claims.project_path}"]',
    `${GOOD}, apiUrl: https://github.example.com/api/v3`,
    `${APP_KEYS}, permissions: { contents: read }, repositories: ["{claims.namespace_path}/{claims.project_path}"]`,
  ])('%s is accepted without a warning', (body) => {
    expect(errorsOf(githubApp(body), {}, BESIDE)).toEqual([]);
    expect(warningsOf(githubApp(body), {}, BESIDE)).toEqual([]);
  });

  test('limits that are absent grant everything: a warning for each', () => {
    expect(warningsOf(githubApp(APP_KEYS), {}, BESIDE)).toEqual([
      expect.stringContaining(
        'has no permissions key, so its tokens have all permissions of the installation',
      ),
      expect.stringContaining('so its tokens are valid for all repositories of the installation'),
    ]);
  });

  test('an unknown claim of a template is a warning', () => {
    const body = `${APP_KEYS}, permissions: { contents: read }, repositories: ["{claims.projct_path}"]`;
    expect(warningsOf(githubApp(body), {}, BESIDE)).toEqual([
      expect.stringMatching(/githubApp\.repositories\[0\]: "projct_path" is not a documented claim/),
    ]);
  });

  test('is for git and http services', () => {
    expect(errorsOf(githubApp(GOOD, 'git'), {}, BESIDE)).toEqual([]);
    expect(errorsOf(githubApp(GOOD, 'oci'), {}, BESIDE)).toEqual([
      expect.stringContaining('githubApp: is for services of type git and http'),
    ]);
  });
});

describe('aws', () => {
  const aws = (body: string, type = 'oci'): string =>
    configuration({
      services: `{ images: { type: ${type}, upstream: { url: https://1.dkr.ecr.eu-central-1.amazonaws.com/, auth: { aws: { ${body} } } } } }`,
      roles: '{}',
      identities: '{}',
    });
  const ROLE = 'roleArn: "arn:aws:iam::123456789012:role/gatehouse"';
  const GOOD = `region: eu-central-1, ${ROLE}, webIdentityTokenFile: identity, service: ecr`;

  test.each([
    [`${ROLE}, webIdentityTokenFile: identity, service: ecr`, 'aws.region: is missing'],
    [`region: frankfurt, ${ROLE}, webIdentityTokenFile: identity, service: ecr`, 'must be an AWS region'],
    [
      'region: eu-central-1, roleArn: gatehouse, webIdentityTokenFile: identity, service: ecr',
      'must be the ARN',
    ],
    [
      `region: eu-central-1, ${ROLE}, webIdentityTokenFile: lines, service: ecr`,
      'one line of printable ASCII',
    ],
    [`region: eu-central-1, ${ROLE}, webIdentityTokenFile: identity, service: s3`, 'aws.service: must be'],
    [`${GOOD}, sessionName: "a b"`, 'aws.sessionName: must be 2 to 64'],
    [`${GOOD}, endpoints: { sts: "http://sts.internal/" }`, 'endpoints.sts: must be https'],
  ])('%s', (body, message) => {
    expect(errorsOf(aws(body), {}, BESIDE)).toEqual([expect.stringContaining(message)]);
  });

  test('is for oci services, with defaults', () => {
    expect(errorsOf(aws(GOOD, 'generic'), {}, BESIDE)).toEqual([
      expect.stringContaining('aws: is for services of type oci'),
    ]);
    expect(accepted(aws(GOOD), {}, BESIDE).services[0]?.upstream?.auth?.aws).toMatchObject({
      sessionName: 'gatehouse',
      endpoints: {},
    });
  });
});
