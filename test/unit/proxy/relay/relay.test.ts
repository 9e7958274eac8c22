/** S11 where Node refuses a head that the upstream client took: the client gets the gateway's own response, or none. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { Forwarding } from '../../../../src/core/request/forwarding.ts';
import { Relay } from '../../../../src/proxy/relay/relay.ts';
import type { RelayPorts } from '../../../../src/proxy/relay/relay-ports.ts';
import { StallWatch } from '../../../../src/proxy/relay/stall-watch.ts';
import { rawRequest } from '../../../support/raw-client.ts';

let server: Server | undefined;
const stalls = new StallWatch(60_000);
afterEach(() => new Promise((resolve) => server?.close(resolve)));

/** A server that relays one response with this status, body and framing, and a field that Node refuses. */
async function relaying(
  status: number,
  body: string,
  length: number | undefined,
  ports: Partial<RelayPorts> = {},
): Promise<{ port: number; ended: () => number; told: string[] }> {
  let ended = 0;
  const told: string[] = [];
  server = createServer((req, res) => {
    const forwarding = {
      incoming: { req, res, requestId: 'id' },
      head: { method: 'GET', host: 'gateway.example.com' },
      failed(reason: string) {
        told.push(reason);
        res.writeHead(502, 'Bad Gateway', ['Content-Length', '3']);
        res.end('our');
      },
      broken: (reason: string) => void told.push(`broken ${reason}`),
    } as unknown as Forwarding;
    const relay = new Relay(forwarding, undefined, {
      location: () => 'canary\n',
      keepCookies: false,
      rewriting: undefined,
      stalls,
      outage: { failed: () => undefined, recovered: () => undefined },
      follow: undefined,
      unauthorized: () => undefined,
      ended: () => void (ended += 1),
      ...ports,
    });
    const fields = ['Location', '/x', ...(length === undefined ? [] : ['Content-Length', String(length)])];
    const control = {
      abort: () => undefined,
      pause: () => undefined,
      resume: () => undefined,
    };
    relay.onRequestStart(control);
    relay.onResponseStart(control, { status, fields });
    setImmediate(() => {
      if (body !== '') relay.onResponseData(control, Buffer.from(body));
      relay.onResponseEnd();
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, ended: () => ended, told };
}

test.each([
  ['with the first piece of the body', 200, 'ok', 2],
  ['before the body', 200, 'x', 100_000],
  ['at the end of an empty body', 200, '', 0],
])('%s: 502 with the phrase of 502', async (_, status, body, length) => {
  const { port, ended, told } = await relaying(status, body, length);
  const answers = await rawRequest(port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  expect(answers.map((answer) => [answer.head.split('\r\n')[0], answer.body])).toEqual([
    ['HTTP/1.1 502 Bad Gateway', 'our'],
  ]);
  expect([told, ended()]).toEqual([['upstream_invalid'], 1]);
});

test.each([204, 304])('a %d, after which Node writes no body: the connection ends', async (status) => {
  const { port, ended, told } = await relaying(status, '', undefined);
  expect(await rawRequest(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toEqual([]);
  expect([told, ended()]).toEqual([['broken upstream_invalid'], 1]);
});

const boom = (): never => {
  throw new TypeError('canary');
};
const rewriting = (body: { push(): never | undefined; end(): never | Buffer }) => ({
  request: (headers: string[]) => headers,
  response: (headers: string[]) => ({ kind: 'rewritten', headers, body }) as const,
});
const sendable = { location: () => '/x' };

test.each<[string, number, Partial<RelayPorts>]>([
  ['the mapping of URLs', 200, { location: boom }],
  [
    'the rewriting of a head',
    200,
    { ...sendable, rewriting: { request: (headers) => headers, response: boom } },
  ],
  ['the rewriting of a body', 200, { ...sendable, rewriting: rewriting({ push: boom, end: boom }) }],
  [
    'the end of a rewriting',
    200,
    { ...sendable, rewriting: rewriting({ push: () => undefined, end: boom }) },
  ],
  ['another credential', 401, { ...sendable, unauthorized: boom }],
  ['a redirect', 302, { ...sendable, follow: boom }],
])('an exception in %s is an internal error, not one of the upstream', async (_name, status, ports) => {
  const { port, ended, told } = await relaying(status, 'ok', 2, ports);
  const answers = await rawRequest(port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  expect(answers.map(({ body }) => body)).toEqual(['our']);
  expect([told, ended()]).toEqual([['internal_error'], 1]);
});
