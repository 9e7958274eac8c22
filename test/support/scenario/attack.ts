import { expect } from 'vitest';
import type { AuditLine, TestGateway } from '../gateway.ts';
import { startIssuer, type TestIssuer } from '../issuer.ts';
import { rawRequest, type RawResponse } from '../raw-client.ts';
import { OK, startRecordingUpstream, type RecordingUpstream } from '../recording-upstream.ts';
import { startScenario } from '../scenario.ts';

/** The upstream credential of the gateway; no response to a client may contain it. */
export const UPSTREAM_SECRET = 'canary-upstream-5b1e9d';

/** A gateway between a raw client and a recording upstream, for attacks on the wire. */
export interface AttackScenario {
  readonly gateway: TestGateway;
  readonly upstream: RecordingUpstream;
  /** The ID token of a job of project 20; the upstream must never receive it. */
  readonly token: string;
  /** A whole request with that token; `lines` are further header lines without their ends. */
  request(requestLine: string, lines?: readonly string[], body?: string): string;
  /** The same with another credential, or with none. */
  requestAs(token: string | undefined, requestLine: string, lines?: readonly string[], body?: string): string;
  /** Issues tokens of the trusted issuer. */
  readonly mint: TestIssuer['mint'];
  /** All responses on one connection, until the gateway closes it or sends nothing for `quiet` ms. */
  send(bytes: string | Buffer, quiet?: number): Promise<readonly RawResponse[]>;
  /** Asserts that the upstream received nothing, and that the next valid request reaches it first. */
  expectNothingForwarded(): Promise<void>;
  /** Asserts that the next valid request succeeds. */
  expectAlive(): Promise<void>;
  /** Waits for the audit event of a request. */
  audited(answer: RawResponse | undefined): Promise<AuditLine>;
  /** Resets the upstream between tests; asserts that it did not receive the token. */
  reset(): void;
  close(): Promise<void>;
}

export interface AttackOptions {
  /** Resources of the job's grant on the service `api` at /api/. Default: all. */
  readonly resources?: readonly string[];
  /** Path of the upstream's URL. Default: /. */
  readonly base?: string;
  /** Further keys of the service `api`, one YAML line each. */
  readonly api?: readonly string[];
  /** Further services, as YAML; `UPSTREAM` stands for the upstream's URL. */
  readonly services?: string;
  /** Further identities, as YAML, before the identity `job`. */
  readonly identities?: string;
  /** Further sections of the configuration, as YAML. */
  readonly more?: string;
}

export async function startAttackScenario(options: AttackOptions = {}): Promise<AttackScenario> {
  const { resources = ['/**'], base = '/', api = [], services = '', identities = '', more = '' } = options;
  const scenario = await startScenario({
    backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
    token: ({ issuer }) => issuer.mint({ project_id: '20' }),
    config: ({ issuer, upstream }) => `
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
${indent(services.replaceAll('UPSTREAM', upstream.url))}
${more}`,
  });
  const { gateway, issuer, upstream, token } = scenario;
  let probes = 0;

  const requestAs: AttackScenario['requestAs'] = (bearer, requestLine, lines = [], body = '') => {
    const credential = bearer === undefined ? [] : [`Authorization: Bearer ${bearer}`];
    return [requestLine, 'Host: gateway.example.com', ...credential, ...lines, '', body].join('\r\n');
  };
  const request: AttackScenario['request'] = (...args) => requestAs(token, ...args);

  /** Sends a unique valid request; returns its request line as the upstream must receive it. */
  async function probe(): Promise<string> {
    const path = `probe/${(probes += 1)}`;
    const answers = await rawRequest(
      gateway.port,
      request(`GET /api/${path} HTTP/1.1`, ['Connection: close']),
    );
    expect(answers.map(({ status, body }) => [status, body])).toEqual([[200, 'ok']]);
    return `GET ${base}${path} HTTP/1.1`;
  }

  // Attacks run against a warm gateway: cached keys and token, and an open upstream connection.
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
    audited: scenario.audited,
    reset() {
      const seen = upstream.bytes();
      upstream.reset();
      expect(seen).not.toContain(token);
    },
    close: scenario.close,
  };
}

/** The error code in the JSON body of a refusal. */
export function reasonOf({ body }: RawResponse): string {
  return String((JSON.parse(body) as { error?: unknown }).error);
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}
