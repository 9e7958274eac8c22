import { describe, expect, test } from 'vitest';
import type { RequestHead } from '../../../../src/core/request/request-head.ts';
import { createExtract } from '../../../../src/credentials/index.ts';
import { packageProtocols } from '../../../support/protocols.ts';

const deployUsernames = new Set(['edge']);
const publicUrl = 'https://gateway.example.com';
const extract = createExtract({
  credentialSources: ['bearer', 'basic'],
  queryParameters: [],
  deployUsernames,
  publicUrl,
  gitlabDeployTokens: false,
});
const JWT = 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln';

function head(...rawHeaders: string[]): RequestHead {
  return {
    method: 'GET',
    host: 'h',
    path: '/' as RequestHead['path'],
    query: '',
    hasBody: false,
    rawHeaders,
  };
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

test.each(['private_token', 'job_token', 'access_token'])(
  'every service reads the query parameter %s',
  (name) => {
    const inQuery = createExtract({
      credentialSources: ['query'],
      queryParameters: [],
      deployUsernames,
      publicUrl,
      gitlabDeployTokens: false,
    });
    expect(inQuery({ ...head(), query: `?a=1&${name}=glcbt-x` })).toMatchObject({
      class: 'job_token',
      credentialSource: 'query',
      token: 'glcbt-x',
    });
  },
);

test('a token of three parts that does not start as JSON is no JWT', () => {
  expect(extract(head('Authorization', 'Bearer abc.def.ghi'))).toMatchObject({
    reason: 'credential_invalid',
  });
});

describe('exactly one credential', () => {
  test('none', () => expect(extract(head('Accept', '*/*'))).toBeUndefined());

  test.each([
    [
      'Bearer',
      ['Authorization', `Bearer ${JWT}`],
      { class: 'id_token', credentialSource: 'bearer', token: JWT, username: undefined },
    ],
    ['scheme in any case', ['authorization', `bearer  ${JWT}`], { credentialSource: 'bearer', token: JWT }],
    [
      'Basic with a JWT',
      ['Authorization', basic('anything', JWT)],
      { class: 'id_token', credentialSource: 'basic', token: JWT, username: 'anything' },
    ],
    [
      'Basic password with colons',
      ['Authorization', basic('u', 'glcbt-a:b')],
      { class: 'job_token', token: 'glcbt-a:b' },
    ],
    [
      'gitlab-ci-token makes a job token of anything',
      ['Authorization', basic('gitlab-ci-token', JWT)],
      { class: 'job_token' },
    ],
    [
      'job token with instance prefix, in JWT form',
      ['Authorization', `Bearer acme-glcbt-${JWT}`],
      { class: 'job_token' },
    ],
    ['our deploy token', ['Authorization', 'Bearer ghdt_edge_x'], { class: 'deploy_token' }],
  ] as const)('%s', (_name, headers, expected) => {
    expect(extract(head(...headers))).toMatchObject(expected);
  });

  test.each([
    [
      'two Authorization lines',
      ['Authorization', `Bearer ${JWT}`, 'Authorization', `Bearer ${JWT}`],
      'credential_conflict',
    ],
    [
      'Bearer and JOB-TOKEN',
      ['Authorization', `Bearer ${JWT}`, 'JOB-TOKEN', 'glcbt-x'],
      'credential_conflict',
    ],
    ['folded name', ['Authorization', `Bearer ${JWT}`, 'job_token', 'glcbt-x'], 'credential_conflict'],
    [
      'a credential source that the service does not take',
      ['PRIVATE-TOKEN', 'glpat-x'],
      'credential_invalid',
    ],
    ['another scheme', ['Authorization', `Token ${JWT}`], 'credential_malformed'],
    ['raw', ['Authorization', JWT], 'credential_malformed'],
    ['Basic that is not base64', ['Authorization', 'Basic %%%'], 'credential_malformed'],
    [
      'Basic without colon',
      ['Authorization', `Basic ${Buffer.from('x').toString('base64')}`],
      'credential_malformed',
    ],
    ['an empty password', ['Authorization', basic('u', '')], 'credential_malformed'],
    ['neither JWT nor prefix', ['Authorization', 'Bearer opaque'], 'credential_invalid'],
    ['five parts (JWE)', ['Authorization', 'Bearer eyJ.a.b.c.d'], 'credential_invalid'],
    ['over 16 KiB', ['Authorization', `Bearer eyJ.${'a'.repeat(20_000)}.b`], 'request_malformed'],
  ] as const)('%s → %s', (_name, headers, reason) => {
    expect(extract(head(...headers))).toMatchObject({ kind: 'deny', reason });
  });

  test('the same credential in two sources is one credential', () => {
    const both = createExtract({
      credentialSources: ['bearer', 'private-token'],
      queryParameters: [],
      deployUsernames,
      publicUrl,
      gitlabDeployTokens: false,
    });
    expect(both(head('Authorization', `Bearer ${JWT}`, 'PRIVATE-TOKEN', JWT))).toMatchObject({ token: JWT });
  });

  test.each([
    ['Basic first', ['Authorization', basic('edge', 'x'), 'Deploy-Token', 'x']],
    ['Basic last', ['Deploy-Token', 'x', 'Authorization', basic('edge', 'x')]],
  ] as const)('the order of the two does not matter: %s', (_name, headers) => {
    const both = createExtract({
      credentialSources: ['basic', 'deploy-token'],
      queryParameters: [],
      deployUsernames,
      publicUrl,
      gitlabDeployTokens: false,
    });
    expect(both(head(...headers))).toMatchObject({ class: 'deploy_token', username: 'edge' });
  });

  test('one of two sources is sufficient to make it a job token', () => {
    const both = createExtract({
      credentialSources: ['bearer', 'job-token'],
      queryParameters: [],
      deployUsernames,
      publicUrl,
      gitlabDeployTokens: false,
    });
    expect(both(head('Authorization', 'Bearer x', 'JOB-TOKEN', 'x'))).toMatchObject({ class: 'job_token' });
  });

  test('the user name of a deploy token determines the class', () => {
    expect(extract(head('Authorization', basic('edge', JWT)))).toMatchObject({ class: 'deploy_token' });
  });
});

describe('every credential source of a file tree', () => {
  const { credentialSources, credentialQueryParameters } = packageProtocols.generic({ path: '/' });
  const files = createExtract({
    credentialSources,
    queryParameters: credentialQueryParameters,
    deployUsernames,
    publicUrl,
    gitlabDeployTokens: false,
  });
  const get = (query: string, ...headers: string[]) => files({ ...head(...headers), query });

  test.each([
    ['raw', '', ['Authorization', JWT], 'id_token', 'raw-authorization'],
    ['JOB-TOKEN says what it is', '', ['JOB-TOKEN', JWT], 'job_token', 'job-token'],
    ['Deploy-Token too', '', ['Deploy-Token', 'x'], 'deploy_token', 'deploy-token'],
    ['Private-Token', '', ['Private-Token', 'glcbt-x'], 'job_token', 'private-token'],
    ['?job_token', '?job_token=abc', [], 'job_token', 'query'],
    ['?private_token', '?a=1&private_token=ghdt_x', [], 'deploy_token', 'query'],
    ['?access_token', `?access_token=${JWT}`, [], 'id_token', 'query'],
    ['?token, encoded', '?token=glcbt%2Da', [], 'job_token', 'query'],
    [
      'the same in header and query',
      `?token=${JWT}`,
      ['Authorization', `Bearer ${JWT}`],
      'id_token',
      'bearer',
    ],
  ] as const)('%s', (_name, query, headers, kind, credentialSource) => {
    expect(get(query, ...headers)).toMatchObject({ class: kind, credentialSource });
  });

  test.each([
    ['two parameters', '?job_token=a&private_token=b', []],
    ['one parameter twice', '?token=glcbt-a&token=glcbt-b', []],
    ['query and header', '?token=glcbt-a', ['Authorization', `Bearer ${JWT}`]],
  ] as const)('%s: conflict', (_name, query, headers) => {
    expect(get(query, ...headers)).toMatchObject({ reason: 'credential_conflict' });
  });

  test('other types accept none from the query, but detect them', () => {
    expect(extract({ ...head(), query: '?token=a' })).toBeUndefined();
    expect(extract({ ...head(), query: '?job_token=a' })).toMatchObject({ reason: 'credential_invalid' });
  });
});
