import { describe, expect, test } from 'vitest';
import { packageProtocols } from '../../support/protocols.ts';
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

const registries = packageProtocols.terraform({ path: '/terraform/', hosts: ['terraform.example.com'] });

describe('the registries and the network mirror', () => {
  test.each([
    ['modules/v1/acme/vpc/aws/versions', 'modules/acme/vpc/aws'],
    ['modules/v1/acme/vpc/aws/1.0.0-rc.1%2Bb/download', 'modules/acme/vpc/aws'],
    ['modules/v1/acme/vpc/aws/download', 'modules/acme/vpc/aws'],
    ['modules/v1/acme/vpc/aws', 'modules/acme/vpc/aws'],
    ['modules/v1/acme/vpc/aws/1.0.0', 'modules/acme/vpc/aws'],
    ['modules/v1/acme/vpc/aws/1.0.0/file', 'modules/acme/vpc/aws'],
    ['providers/v1/acme/null/versions', 'providers/terraform.example.com/acme/null'],
    ['providers/v1/acme/null/1.0.0/download/linux/amd64', 'providers/terraform.example.com/acme/null'],
    [
      'mirror/providers.example.com/hashicorp/aws/index.json',
      'providers/providers.example.com/hashicorp/aws',
    ],
    ['providers.example.com/hashicorp/aws/5.0.0.json', 'providers/providers.example.com/hashicorp/aws'],
    [
      'providers/providers.example.com/hashicorp/aws/5.0.0.json',
      'providers/providers.example.com/hashicorp/aws',
    ],
  ])('GET %s requires reading %s', (path, resource) => {
    expect(registries.classify(head('GET', path))).toMatchObject({
      kind: 'operations',
      operations: [{ scope: 'read_package_registry', resource, extent: 'one' }],
    });
  });

  test.each([
    'modules/v1/search?q=vpc',
    'modules/v1/',
    'modules/v1/acme',
    'modules/v1/acme/vpc',
    'providers/v1/acme',
  ])('GET %s requires a grant for all', (path) => {
    expect(registries.classify(head('GET', path))).toMatchObject({ operations: [{ extent: 'every' }] });
  });

  test.each([
    ['GET', 'modules/v1/acme/vpc/aws/latest/download'],
    ['GET', 'modules/v1/acme/vpc/aws/1.0.0/download/more'],
    ['GET', 'modules/v1/acme/v.p.c/aws/versions'],
    ['POST', 'modules/v1/acme/vpc/aws/1.0.0/download'],
    ['GET', 'providers/v1/acme/null/1.0.0/download/linux'],
    ['GET', 'providers/v1/acme/null/1.0.0/upload/linux/amd64'],
    ['GET', 'mirror/localhost/acme/null/index.json'],
    ['GET', 'mirror/registry.example.com/acme/null/latest.json'],
    ['GET', 'files/vpc.tar.gz'],
    ['GET', 'files/vpc.tar.gz?download_token=eyJ.eyJyZXNvdXJjZXMiOltdfQ.x'],
    ['GET', 'files/vpc.tar.gz?download_token=eyJ.eyJyZXNvdXJjZXMiOlsic3RhdGVzL2EiXX0.x'],
    ['GET', '.well-known/terraform.json'],
  ])('%s %s is not an operation', (method, path) => {
    expect(registries.classify(head(method, path))).toMatchObject({ kind: 'unknown' });
  });

  test('the host of a provider is the configured one', () => {
    const at = (host: string): unknown =>
      registries.classify({ ...head('GET', 'providers/v1/acme/null/versions'), host });
    const resource = 'providers/terraform.example.com/acme/null';
    expect(at('terraform.example.com:8443')).toMatchObject({ operations: [{ resource }] });
    expect(at('providers.example.com')).toMatchObject({ kind: 'unknown' });
    expect(classify(head('GET', 'providers/v1/acme/null/versions'))).toMatchObject({ kind: 'unknown' });
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
