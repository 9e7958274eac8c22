/** Credentials in form fields follow the same rules as other credential sources. */
import { describe, expect, test } from 'vitest';
import type { RequestHead } from '../../../../src/core/request/request-head.ts';
import { createExtract } from '../../../../src/credentials/index.ts';

const extract = createExtract({
  credentialSources: ['bearer', 'job-token', 'query', 'form'],
  queryParameters: ['token'],
  deployUsernames: new Set(),
  publicUrl: 'https://gateway.example.com',
  gitlabDeployTokens: false,
});

const JOB = 'glcbt-64_secret';
const URLENCODED = ['Content-Type', 'application/x-www-form-urlencoded'];
const MULTIPART = ['Content-Type', 'multipart/form-data; boundary=b'];

function extractFrom(body: string, rawHeaders: readonly string[], query = ''): unknown {
  const head = {
    method: 'POST',
    host: 'h',
    path: '/' as RequestHead['path'],
    query,
    hasBody: true,
    rawHeaders,
  };
  const found = extract(head, { field: 'token', body: Buffer.from(body, 'latin1') });
  if (found === undefined) return undefined;
  return 'kind' in found ? found.reason : `${found.class} ${found.credentialSource} ${found.token}`;
}

const multipart = (...fields: readonly (readonly [string, string])[]): string =>
  `${fields.map(([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`).join('')}--b--\r\n`;

test('the field job_token makes a job token of anything', () => {
  expect(extractFrom('job_token=an-older-token', URLENCODED)).toBe('job_token form an-older-token');
});

describe('found', () => {
  test.each<[string, string, readonly string[]]>([
    ['urlencoded', `ref=main&token=${JOB}`, URLENCODED],
    ['encoded name and value', `%74oken=glcbt%2D64_secret&variables[A]=b`, URLENCODED],
    ['multipart', multipart(['ref', 'main'], ['token', JOB]), MULTIPART],
    ['twice the same', `token=${JOB}&token=${JOB}`, URLENCODED],
    ['the same in a header', `token=${JOB}`, [...URLENCODED, 'JOB-TOKEN', JOB]],
  ])('%s', (_name, body, headers) => {
    expect(extractFrom(body, headers)).toBe(`job_token form ${JOB}`);
  });

  test('no credential', () => {
    expect(extractFrom('ref=main', URLENCODED)).toBeUndefined();
    expect(extractFrom('', [])).toBeUndefined();
    expect(extractFrom('ref=main', [...URLENCODED, 'JOB-TOKEN', JOB])).toBe(`job_token job-token ${JOB}`);
  });
});

describe('refused', () => {
  const other = 'glcbt-64_other';
  test.each<[string, string, readonly string[], string]>([
    ['two in the form', `token=${JOB}&token=${other}`, URLENCODED, 'credential_conflict'],
    ['as an array', `token=${JOB}&token[]=${other}`, URLENCODED, 'credential_conflict'],
    ['split at ;', `token=${JOB};token=${other}`, URLENCODED, 'credential_conflict'],
    ['two in the parts', multipart(['token', JOB], ['token', other]), MULTIPART, 'credential_conflict'],
    [
      'another field that GitLab reads',
      `token=${JOB}&private_token=${other}`,
      URLENCODED,
      'credential_conflict',
    ],
    [
      'in addition to another one in a header',
      `token=${JOB}`,
      [...URLENCODED, 'JOB-TOKEN', other],
      'credential_conflict',
    ],
    ['not UTF-8', 'token=%ff', URLENCODED, 'credential_malformed'],
    ['empty', 'token=', URLENCODED, 'credential_malformed'],
    [
      'a file',
      `--b\r\nContent-Disposition: form-data; name="token"; filename="x"\r\n\r\n${JOB}\r\n--b--`,
      MULTIPART,
      'credential_malformed',
    ],
    ['JSON', `{"token":"${JOB}"}`, ['Content-Type', 'application/json'], 'request_malformed'],
    ['no type', `token=${JOB}`, [], 'request_malformed'],
    ['two types', `token=${JOB}`, [...URLENCODED, ...MULTIPART], 'request_malformed'],
    [
      'another charset',
      `token=${JOB}`,
      ['Content-Type', 'application/x-www-form-urlencoded; charset=utf-16'],
      'request_malformed',
    ],
    ['compressed', `token=${JOB}`, [...URLENCODED, 'Content-Encoding', 'gzip'], 'request_malformed'],
    [
      'a form without end',
      multipart(['token', JOB]).replace('--b--\r\n', ''),
      MULTIPART,
      'request_malformed',
    ],
    ['bytes that are no text', 'a=\xff&token=x', URLENCODED, 'request_malformed'],
  ])('%s', (_name, body, headers, reason) => expect(extractFrom(body, headers)).toBe(reason));

  test('in addition to another one in the query', () => {
    expect(extractFrom(`token=${JOB}`, URLENCODED, `?token=${other}`)).toBe('credential_conflict');
  });
});
