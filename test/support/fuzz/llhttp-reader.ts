import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { segmentsOf, type ReadOutcome, type ResponseCase } from './response-case.ts';

/** The connection of an agent: the test pushes the bytes of the upstream. */
class Wire extends Duplex {
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
}

/** An agent with a single connection. */
class OneConnection extends Agent {
  readonly wire = new Wire();
  #used = false;
  /** A request found no open connection. */
  closed = false;
  constructor() {
    super({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
    // Each request adds listeners.
    this.wire.setMaxListeners(0).on('error', () => undefined);
  }
  override createConnection(): Duplex {
    if (this.#used) {
      this.closed = true;
      return new Wire();
    }
    this.#used = true;
    return this.wire;
  }
  /** The hint of `Keep-Alive: timeout` does not change the framing. */
  override keepSocketAlive(): boolean {
    return true;
  }
  override reuseSocket(): void {}
}

interface Exchange {
  readonly call: ClientRequest;
  response: IncomingMessage | undefined;
  body: string[];
  error: NodeJS.ErrnoException | undefined;
  switched: boolean;
  ended: boolean;
}

/** Reads a case with llhttp in its strict mode: the HTTP client of Node. */
export async function readWithLlhttp(input: ResponseCase): Promise<readonly ReadOutcome[]> {
  const agent = new OneConnection();
  const { wire } = agent;
  const outcomes: ReadOutcome[] = [];
  let current: Exchange | undefined;
  try {
    for (const segment of segmentsOf(input)) {
      if (current === undefined) {
        const method = input.requests[outcomes.length];
        if (method === undefined || wire.destroyed) return outcomes;
        current = send(agent, method);
        await turn();
        await turn();
        if (agent.closed || current.error !== undefined) return outcomes;
        markReused(outcomes);
      }
      wire.push(segment);
      await turn();
      const outcome = outcomeOf(current, false);
      if (outcome === undefined) continue;
      outcomes.push(outcome);
      if (outcome.kind !== 'accepted') return outcomes;
      current = undefined;
    }
    if (current === undefined) return outcomes;
    wire.push(null);
    await turn();
    await turn();
    const last = outcomeOf(current, true);
    return last === undefined ? outcomes : [...outcomes, last];
  } finally {
    wire.destroy();
    agent.destroy();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The previous response left the connection open. */
function markReused(outcomes: ReadOutcome[]): void {
  const previous = outcomes.at(-1);
  if (previous?.kind === 'accepted') outcomes.splice(-1, 1, { ...previous, reusable: true });
}

function send(agent: Agent, method: string): Exchange {
  const call = request({ agent, method, path: '/', host: 'upstream', maxHeaderSize: 64 * 1024 });
  const made: Exchange = {
    call,
    response: undefined,
    body: [],
    error: undefined,
    switched: false,
    ended: false,
  };
  call.on('error', (error) => (made.error ??= error));
  call.on('upgrade', () => (made.switched = true));
  call.on('response', (response) => {
    made.response = response;
    response.on('data', (chunk: Buffer) => made.body.push(chunk.toString('latin1')));
    response.on('error', (error) => (made.error ??= error));
    response.on('end', () => (made.ended = true));
  });
  call.end();
  return made;
}

/** Undefined while the response is incomplete. */
function outcomeOf(
  { response, body, error, switched, ended }: Exchange,
  closed: boolean,
): ReadOutcome | undefined {
  if (switched) return { kind: 'switched' };
  const text = body.join('');
  // A response stays accepted if the bytes after it are refused.
  if (response?.complete === true && (ended || error !== undefined || closed)) {
    const { statusCode: status = 0, rawHeaders: fields } = response;
    return { kind: 'accepted', status, fields, body: text, reusable: false };
  }
  if (error?.code?.startsWith('HPE_') === true) return { kind: 'refused', detail: error.code, body: text };
  if (error === undefined && !closed) return undefined;
  return { kind: 'truncated', body: text };
}
