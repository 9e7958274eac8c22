import { expect, test } from 'vitest';
import {
  BEARER_TOKENS,
  readOAuth2Response,
} from '../../../../../src/proxy/upstream-credentials/oauth2/oauth2-response.ts';

const GRANTED = { access_token: 'a.b', token_type: 'Bearer', expires_in: 60 };

function read(status: number, body: unknown, types = BEARER_TOKENS): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = { kind: 'response', status, headers: {}, body: Buffer.from(text) } as const;
  const result = readOAuth2Response(response, types);
  return result.kind === 'token' ? `${result.token} for ${result.seconds} s` : result.reason;
}

test.each([
  ['a token', 200, GRANTED, 'a.b for 60 s'],
  ['the type in lowercase', 200, { ...GRANTED, token_type: 'bearer' }, 'a.b for 60 s'],
  ['the lifetime as text, from Entra ID v1', 200, { ...GRANTED, expires_in: '3599' }, 'a.b for 3599 s'],
  ['a type other than Bearer', 200, { ...GRANTED, token_type: 'DPoP' }, 'upstream_invalid'],
  ['no type', 200, { ...GRANTED, token_type: undefined }, 'upstream_invalid'],
  ['a token with a line break', 200, { ...GRANTED, access_token: 'a\nb' }, 'upstream_invalid'],
  ['a token of more than 16 KiB', 200, { ...GRANTED, access_token: 'a'.repeat(16_385) }, 'upstream_invalid'],
  ['an invalid lifetime', 200, { ...GRANTED, expires_in: 'soon' }, 'upstream_invalid'],
  ['an OAuth error', 400, { error: 'invalid_client' }, 'upstream_unauthorized'],
  ['400 from something else', 400, 'no', 'upstream_invalid'],
  ['401', 401, 'no', 'upstream_unauthorized'],
  ['a redirect', 302, GRANTED, 'upstream_invalid'],
  ['500', 500, GRANTED, 'upstream_invalid'],
])('%s', (_name, status, body, expected) => {
  expect(read(status, body)).toBe(expected);
});

const ISSUED = 'urn:ietf:params:oauth:token-type:';
const ACCESS_TOKEN = { types: ['bearer'], issued: `${ISSUED}access_token` };
const ID_TOKEN = { types: ['bearer', 'n_a'], issued: `${ISSUED}id_token` };

test.each([
  ['the requested type', ACCESS_TOKEN, { issued_token_type: `${ISSUED}access_token` }, 'a.b for 60 s'],
  ['no issued_token_type', ACCESS_TOKEN, {}, 'a.b for 60 s'],
  ['a refresh token', ACCESS_TOKEN, { issued_token_type: `${ISSUED}refresh_token` }, 'upstream_invalid'],
  ['an issued_token_type that is not text', ACCESS_TOKEN, { issued_token_type: 1 }, 'upstream_invalid'],
  ['N_A as access token', ACCESS_TOKEN, { token_type: 'N_A' }, 'upstream_invalid'],
  ['N_A as ID token', ID_TOKEN, { token_type: 'N_A', issued_token_type: ID_TOKEN.issued }, 'a.b for 60 s'],
])('token exchange: %s', (_name, types, changes, expected) => {
  expect(read(200, { ...GRANTED, ...changes }, types)).toBe(expected);
});
