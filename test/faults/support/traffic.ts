import { Agent, request } from 'node:http';

export interface TrafficTarget {
  readonly url: string;
  readonly token?: string;
  /** Connections, each with one request at a time. */
  readonly connections: number;
  /** false: a new connection for each request. Default: connections are kept. */
  readonly keepAlive?: boolean;
  /** Milliseconds between two requests of a connection. */
  readonly pause?: number;
  /** Client address of a connection, any of 127/8. */
  readonly from?: (connection: number) => string;
}

export interface Traffic {
  /** Request ids of complete responses. */
  readonly ids: readonly string[];
  /** Number of complete responses by status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Connections that ended with an error before a complete response. */
  readonly resets: readonly string[];
  /** Ends each connection after its current request. */
  stop(): Promise<void>;
}

/** Sends requests until `stop`. */
export function startTraffic(target: TrafficTarget): Traffic {
  const ids: string[] = [];
  const statuses = new Map<number, number>();
  const resets: string[] = [];
  const stopped = Promise.withResolvers<void>();
  let going = true;

  async function loop(connection: number): Promise<void> {
    const localAddress = target.from?.(connection);
    const agent = new Agent({
      keepAlive: target.keepAlive ?? true,
      maxSockets: 1,
      ...(localAddress !== undefined && { localAddress }),
    });
    while (going) {
      await one(target, agent).then(
        ({ id, status }) => {
          ids.push(id);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        },
        (error: NodeJS.ErrnoException) => resets.push(error.code ?? error.message),
      );
      if (target.pause !== undefined) await Promise.race([sleep(target.pause), stopped.promise]);
    }
    agent.destroy();
  }

  const loops = Array.from({ length: target.connections }, (_, n) => loop(n));
  return {
    ids,
    statuses,
    resets,
    async stop() {
      going = false;
      stopped.resolve();
      await Promise.all(loops);
    },
  };
}

function one({ url, token }: TrafficTarget, agent: Agent): Promise<{ id: string; status: number }> {
  return new Promise((resolve, reject) => {
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const call = request(url, { agent, headers }, (answer) => {
      answer.on('error', () => reject(new Error('a response was cut')));
      answer.on('end', () =>
        resolve({ id: String(answer.headers['x-request-id']), status: answer.statusCode ?? 0 }),
      );
      answer.resume();
    });
    call.on('error', reject);
    call.end();
  });
}

/** Resolves after so many milliseconds: the length of a case, never a wait for an event. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
