import { describe, expect, test } from 'vitest';
import type { RequestHead } from '../../../../src/core/request/request-head.ts';
import { readGetRequest, readPostRequest } from '../../../../src/token-service/registry/token-request.ts';
import { requestHead } from '../fixtures.ts';

const HOST = 'registry.example.com';
const FORM = ['Content-Type', 'application/x-www-form-urlencoded'];

function head(overrides: Partial<RequestHead> = {}): RequestHead {
  return requestHead({ host: HOST, rawHeaders: FORM, ...overrides });
}

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

describe('GET', () => {
  test('reads service and scopes from the query', () => {
    const query = `?service=${HOST}&scope=repository:a:pull&scope=repository:b:push`;
    const request = readGetRequest(head({ query }));
    expect(request).toMatchObject({
      kind: 'request',
      service: HOST,
      scopes: ['repository:a:pull', 'repository:b:push'],
    });
  });

  test('the service is compared without regard to case', () => {
    expect(readGetRequest(head({ query: '?service=Registry.Example.COM' }))).toMatchObject({ service: HOST });
  });

  test('empty Basic credentials are anonymous access', () => {
    const rawHeaders = ['Authorization', basic(':'), 'Accept', '*/*'];
    const request = readGetRequest(head({ query: `?service=${HOST}`, rawHeaders }));
    expect(request).toMatchObject({ head: { rawHeaders: ['Accept', '*/*'] } });
  });

  test('other Basic credentials are kept', () => {
    const rawHeaders = ['Authorization', basic('user:')];
    const request = readGetRequest(head({ query: `?service=${HOST}`, rawHeaders }));
    expect(request).toMatchObject({ head: { rawHeaders } });
  });

  test.each([
    ['no service', ''],
    ['two services', `?service=${HOST}&service=${HOST}`],
    ['another host', '?service=other.example.com'],
  ])('%s: 400', (_name, query) => {
    expect(readGetRequest(head({ query }))).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'request_malformed' },
      clientError: { status: 400, code: 'request_malformed' },
    });
  });
});

describe('POST', () => {
  const GRANT = `grant_type=password&service=${HOST}`;

  test('user name and password become Basic credentials', () => {
    const request = readPostRequest(head({ query: '?scope=ignored' }), `${GRANT}&username=u&password=p:q`);
    expect(request).toMatchObject({
      kind: 'request',
      scopes: [],
      head: { query: '', rawHeaders: [...FORM, 'Authorization', basic('u:p:q')] },
    });
  });

  test('a second credential is kept, so that extraction refuses both', () => {
    const rawHeaders = [...FORM, 'Authorization', 'Bearer x'];
    const request = readPostRequest(head({ rawHeaders }), `${GRANT}&username=u&password=p`);
    expect(request).toMatchObject({ head: { rawHeaders: [...rawHeaders, 'Authorization', basic('u:p')] } });
  });

  test('without user name and password it is anonymous', () => {
    expect(readPostRequest(head(), GRANT)).toMatchObject({ head: { rawHeaders: FORM } });
  });

  test.each([
    ['no grant_type', `service=${HOST}`, 400],
    ['two grant types', `${GRANT}&grant_type=password`, 400],
    ['two user names', `${GRANT}&username=a&username=b`, 400],
    ['two passwords', `${GRANT}&password=a&password=b`, 400],
    ['another grant_type', `grant_type=refresh_token&service=${HOST}`, 404],
    ['no service', 'grant_type=password', 400],
  ])('%s: %s', (_name, body, status) => {
    expect(readPostRequest(head(), body)).toMatchObject({ kind: 'refused', clientError: { status } });
  });

  test('a body that is not a form: 400', () => {
    const rawHeaders = ['Content-Type', 'application/json'];
    expect(readPostRequest(head({ rawHeaders }), '{}')).toMatchObject({
      kind: 'refused',
      clientError: { status: 400 },
    });
  });
});
