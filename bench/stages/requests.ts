import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Incoming } from '../../src/core/request/incoming.ts';
import { readHead } from '../../src/http/index.ts';

/** The parts of a request of node:http that the stages read. */
export interface RequestLine {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  readonly rawHeaders: string[];
}

/** A request with the headers of a package manager. */
export function requestLine(token: string): RequestLine {
  return {
    method: 'GET',
    url: '/api/v1/orders',
    httpVersion: '1.1',
    rawHeaders: fresh({
      Host: 'gateway.example.com',
      'User-Agent': 'npm/11.4.2 node/v22.17.0 linux x64 workspaces/false',
      Accept: 'application/json',
      'Accept-Encoding': 'gzip, deflate, br',
      Connection: 'keep-alive',
      Authorization: `Bearer ${token}`,
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    }),
  };
}

/** The response headers of the bench's upstream, as the transport passes them. */
export function responseHeaders(): readonly string[] {
  return fresh({
    Server: 'nginx/1.22.1',
    Date: 'Fri, 27 Nov 2026 16:00:00 GMT',
    'Content-Type': 'application/json',
    'Content-Length': '120',
    Connection: 'keep-alive',
    ETag: '"5f3c8e2a"',
  });
}

/** What the listener passes to the gateway; the response has ended when it emits `close`. */
export function createIncoming(line: RequestLine): Incoming {
  const res = Object.assign(new EventEmitter(), {
    headersSent: true,
    statusCode: 200,
    writableFinished: true,
    destroyed: false,
  });
  return {
    req: line as unknown as IncomingMessage,
    original: line,
    res: res as unknown as ServerResponse,
    head: readHead(line, 100),
    client: { address: '192.0.2.7', proto: 'http', port: 40_000 },
    requestId: crypto.randomUUID(),
    upgrade: undefined,
    expectsContinue: false,
  };
}

/** Name, value, name, value …, as new strings. */
function fresh(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers)
    .flat()
    .map((text) => Buffer.from(text, 'latin1').toString('latin1'));
}
