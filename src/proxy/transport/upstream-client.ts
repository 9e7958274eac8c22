import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import { GatehouseError } from '../../core/errors.ts';
import type { EgressFormClient, EgressRequest, EgressResponse } from '../../core/ports.ts';

const DEFAULT_DEADLINE = 5_000;
const DEFAULT_MAX_BYTES = 512 * 1024;

/** HTTP client for key sets, tokens and other requests of the gateway; the forwarder sends client requests. */
export function createEgressClient(): EgressFormClient & { close(): Promise<void> } {
  /** One agent per TLS policy and pool, replaced when a file changes: connections are never shared across policies. */
  const agents = new Map<string, { readonly material: string; readonly agent: Agent }>();

  function agentFor({ caFile, serverName, clientCertificate, pool }: EgressRequest): Agent {
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
    if (known?.material === material) return known.agent;
    // Requests in progress are completed.
    void known?.agent.close();
    const agent = new Agent({
      allowH2: false,
      connections: 16,
      keepAliveTimeout: 1_000,
      maxHeaderSize: 16 * 1024,
      connect: { timeout: DEFAULT_DEADLINE, ...tls },
    });
    agents.set(policy, { material, agent });
    return agent;
  }

  async function send(
    call: EgressRequest,
    what: { readonly method: 'GET' } | { readonly method: 'POST'; readonly body: string },
  ): Promise<EgressResponse> {
    const { url, headers = {}, deadline = DEFAULT_DEADLINE, maxBytes = DEFAULT_MAX_BYTES } = call;
    const signal = AbortSignal.timeout(deadline);
    try {
      const dispatcher = agentFor(call);
      const response = await request(url, { ...what, dispatcher, headers: { ...headers }, signal });
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of response.body as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > maxBytes)
          throw new GatehouseError('outbound_failed', `the response is longer than ${maxBytes} bytes`);
        chunks.push(chunk);
      }
      return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
    } catch (cause) {
      if (cause instanceof GatehouseError) throw cause;
      if (signal.aborted)
        throw new GatehouseError('outbound_failed', `no answer within ${deadline} ms`, { cause });
      const why = reasonOf(cause);
      throw new GatehouseError(UNSENT.has(why) ? 'outbound_unreachable' : 'outbound_failed', why, { cause });
    }
  }

  return {
    get: (call) => send(call, { method: 'GET' }),
    post({ form, headers, ...call }) {
      const body = new URLSearchParams([...form]).toString();
      const type = { 'content-type': 'application/x-www-form-urlencoded' };
      return send({ ...call, headers: { ...headers, ...type } }, { method: 'POST', body });
    },
    async close() {
      await Promise.all([...agents.values()].map(({ agent }) => agent.destroy()));
    },
  };
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
