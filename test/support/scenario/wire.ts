import type { Socket } from 'node:net';
import { beforeEach, expect, onTestFinished } from 'vitest';
import { eventually } from '../eventually.ts';
import { startIssuer, type TestIssuer } from '../issuer.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../recording-upstream.ts';
import { useScenario, type Scenario } from '../scenario.ts';
import { fill, responseBytes, type ResponseShape } from '../wire/response-shapes.ts';
import { openWireClient, type WireClient, type WireResponse } from '../wire/wire-client.ts';

/** The response to one request, as a function that controls the upstream connection. */
export type WireAct = (socket: Socket, requestLine: string) => void;

/** The part of an audit event that tests of the transport compare. */
export interface WireEvent {
  readonly event: { readonly reason: string };
  readonly http: { readonly request: { readonly id: string } };
  readonly gatehouse: {
    readonly bytes_out: number;
    readonly aborted?: boolean;
    readonly detail?: string;
  };
}

type Backends = { readonly issuer: TestIssuer; readonly upstream: RecordingUpstream };

/** A gateway between raw clients and a raw upstream, whose responses tests plan by tag. */
export type WireScenario = Scenario<Backends> & {
  /** A new tag. All tags have the same length. */
  tag(): string;
  /** The response to requests for this tag; the default is a short tagged body. */
  plan(tag: string, act: WireAct | ResponseShape): void;
  /** The request for the tag. */
  requestFor(tag: string, method?: string, body?: string): string;
  /** A new connection to the gateway, which is closed after the test. */
  connect(): Promise<WireClient>;
  /** Asserts that a request without a plan gets the response to its tag, on this connection or a new one. */
  expectClean(client?: WireClient, method?: 'GET' | 'POST'): Promise<void>;
  /** The audit events of the requests with these responses. */
  events(responses: readonly (WireResponse | undefined)[]): Promise<readonly WireEvent[]>;
};

/** Bytes of a response without a plan. */
const CLEAN = 40;

export function useWireScenario(options: {
  /** Keys of the upstream, as YAML flow. */
  readonly upstream?: string;
  /** Keys of `server.limits`, as YAML flow. Default: a drain of 500 ms. */
  readonly limits?: string;
}): WireScenario {
  const { upstream: keys, limits } = options;
  let serial = 0;
  const plans = new Map<string, WireAct | ResponseShape>();
  const scenario = useScenario<Backends>({
    backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
    token: ({ issuer }) => issuer.mint(),
    server: `server:
  listen: 127.0.0.1:0
  publicUrl: https://gateway.example.com
  admin: { listen: 127.0.0.1:0 }
  limits: { ${limits ?? 'drain: 500ms'} }
`,
    config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: orders, scopes: [read_api, write_api], resources: ["**"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/"${keys === undefined ? '' : `, ${keys}`} } }
`,
  });
  beforeEach(() => {
    plans.clear();
    scenario.upstream.reset();
    scenario.upstream.respond((socket, { requestLine }) => {
      const tag = /^\S+ \/(\S+)/.exec(requestLine)?.[1] ?? '';
      const planned = plans.get(tag);
      if (planned === undefined) socket.write(cleanResponse(tag), 'latin1');
      else if (typeof planned === 'function') planned(socket, requestLine);
      else sendShape(socket, planned, tag);
    });
  });

  const requestFor: WireScenario['requestFor'] = (tag, method = 'GET', body = '') =>
    scenario.request(
      `${method} /orders/${tag}`,
      method === 'POST' ? [`Content-Length: ${body.length}`] : [],
      body,
    );
  const connect: WireScenario['connect'] = async () => {
    const client = await openWireClient(scenario.gateway.port);
    onTestFinished(() => client.close());
    return client;
  };
  const tag: WireScenario['tag'] = () => `t${String((serial += 1)).padStart(6, '0')}-`;
  const own: Omit<WireScenario, keyof Scenario<Backends>> = {
    tag,
    plan: (name, act) => void plans.set(name, act),
    requestFor,
    connect,
    async expectClean(client, method = 'GET') {
      const using = client?.isOpen() === true ? client : await connect();
      const wanted = tag();
      const got = await using.ask(requestFor(wanted, method));
      expect([got?.status, got?.body]).toEqual([200, fill(wanted, CLEAN)]);
      expect(using.stray()).toBe('');
      if (using !== client) using.close();
    },
    events: (responses) =>
      eventually('the audit events', () => {
        const written = readEvents(scenario.gateway.auditText());
        const found = responses.map((each) => written.get(each?.headers.get('x-request-id') ?? ''));
        return found.includes(undefined) ? undefined : (found as readonly WireEvent[]);
      }),
  };
  return new Proxy({} as WireScenario, {
    get: (_target, name) => Reflect.get(name in own ? own : scenario, name) as unknown,
  });
}

/** The response to a request without a plan. */
export function cleanResponse(tag: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${CLEAN}\r\n\r\n${fill(tag, CLEAN)}`;
}

/** Sends the whole response, and ends the connection if that delimits the body. */
export function sendShape(socket: Socket, shape: ResponseShape, tag: string): void {
  socket.write(responseBytes(shape, tag), 'latin1');
  if (shape.untilClose === true) socket.end();
}

/** By request id. */
function readEvents(text: string): ReadonlyMap<string, WireEvent> {
  const lines = text.slice(0, text.lastIndexOf('\n')).split('\n');
  const read = lines.filter(Boolean).map((line) => JSON.parse(line) as WireEvent);
  return new Map(read.map((event) => [event.http.request.id, event]));
}
