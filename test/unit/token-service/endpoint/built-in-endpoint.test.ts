import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { deny } from '../../../../src/core/decision.ts';
import { GatehouseError } from '../../../../src/core/errors.ts';
import type { EndpointCall } from '../../../../src/core/request/endpoint.ts';
import { createBuiltInEndpoint } from '../../../../src/token-service/endpoint/built-in-endpoint.ts';
import { badRequest, jsonResponse } from '../../../../src/token-service/endpoint/outcome.ts';
import { OAUTH_ERROR_FORMAT } from '../../../../src/token-service/oauth/error-format.ts';
import { stalledPost } from '../../../support/raw-client.ts';
import { endpointCall, REQUEST_ID } from '../fixtures.ts';

let server: Server;
let url: string;
let lastCall: EndpointCall;
const errors: string[] = [];

/** The body selects the outcome. */
const handle = createBuiltInEndpoint(
  {
    async POST(_call, body) {
      switch (body) {
        case 'refuse':
          return { ...deny('rate_limited', 'too many'), retryAfter: 7 };
        case 'bad':
          return badRequest('invalid_scope', 'Text.');
        case 'store':
          throw new GatehouseError('store_unavailable', 'no connection');
        case 'fault':
          throw new TypeError('secret');
        default:
          return jsonResponse('application/json', { length: body.length });
      }
    },
  },
  OAUTH_ERROR_FORMAT,
  {
    info: () => {},
    warn: () => {},
    error: (message, fields) => errors.push(`${message} ${fields?.['error']}`),
  },
);

beforeAll(async () => {
  server = createServer((req, res) => {
    lastCall = endpointCall(undefined, { req, res });
    void handle(lastCall);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
});

function post(body: string): Promise<Response> {
  return fetch(url, { method: 'POST', body });
}

test('a response is not cached and has the request id', async () => {
  const response = await post('hello');
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('x-request-id')).toBe(REQUEST_ID);
  expect(await response.json()).toEqual({ length: 5 });
  expect(lastCall.bytesOut).toBe('{"length":5}'.length);
});

test('a refusal is recorded and written in the error format, with Retry-After', async () => {
  const response = await post('refuse');
  expect(response.status).toBe(429);
  expect(response.headers.get('retry-after')).toBe('7');
  expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable' });
  expect(lastCall).toMatchObject({ reason: 'rate_limited', detail: 'too many', decision: { kind: 'deny' } });
});

test('a refusal with a client error uses it', async () => {
  const response = await post('bad');
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({
    error: 'invalid_scope',
    error_description: `Text. (request id ${REQUEST_ID})`,
  });
  expect(lastCall.reason).toBe('request_malformed');
});

describe('an exception is "could not decide"', () => {
  test('an unreachable store: store_unavailable', async () => {
    const response = await post('store');
    expect(response.status).toBe(503);
    expect(lastCall).toMatchObject({ reason: 'store_unavailable', decision: { kind: 'unable' } });
  });

  test('a fault: internal_error, and a log line without its message', async () => {
    const response = await post('fault');
    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain('secret');
    expect(lastCall).toMatchObject({ reason: 'internal_error', decision: { kind: 'unable' } });
    expect(errors).toEqual(['built-in endpoint failed TypeError']);
  });
});

test.each(['GET', 'DELETE', 'PATCH'])('%s: 405 with Allow', async (method) => {
  const response = await fetch(url, { method });
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toBe('POST');
  expect(lastCall.reason).toBe('operation_unknown');
});

test('a body of 64 KiB is accepted; a larger one is refused and ends the connection', async () => {
  expect((await post('x'.repeat(65_536))).status).toBe(200);
  const response = await post('x'.repeat(65_537));
  expect(response.status).toBe(413);
  expect(response.headers.get('connection')).toBe('close');
  expect(lastCall.reason).toBe('body_too_large');
});

describe('a body that stalls is refused after 10 s, and ends the connection', () => {
  afterEach(() => void vi.useRealTimers());

  test.each(['Content-Length: 10', 'Transfer-Encoding: chunked'])('%s', async (framing) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const received = stalledPost(url, framing);
    await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(0), { timeout: 2_000 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await received).toMatch(/^HTTP\/1\.1 408 .*^connection: close/ims);
    expect(lastCall.reason).toBe('body_timeout');
  });
});
