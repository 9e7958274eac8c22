import { describe, expect, test } from 'vitest';
import { packageProtocols } from '../../../src/protocols/index.ts';
import { headsAt, SCOPE_NOT_GRANTED } from './request-heads.ts';

const { classify, challenge, refusal } = packageProtocols.terraform({ path: '/terraform/' });
const head = headsAt('terraform.example.com', '/terraform/');

describe('the state backend', () => {
  test.each([
    ['GET', 'states/acme', 'read_package_registry', 'states/acme'],
    ['GET', 'states/acme/prod', 'read_package_registry', 'states/acme/prod'],
    ['HEAD', 'state/acme', 'read_package_registry', 'states/acme'],
    ['POST', 'states/acme/prod?ID=7c0e', 'write_package_registry', 'states/acme/prod'],
    ['PUT', 'states/acme', 'write_package_registry', 'states/acme'],
    ['DELETE', 'states/acme', 'write_package_registry', 'states/acme'],
    ['LOCK', 'states/acme', 'write_package_registry', 'states/acme'],
    ['UNLOCK', 'states/acme', 'write_package_registry', 'states/acme'],
    // GitLab and Gitea.
    ['POST', 'state/acme/lock', 'write_package_registry', 'states/acme'],
    ['DELETE', 'state/acme/lock', 'write_package_registry', 'states/acme'],
    ['LOCK', 'states/acme/prod/lock', 'write_package_registry', 'states/acme/prod'],
    ['GET', 'state/acme/versions/3', 'read_package_registry', 'states/acme'],
    ['DELETE', 'state/acme/versions/3', 'write_package_registry', 'states/acme'],
  ])('%s %s requires %s on %s', (method, path, scope, resource) => {
    expect(classify(head(method, path))).toEqual({
      kind: 'operations',
      operations: [{ scope, resource, extent: 'one' }],
    });
  });

  test.each([
    ['GET', 'states/'],
    ['GET', 'states/acme/'],
    ['GET', 'states/acme/lock'],
    ['GET', 'states/lock'],
    ['POST', 'states/lock'],
    ['POST', 'state/acme/versions/3'],
    ['LOCK', 'state/acme/versions/3'],
    ['GET', 'states/%61cme%2Fprod'],
    ['GET', 'states/.acme'],
    ['PATCH', 'states/acme'],
    ['LOCK', 'states'],
    ['GET', 'other/acme'],
    ['GET', ''],
  ])('%s %s is not an operation', (method, path) => {
    expect(classify(head(method, path))).toMatchObject({ kind: 'unknown' });
  });
});

test('a Basic challenge, and a refusal in the reason phrase and in plain text', () => {
  expect(challenge({ host: 'terraform.example.com', operations: [], error: undefined, status: 401 })).toBe(
    'Basic realm="terraform.example.com"',
  );
  expect(refusal(SCOPE_NOT_GRANTED, undefined)).toMatchObject({
    phrase: 'Why. (scope_not_granted)',
    body: 'Why.\nerror: scope_not_granted\nrequest id: r-1\n',
  });
});
