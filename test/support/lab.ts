import { expect } from 'vitest';
import { auditedIn } from './audited.ts';
import { startGateway, type AuditLine, type TestGateway } from './gateway.ts';
import { startIssuer, type TestIssuer } from './issuer.ts';
import { rawRequest, type RawResponse } from './raw-client.ts';
import { OK, startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts';

/** What the gateway presents to its upstream; may be in no byte that a client gets. */
export const UPSTREAM_SECRET = 'canary-upstream-5b1e9d';

/** A gateway between raw bytes and a recording upstream, to be attacked. */
export interface Lab {
  readonly gateway: TestGateway;
  readonly upstream: RecordingUpstream;
  /** Of a job of project 20. A canary: the upstream may never see it. */
  readonly token: string;
  /** A whole request of that job; `lines` are more header lines, without their ends. */
  request(requestLine: string, lines?: readonly string[], body?: string): string;
  /** The same with another credential, or with none. */
  requestAs(token: string | undefined, requestLine: string, lines?: readonly string[], body?: string): string;
  /** Tokens of the issuer that the gateway trusts. */
  readonly mint: TestIssuer['mint'];
  /** All responses on one connection, until the gateway closes it or is silent. */
  send(bytes: string | Buffer, quiet?: number): Promise<readonly RawResponse[]>;
  /** The upstream has got not one byte, and serves the next good request: nothing waited behind the refusal. */
  expectNothingForwarded(): Promise<void>;
  /** The next good request finds everything in order. */
  expectAlive(): Promise<void>;
  /** The audit event of a request, once it has been written. */
  audited(answer: RawResponse | undefined): Promise<AuditLine>;
  /** Between tests; checks that the token has not reached the upstream. */
  reset(): void;
  close(): Promise<void>;
}

export interface LabOptions {
  /** What the job may read and write on the service `api`, which is at /api/. Default: everything. */
  readonly resources?: readonly string[];
  /** Path of the upstream's URL. Default: /. */
  readonly base?: string;
  /** More keys of the service `api`, one YAML line each. */
  readonly api?: readonly string[];
  /** More services, as YAML; `UPSTREAM` is the upstream's address. */
  readonly services?: string;
  /** More identities, as YAML; they come first. */
  readonly identities?: string;
}

export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const { resources = ['/**'], base = '/', api = [], services = '', identities = '' } = options;
  const [issuer, upstream] = await Promise.all([startIssuer(), startRecordingUpstream()]);
  const gateway = await startGateway(`
issuers:
  gitlab: { type: gitlab, issuer: "${issuer.url}" }
identities:
${indent(identities)}
  job:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - service: api
        scopes: [read_api, write_api, websocket]
        resources: ${JSON.stringify([...resources, '/probe/*'])}
services:
  api:
    type: http
    path: /api/
    upstream: { url: "${upstream.url}${base}", auth: { bearer: { token: ${UPSTREAM_SECRET} } } }
${indent(indent(api.join('\n')))}
${indent(services.replaceAll('UPSTREAM', upstream.url))}`);
  const token = issuer.mint({ project_id: '20' });
  let probes = 0;

  const requestAs: Lab['requestAs'] = (bearer, requestLine, lines = [], body = '') => {
    const credential = bearer === undefined ? [] : [`Authorization: Bearer ${bearer}`];
    return [requestLine, 'Host: gateway.example.com', ...credential, ...lines, '', body].join('\r\n');
  };
  const request: Lab['request'] = (...args) => requestAs(token, ...args);

  /** A good request, unlike any other; returns its first line as the upstream must see it. */
  async function probe(): Promise<string> {
    const path = `probe/${(probes += 1)}`;
    const answers = await rawRequest(
      gateway.port,
      request(`GET /api/${path} HTTP/1.1`, ['Connection: close']),
    );
    expect(answers.map(({ status, body }) => [status, body])).toEqual([[200, 'ok']]);
    return `GET ${base}${path} HTTP/1.1`;
  }

  // Attacks meet what a running gateway is: keys fetched, the token known, a connection to the upstream kept.
  await probe();
  upstream.reset();

  return {
    gateway,
    upstream,
    token,
    request,
    requestAs,
    mint: issuer.mint,
    send: (bytes, quiet = 400) => rawRequest(gateway.port, bytes, { quiet }),
    async expectNothingForwarded() {
      const line = await probe();
      expect(upstream.bytes().slice(0, line.length)).toBe(line);
      expect(upstream.requests().map(({ requestLine }) => requestLine)).toEqual([line]);
      upstream.reset();
    },
    async expectAlive() {
      upstream.respond(OK);
      await probe();
    },
    audited: (answer) => auditedIn(gateway, answer),
    reset() {
      const seen = upstream.bytes();
      upstream.reset();
      expect(seen).not.toContain(token);
    },
    async close() {
      await gateway.close();
      await Promise.all([upstream.close(), issuer.close()]);
    },
  };
}

/** The reason that a refusal gives in its JSON body. */
export function reasonOf({ body }: RawResponse): string {
  return String((JSON.parse(body) as { error?: unknown }).error);
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}
