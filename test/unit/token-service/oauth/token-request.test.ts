import { describe, expect, test } from 'vitest';
import {
  readForm,
  readTokenRequest,
  TOKEN_TYPE_URIS,
} from '../../../../src/token-service/oauth/token-request.ts';
import { requestHead } from '../fixtures.ts';

const EXCHANGE = 'grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange';
const SUBJECT = `${EXCHANGE}&subject_token=eyJ.x.y&subject_token_type=${TOKEN_TYPE_URIS.idToken}`;
const FORM = ['Content-Type', 'application/x-www-form-urlencoded'];

function basic(text: string): string[] {
  return ['Authorization', `Basic ${Buffer.from(text).toString('base64')}`];
}

function read(body: string, ...headers: string[]) {
  return readTokenRequest(requestHead({ rawHeaders: [...FORM, ...headers] }), body);
}

describe('a token exchange (RFC 8693 §2.1)', () => {
  test('has defaults: all services, all scopes, an access token', () => {
    expect(read(SUBJECT)).toEqual({
      kind: 'request',
      subject: { grant: 'exchange', token: 'eyJ.x.y', type: TOKEN_TYPE_URIS.idToken },
      targets: [],
      scopes: undefined,
      issuedType: TOKEN_TYPE_URIS.accessToken,
    });
  });

  test('audience and resource can repeat; scopes are separated by spaces', () => {
    const body = `${SUBJECT}&audience=a&audience=b&resource=https%3A%2F%2Fc%2F&scope=read_api+write_api`;
    expect(read(body)).toMatchObject({
      targets: ['a', 'b', 'https://c/'],
      scopes: ['read_api', 'write_api'],
    });
  });

  test.each([TOKEN_TYPE_URIS.idToken, TOKEN_TYPE_URIS.jwt, TOKEN_TYPE_URIS.accessToken])(
    'accepts subject_token_type %s',
    (type) => {
      const body = `${EXCHANGE}&subject_token=x&subject_token_type=${type}`;
      expect(read(body)).toMatchObject({ subject: { type } });
    },
  );

  test('accepts requested_token_type jwt', () => {
    expect(read(`${SUBJECT}&requested_token_type=${TOKEN_TYPE_URIS.jwt}`)).toMatchObject({
      issuedType: TOKEN_TYPE_URIS.jwt,
    });
  });
});

describe('client credentials (RFC 6749 §4.4.2)', () => {
  test.each([
    ['plain', 'edge:secret', { username: 'edge', secret: 'secret' }],
    ['form-encoded', 'ed%3Age:se%2Bcret', { username: 'ed:ge', secret: 'se+cret' }],
    ['a plus sign', 'gitlab+deploy-token-1:a:b', { username: 'gitlab+deploy-token-1', secret: 'a:b' }],
    ['empty parts', ':', { username: '', secret: '' }],
  ])('%s', (_name, text, expected) => {
    expect(read('grant_type=client_credentials', ...basic(text))).toMatchObject({
      kind: 'request',
      subject: { grant: 'client', ...expected },
    });
  });

  test.each([
    ['no Authorization header', []],
    ['another scheme', ['Authorization', 'Bearer x']],
    ['no colon', basic('edge')],
    ['an invalid escape', basic('edge:%zz')],
    ['two Authorization headers', [...basic('a:b'), ...basic('a:b')]],
  ])('%s: invalid_client', (_name, headers) => {
    expect(read('grant_type=client_credentials', ...headers)).toMatchObject({
      kind: 'refused',
      refusal: { kind: 'deny', reason: 'request_malformed' },
      clientError: { status: 401, code: 'invalid_client' },
    });
  });
});

describe('an invalid request', () => {
  test.each([
    ['no grant_type', 'scope=x', 'invalid_request'],
    ['an unknown grant_type', 'grant_type=password', 'unsupported_grant_type'],
    ['a repeated parameter', `${SUBJECT}&scope=a&scope=b`, 'invalid_request'],
    ['two spaces between scopes', `${SUBJECT}&scope=a++b`, 'invalid_scope'],
    ['an empty scope', `${SUBJECT}&scope=`, 'invalid_scope'],
    ['no subject_token', `${EXCHANGE}&subject_token_type=${TOKEN_TYPE_URIS.idToken}`, 'invalid_request'],
    ['no subject_token_type', `${EXCHANGE}&subject_token=x`, 'invalid_request'],
    [
      'an unknown subject_token_type',
      `${EXCHANGE}&subject_token=x&subject_token_type=saml`,
      'invalid_request',
    ],
    ['an actor_token', `${SUBJECT}&actor_token=x`, 'invalid_request'],
    ['a client_secret', `${SUBJECT}&client_secret=x`, 'invalid_request'],
    [
      'another requested_token_type',
      `${SUBJECT}&requested_token_type=${TOKEN_TYPE_URIS.idToken}`,
      'invalid_request',
    ],
  ])('%s', (_name, body, code) => {
    expect(read(body)).toMatchObject({ kind: 'refused', clientError: { status: 400, code } });
  });

  test.each([
    ['application/json', 'refused'],
    ['application/x-www-form-urlencodedx', 'refused'],
    ['Application/X-WWW-Form-Urlencoded; charset=utf-8', 'form'],
  ])('Content-Type %s: %s', (type, outcome) => {
    const form = readForm(requestHead({ rawHeaders: ['Content-Type', type] }), 'a=b');
    expect('kind' in form ? form.kind : 'form').toBe(outcome);
  });

  test('a missing Content-Type', () => {
    expect(readForm(requestHead({ rawHeaders: [] }), 'a=b')).toMatchObject({ kind: 'refused' });
  });
});
