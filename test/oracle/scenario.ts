import type { Gateway } from './gateway.ts';
import type { Reply } from './world/upstream.ts';
import type { World } from './world/world.ts';

/** One connection to the gateway: these bytes, and everything that follows from them. */
export interface Case {
  /** Unique within the corpus; compared corpora are joined by it. */
  readonly id: string;
  /** One code unit per byte. `LAST_ETAG` is replaced by the latest ETag that the gateway sent in this scenario. */
  readonly bytes: string;
  /** Default: the public listener. */
  readonly listener?: 'public' | 'admin';
  /** Of the response body only the names in it are recorded: it is full of measurements. */
  readonly namesOnly?: true;
  /** Response of the upstream. Default: 200 with a short text. */
  readonly reply?: Reply;
  /** The connection is read until it was silent for this time in milliseconds. Default: until the gateway closes it. */
  readonly quiet?: number;
}

/** One configuration of the gateway, started as one process, and the cases that are sent to it in this order. */
export interface Scenario {
  readonly name: string;
  /** Content of the configuration file, in the new vocabulary. */
  readonly configuration: (world: World) => object;
  /** Name → content, in the folder of the configuration. */
  readonly files?: Readonly<Record<string, string>>;
  /** Runs before the cases are built, for example to have tokens issued. */
  readonly prepare?: (world: World, gateway: Gateway) => Promise<void>;
  readonly cases: (world: World) => Iterable<Case>;
}

export interface RequestParts {
  readonly method?: string;
  readonly target: string;
  readonly host?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  /** Default: true. */
  readonly close?: boolean;
}

/** The user agent joins a request with its audit event; the recorder appends the number of the case. */
export const USER_AGENT = 'User-Agent: oracle';

/** User agent of requests that prepare a scenario; their events are not recorded. */
export const SETUP_AGENT = 'oracle-setup';

/** A request as bytes, with a correct Content-Length. Malformed parts come from `target` or `headers`. */
export function request({
  method = 'GET',
  target,
  host,
  headers = [],
  body,
  close = true,
}: RequestParts): string {
  const length = body === undefined ? [] : [`Content-Length: ${body.length}`];
  return [
    `${method} ${target} HTTP/1.1`,
    `Host: ${host ?? 'gateway.example.com'}`,
    USER_AGENT,
    ...(close ? ['Connection: close'] : []),
    ...headers,
    ...length,
    '',
    body ?? '',
  ].join('\r\n');
}
