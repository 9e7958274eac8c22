import { expect, test } from 'vitest';
import { GatehouseError } from '../../../../src/core/errors.ts';
import { BodyError } from '../../../../src/proxy/relay/request-body.ts';
import { UpstreamError } from '../../../../src/proxy/transport/upstream-error.ts';
import { upstreamFault } from '../../../../src/proxy/transport/upstream-fault.ts';

const withCode = (code: string): Error => Object.assign(new Error('canary'), { code });

test.each<[string, unknown]>([
  ['upstream_unreachable', withCode('ECONNREFUSED')],
  ['upstream_unreachable', withCode('ECONNRESET')],
  ['upstream_unreachable', withCode('EAI_AGAIN')],
  ['upstream_unreachable', withCode('EPROTO')],
  ['upstream_unreachable', withCode('CERT_HAS_EXPIRED')],
  ['upstream_unreachable', withCode('DEPTH_ZERO_SELF_SIGNED_CERT')],
  ['upstream_unreachable', withCode('ERR_TLS_CERT_ALTNAME_INVALID')],
  ['upstream_unreachable', withCode('ERR_SSL_WRONG_VERSION_NUMBER')],
  ['upstream_unreachable', withCode('ERR_SOCKET_CLOSED_BEFORE_CONNECTION')],
  ['upstream_unreachable', new UpstreamError('connection_closed')],
  ['upstream_unreachable', new UpstreamError('protocol_switched')],
  ['upstream_unreachable', new AggregateError([withCode('ECONNREFUSED')])],
  ['upstream_timeout', new UpstreamError('connect_timeout')],
  ['upstream_timeout', new UpstreamError('headers_timeout')],
  ['upstream_timeout', new UpstreamError('idle_timeout')],
  ['upstream_timeout', withCode('ETIMEDOUT')],
  ['upstream_invalid', new UpstreamError('invalid_response', 'status 099')],
  ['body_too_large', new BodyError('body_too_large')],
  // Faults of the gateway.
  ['internal_error', new TypeError('canary')],
  ['internal_error', new Error('canary')],
  ['internal_error', 'canary'],
  ['internal_error', undefined],
  ['internal_error', withCode('ERR_INVALID_CHAR')],
  ['internal_error', withCode('ERR_HTTP_HEADERS_SENT')],
  ['internal_error', withCode('ERR_STREAM_DESTROYED')],
  ['internal_error', new GatehouseError('store_unavailable', 'canary')],
  ['internal_error', new UpstreamError('invalid_request')],
  ['internal_error', new UpstreamError('pool_closed')],
])('%s: %s', (reason, error) => {
  const fault = upstreamFault(error);
  expect(fault.reason).toBe(reason);
  expect(fault.detail).not.toContain('canary');
});
