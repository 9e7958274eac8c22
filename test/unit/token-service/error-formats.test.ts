import { describe, expect, test } from 'vitest';
import { deny, unable, type Refusal } from '../../../src/core/decision.ts';
import { REASONS } from '../../../src/core/reasons.ts';
import { refusalCategory, type ClientError } from '../../../src/token-service/endpoint/outcome.ts';
import { OAUTH_ERROR_FORMAT, refuseGrant } from '../../../src/token-service/oauth/error-format.ts';
import { publishingError } from '../../../src/token-service/publishing/error-message.ts';
import { apiErrorFormat, errorOfReason } from '../../../src/token-service/workload/error-format.ts';
import { endpointCall, REQUEST_ID } from './fixtures.ts';

const THROTTLED = deny('rate_limited', 'detail');
const TOO_LARGE = deny('body_too_large', 'detail');
const TIMEOUT = deny('body_timeout', 'detail');
const UNKNOWN = deny('operation_unknown', 'detail');
const UNAVAILABLE = unable('store_unavailable', 'detail');

/** Refusals that depend on the credential or the policy. */
const OF_CREDENTIAL: readonly Refusal[] = [
  deny('no_credential', 'secret detail'),
  deny('credential_invalid', 'secret detail'),
  deny('signature_invalid', 'secret detail'),
  deny('token_expired', 'secret detail'),
  deny('revoked', 'secret detail'),
  deny('no_matching_identity', 'secret detail'),
  deny('scope_not_granted', 'secret detail'),
];

const CUSTOM: ClientError = { status: 418, code: 'custom', message: 'custom message' };

describe('refusalCategory', () => {
  test.each([
    [UNAVAILABLE, 'unavailable'],
    [unable('issuer_unavailable', ''), 'unavailable'],
    [unable('overloaded', ''), 'unavailable'],
    [unable('internal_error', ''), 'unavailable'],
    [unable('audit_unavailable', ''), 'unavailable'],
    [THROTTLED, 'throttled'],
    [TOO_LARGE, 'body'],
    [TIMEOUT, 'body'],
    [UNKNOWN, 'operation'],
    ...OF_CREDENTIAL.map((refusal) => [refusal, 'credential'] as const),
  ] as const)('$0.reason is $1', (refusal, category) => {
    expect(refusalCategory(refusal)).toBe(category);
  });

  test('every reason with status 401 concerns the credential', () => {
    for (const [reason, { status }] of Object.entries(REASONS)) {
      if (status !== 401) continue;
      expect(refusalCategory(deny(reason as 'revoked', ''))).toBe('credential');
    }
  });
});

describe('OAuth errors (RFC 6749 §5.2)', () => {
  test.each([
    [UNAVAILABLE, 503, 'temporarily_unavailable'],
    [THROTTLED, 429, 'temporarily_unavailable'],
    [UNKNOWN, 403, 'invalid_request'],
    [TOO_LARGE, 413, 'invalid_request'],
    [TIMEOUT, 408, 'invalid_request'],
  ] as const)('$0.reason: status and message of the reason table', (refusal, status, code) => {
    expect(OAUTH_ERROR_FORMAT.toClientError(refusal)).toEqual({
      status,
      code,
      message: REASONS[refusal.reason].message,
    });
  });

  test('every refused credential has the same client error', () => {
    const errors = OF_CREDENTIAL.map((refusal) => OAUTH_ERROR_FORMAT.toClientError(refusal));
    expect(new Set(errors.map((error) => JSON.stringify(error))).size).toBe(1);
    expect(errors[0]).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(errors[0]?.message).not.toContain('detail');
  });

  test.each([
    ['client', 401, 'invalid_client'],
    ['assertion', 400, 'invalid_grant'],
  ] as const)(
    'a refused credential of the grant %s: %s %s; other refusals stay unchanged',
    (grant, status, code) => {
      for (const refusal of OF_CREDENTIAL) {
        const clientError = { status, code };
        expect(refuseGrant(grant, refusal)).toMatchObject({ kind: 'refused', refusal, clientError });
      }
      for (const refusal of [UNAVAILABLE, THROTTLED, TOO_LARGE, TIMEOUT, UNKNOWN]) {
        expect(refuseGrant(grant, refusal)).toBe(refusal);
      }
    },
  );

  test('the body has error and error_description; a 401 has a Basic challenge', () => {
    const call = endpointCall();
    const written = OAUTH_ERROR_FORMAT.write({ status: 401, code: 'invalid_client', message: 'Text.' }, call);
    expect(JSON.parse(written.body)).toEqual({
      error: 'invalid_client',
      error_description: `Text. (request id ${REQUEST_ID})`,
    });
    expect(written.headers).toEqual(['WWW-Authenticate', 'Basic realm="gateway.example.com"']);
    expect(OAUTH_ERROR_FORMAT.write({ status: 400, code: 'x', message: 'y' }, call).headers).toEqual([]);
  });
});

describe('errors of /v1/ (google.rpc.Status)', () => {
  const format = apiErrorFormat(() => CUSTOM, true);

  test.each([
    [UNAVAILABLE, 503, 14],
    [THROTTLED, 429, 8],
    [UNKNOWN, 403, 12],
    [TOO_LARGE, 413, 3],
    [TIMEOUT, 408, 3],
  ] as const)('$0.reason: status of the reason table, code $2', (refusal, status, code) => {
    expect(format.toClientError(refusal)).toEqual({
      status,
      code,
      message: REASONS[refusal.reason].message,
    });
  });

  test('a refused credential has the error of the endpoint', () => {
    for (const refusal of OF_CREDENTIAL) expect(format.toClientError(refusal)).toBe(CUSTOM);
  });

  test.each([
    ['signature_invalid', 401, 16],
    ['no_matching_identity', 403, 7],
    ['credential_conflict', 400, 3],
  ] as const)('errorOfReason: %s is %i with code %i', (reason, status, code) => {
    expect(errorOfReason(deny(reason, 'detail'))).toEqual({
      status,
      code,
      message: REASONS[reason].message,
    });
  });

  test.each([
    ['without a credential', true, undefined, ['WWW-Authenticate', 'Bearer realm="gateway.example.com"']],
    [
      'with a refused credential',
      true,
      { class: 'id_token', credentialSource: 'bearer', token: 'x', username: undefined },
      ['WWW-Authenticate', 'Bearer realm="gateway.example.com", error="invalid_token"'],
    ],
    ['of an endpoint without challenge', false, undefined, []],
  ] as const)('the challenge of a 401 %s', (_name, challenge, presented, headers) => {
    const call = { ...endpointCall(), presented };
    const { body, ...written } = apiErrorFormat(() => CUSTOM, challenge).write(
      { status: 401, code: 16, message: 'Text.' },
      call,
    );
    expect(written).toEqual({ contentType: 'application/json', headers });
    expect(JSON.parse(body)).toEqual({
      code: 16,
      message: `Text. (request id ${REQUEST_ID})`,
      details: [],
    });
  });
});

describe('errors of trusted publishing', () => {
  test.each([UNAVAILABLE, THROTTLED, UNKNOWN, TOO_LARGE, TIMEOUT])(
    '$reason: reason, status and message of the reason table',
    (refusal) => {
      const { status, message } = REASONS[refusal.reason];
      expect(publishingError(refusal, CUSTOM)).toEqual({ status, code: refusal.reason, message });
    },
  );

  test('a refused credential has the error of the endpoint', () => {
    for (const refusal of OF_CREDENTIAL) expect(publishingError(refusal, CUSTOM)).toEqual(CUSTOM);
  });
});
