import { readFileSync } from 'node:fs';
import type * as undiciModule from 'undici';
import type {
  EgressBody,
  EgressBodyClient,
  EgressFailure,
  EgressRequest,
  EgressResult,
} from '../../core/ports.ts';
import { FairQueue } from '../../util/limits/fair-queue.ts';

const DEFAULT_DEADLINE = 5_000;
/** Per pool and origin. */
const CONNECTIONS = 32;
const MAX_WAITING = 1_000;
const DEFAULT_MAX_BYTES = 512 * 1024;

/**
 * HTTP client for key sets, tokens and other requests of the gateway; the forwarder sends client requests.
 * undici is loaded at the first request: 16 MiB that a gateway with key files does not need.
 */
export function createEgressClient(): EgressBodyClient & { close(): Promise<void> } {
  /** One agent per TLS policy and pool, replaced when a file changes: connections are never shared across policies. */
  const agents = new Map<string, PooledAgent>();

  function agentFor(
    undici: Undici,
    { caFile, serverName, clientCertificate, pool }: EgressRequest,
  ): PooledAgent {
    const policy = JSON.stringify([caFile, serverName, clientCertificate, pool]);
    const tls = {
      ...(caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') }),
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(clientCertificate === undefined
        ? {}
        : {
            cert: readFileSync(clientCertificate.certFile, 'utf8'),
            key: readFileSync(clientCertificate.keyFile, 'utf8'),
          }),
    };
    const material = JSON.stringify(tls);
    const known = agents.get(policy);
    if (known?.material === material) return known;
    // Requests in progress are completed.
    void known?.agent.close();
    const agent = new undici.Agent({
      allowH2: false,
      connections: CONNECTIONS,
      keepAliveTimeout: 1_000,
      maxHeaderSize: 16 * 1024,
      connect: { timeout: DEFAULT_DEADLINE, ...tls },
    });
    const pooled = { material, agent, origins: new Map() };
    agents.set(policy, pooled);
    return pooled;
  }

  async function send(call: EgressRequest, what: Method): Promise<EgressResult> {
    const { url, deadline = DEFAULT_DEADLINE } = call;
    try {
      const undici = await import('undici');
      const { agent, origins } = agentFor(undici, call);
      const { origin } = new URL(url);
      const connections = origins.get(origin) ?? new Connections();
      origins.set(origin, connections);
      if (!(await connections.take(deadline))) {
        return { kind: 'unreachable', detail: `no connection was available within ${deadline} ms` };
      }
      return await sendNow({ undici, agent }, call, what, deadline).finally(() => connections.release());
    } catch (cause) {
      const detail = reasonOf(cause);
      return { kind: UNSENT.has(detail) ? 'unreachable' : 'failed', detail };
    }
  }

  return {
    get: (call) => send(call, { method: 'GET' }),
    post(request) {
      const { type, body } = encodedBody(request);
      const headers = { ...request.headers, ...(type === undefined ? {} : { 'content-type': type }) };
      return send({ ...request, headers }, { method: 'POST', body });
    },
    async close() {
      await Promise.all([...agents.values()].map(({ agent }) => agent.destroy()));
    },
  };
}

function encodedBody(content: EgressBody): { readonly type?: string; readonly body: string } {
  if ('text' in content) return { body: content.text };
  if ('json' in content) return { type: 'application/json', body: JSON.stringify(content.json) };
  const body = new URLSearchParams([...content.form]).toString();
  return { type: 'application/x-www-form-urlencoded', body };
}

type Undici = typeof undiciModule;

type Method = { readonly method: 'GET' } | { readonly method: 'POST'; readonly body: string };

interface PooledAgent {
  /** The contents of the TLS files. */
  readonly material: string;
  readonly agent: undiciModule.Agent;
  readonly origins: Map<string, Connections>;
}

/** The connections of one pool to one origin. The agent has as many, so that its own queue stays empty. */
class Connections {
  readonly #waiting = new FairQueue<true>();
  #free = CONNECTIONS;

  /** False if no connection becomes free within `wait` milliseconds. */
  async take(wait: number): Promise<boolean> {
    const attempt = (): true | undefined => {
      if (this.#free === 0) return undefined;
      this.#free -= 1;
      return true;
    };
    return (await this.#waiting.run('', attempt, { places: MAX_WAITING, wait })) === true;
  }

  release(): void {
    this.#free += 1;
    this.#waiting.serve();
  }
}

async function sendNow(
  { undici, agent }: { readonly undici: Undici; readonly agent: undiciModule.Agent },
  { url, headers = {}, maxBytes = DEFAULT_MAX_BYTES }: EgressRequest,
  what: Method,
  deadline: number,
): Promise<EgressResult> {
  const signal = AbortSignal.timeout(deadline);
  try {
    const response = await undici.request(url, {
      ...what,
      dispatcher: agent,
      headers: { ...headers },
      signal,
    });
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) return failed(`the response is longer than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    const { statusCode: status, headers: fields } = response;
    return { kind: 'response', status, headers: fields, body: Buffer.concat(chunks) };
  } catch (cause) {
    if (!signal.aborted) throw cause;
    return failed(`no answer within ${deadline} ms`);
  }
}

function failed(detail: string): EgressFailure {
  return { kind: 'failed', detail };
}

/** Error codes of connections that were not established. */
const UNSENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return reasonOf(cause.errors[0]);
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.name;
  return 'unknown';
}
