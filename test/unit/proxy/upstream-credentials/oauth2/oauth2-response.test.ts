import { expect, test } from 'vitest';
import {
  BEARER_TOKENS,
  readOAuth2Response,
} from '../../../../../src/proxy/upstream-credentials/oauth2/oauth2-response.ts';

const GRANTED = { access_token: 'a.b', token_type: 'Bearer', expires_in: 60 };

function read(status: number, body: unknown): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = { kind: 'response', status, headers: {}, body: Buffer.from(text) } as const;
  const result = readOAuth2Response(response, BEARER_TOKENS);
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
