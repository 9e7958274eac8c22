import { describe, expect, test } from 'vitest';
import type { RequestHead } from '../../../src/contract/request-head.ts';
import { createExtract } from '../../../src/extract/index.ts';

const extract = createExtract(['bearer', 'basic']);
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

describe('exactly one credential', () => {
  test('none', () => expect(extract(head('Accept', '*/*'))).toBeUndefined());

  test.each([
    [
      'Bearer',
      ['Authorization', `Bearer ${JWT}`],
      { class: 'id_token', carrier: 'bearer', token: JWT, username: undefined },
    ],
    ['scheme in any case', ['authorization', `bearer  ${JWT}`], { carrier: 'bearer', token: JWT }],
    [
      'Basic with a JWT',
      ['Authorization', basic('anything', JWT)],
      { class: 'id_token', carrier: 'basic', token: JWT, username: 'anything' },
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
    ['a carrier that the service does not take', ['PRIVATE-TOKEN', 'glpat-x'], 'credential_invalid'],
    ['another scheme', ['Authorization', `Token ${JWT}`], 'credential_malformed'],
    ['raw', ['Authorization', JWT], 'credential_malformed'],
    ['Basic that is no base64', ['Authorization', 'Basic %%%'], 'credential_malformed'],
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

  test('the same credential twice, in two carriers, is one', () => {
    const both = createExtract(['bearer', 'private-token']);
    expect(both(head('Authorization', `Bearer ${JWT}`, 'PRIVATE-TOKEN', JWT))).toMatchObject({ token: JWT });
  });
});
