import { connect } from 'node:net';

/** A response as a strict client reads it. */
export interface WireResponse {
  readonly status: number;
  /** Lowercase name → value; several are joined with `, `. */
  readonly headers: ReadonlyMap<string, string>;
  /** Without chunk framing, as latin1. */
  readonly body: string;
  /** False if the connection ended before the end of the body. */
  readonly complete: boolean;
}

/** One connection that sends requests one after the other. */
export interface WireClient {
  /** Undefined: the connection ended before the head of a response. */
  ask(request: string, method?: string): Promise<WireResponse | undefined>;
  write(bytes: string): void;
  /** The next response, for pipelined requests. */
  next(method?: string): Promise<WireResponse | undefined>;
  /** The next response as far as it has arrived, once it has so many bytes. */
  begun(bytes: number): Promise<WireResponse>;
  /** Bytes that arrived and belong to no response read so far. */
  stray(): string;
  /** Received bytes so far. */
  readonly received: () => number;
  readonly isOpen: () => boolean;
  /** Code of the error that ended the connection. */
  readonly error: () => string | undefined;
  pause(): void;
  resume(): void;
  /** Ends the connection: in order, or with RST. */
  close(how?: 'close' | 'reset'): void;
}

/** Opens a connection to the gateway. */
export async function openWireClient(port: number): Promise<WireClient> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let pending = Buffer.alloc(0);
  let chunks: Buffer[] = [];
  let received = 0;
  let consumed = 0;
  let ended = false;
  let error: string | undefined;
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
    chunks.push(chunk);
  });
  socket.on('error', (cause: NodeJS.ErrnoException) => (error = cause.code));
  socket.on('end', () => (ended = true));
  socket.on('close', () => (ended = true));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });

  function gather(): Buffer {
    if (chunks.length > 0) {
      pending = Buffer.concat([pending, ...chunks]);
      chunks = [];
    }
    return pending;
  }

  /** Resolves at the next data, end, error or close. */
  function change(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        for (const name of ['data', 'end', 'error', 'close']) socket.off(name, done);
        resolve();
      };
      const timer = setTimeout(done, 1_000);
      for (const name of ['data', 'end', 'error', 'close']) socket.on(name, done);
    });
  }

  async function next(method = 'GET'): Promise<WireResponse | undefined> {
    const deadline = performance.now() + 20_000;
    for (let needed = 0; ;) {
      const final = ended || socket.destroyed;
      const read = final || received - consumed >= needed ? readWire(gather(), method, final) : needed;
      if (typeof read === 'object') {
        // The end of the connection delimits the body: an error is no end.
        const complete = read.response.complete && !(read.untilClose && error !== undefined);
        pending = pending.subarray(read.used);
        consumed += read.used;
        return { ...read.response, complete };
      }
      if (final) return undefined;
      needed = read;
      if (performance.now() > deadline)
        throw new Error(`no whole response: ${pending.toString('latin1', 0, 300)}`);
      await change();
    }
  }

  async function begun(bytes: number): Promise<WireResponse> {
    const deadline = performance.now() + 20_000;
    for (;;) {
      const arrived = received >= bytes || ended || socket.destroyed;
      const read = arrived ? readWire(gather(), 'GET', true) : 0;
      if (typeof read === 'object') return read.response;
      if (performance.now() > deadline || socket.destroyed)
        throw new Error(`${received} bytes, not ${bytes}`);
      await change();
    }
  }

  return {
    begun,
    ask(request, method) {
      socket.write(Buffer.from(request, 'latin1'));
      return next(method);
    },
    next,
    write: (bytes) => void socket.write(Buffer.from(bytes, 'latin1')),
    stray: () => gather().toString('latin1'),
    received: () => received,
    isOpen: () => !ended && !socket.destroyed,
    error: () => error,
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: (how) => void (how === 'reset' ? socket.resetAndDestroy() : socket.destroy()),
  };
}

interface ReadWire {
  readonly response: WireResponse;
  readonly used: number;
  readonly untilClose: boolean;
}

/** The first response of these bytes, or the number of bytes without which it is incomplete. */
function readWire(bytes: Buffer, method: string, ended: boolean): ReadWire | number {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return 0;
  const [line = '', ...fields] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1]);
  if (!(status >= 100)) throw new Error(`not a response: ${line}`);
  const headers = new Map<string, string>();
  for (const field of fields) {
    const colon = field.indexOf(':');
    const name = field.slice(0, colon).toLowerCase();
    const value = field.slice(colon + 1).trim();
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
  }
  const start = end + 4;
  const made = (body: string, complete: boolean, used: number, untilClose = false): ReadWire => ({
    response: { status, headers, body, complete },
    used,
    untilClose,
  });
  if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return made('', true, start);
  if (headers.has('transfer-encoding')) return readWireChunks(bytes, start, ended, made);
  const length = headers.get('content-length');
  if (length === undefined) {
    return ended ? made(bytes.toString('latin1', start), true, bytes.length, true) : 0;
  }
  const stop = start + Number(length);
  if (bytes.length >= stop) return made(bytes.toString('latin1', start, stop), true, stop);
  return ended ? made(bytes.toString('latin1', start), false, bytes.length) : stop;
}

function readWireChunks(
  bytes: Buffer,
  start: number,
  ended: boolean,
  made: (body: string, complete: boolean, used: number) => ReadWire,
): ReadWire | number {
  const parts: string[] = [];
  let at = start;
  for (;;) {
    const eol = bytes.indexOf('\r\n', at);
    if (eol === -1) break;
    const size = bytes.toString('latin1', at, eol);
    if (!/^[0-9a-f]+$/i.test(size)) throw new Error(`not a chunk size: ${size}`);
    const length = Number.parseInt(size, 16);
    const stop = eol + 2 + length;
    if (length === 0) {
      // The gateway drops trailers.
      if (bytes.length >= stop + 2) return made(parts.join(''), true, stop + 2);
      break;
    }
    parts.push(bytes.toString('latin1', eol + 2, Math.min(stop, bytes.length)));
    if (bytes.length < stop + 2) break;
    at = stop + 2;
  }
  return ended ? made(parts.join(''), false, bytes.length) : 0;
}
