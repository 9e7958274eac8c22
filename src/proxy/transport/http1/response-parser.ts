import { invalidResponse, type InvalidResponse } from '../invalid-response.ts';
import { ChunkedBody } from './chunked-body.ts';
import { Framing, type BodyFraming } from './framing.ts';
import { HeaderSection } from './header-section.ts';
import { isResponseStart, readStatusLine, type StatusLine } from './status-line.ts';

export interface ParsedHead {
  readonly status: number;
  /** Name, value, name, value … as the upstream spelled them; latin1. */
  readonly fields: readonly string[];
  readonly framing: BodyFraming;
}

/** Receives the response while it is parsed. */
export interface ResponseSink {
  /** An interim response other than 101 (RFC 9110 §15.2). */
  onInterim(): void;
  onHead(head: ParsedHead): void;
  /** `view` is part of the buffer passed to `push`, which is reused after the call. */
  onBody(view: Buffer): void;
}

export type ParserProgress =
  | { readonly kind: 'reading' }
  | { readonly kind: 'complete' }
  /** The upstream left HTTP/1.1; what follows is not a response. */
  | { readonly kind: 'switched' }
  | InvalidResponse;

/** WebDAV servers send a 102 every 20 s during long requests. */
const MAX_INTERIM = 64;

/**
 * A strict, incremental parser of HTTP/1.1 responses (RFC 9112). It accepts one response after `start`, never keeps a
 * view of the bytes, and refuses what any parser behind it could read in another way.
 */
export class ResponseParser {
  readonly #sink: ResponseSink;
  readonly #head = new HeaderSection(
    ({ name, role }, value) => {
      this.#fields.push(name, value);
      return role === 'other' ? undefined : this.#framing.add(role, value);
    },
    (line) => {
      const read = readStatusLine(line);
      if (read.kind === 'invalid') return read;
      this.#statusLine = read;
      return undefined;
    },
  );
  #chunked: ChunkedBody | undefined;
  #framing = new Framing();
  #fields: string[] = [];
  #statusLine: StatusLine | undefined;
  #state: 'head' | BodyFraming['kind'] | 'stopped' = 'stopped';
  #toHead = false;
  #interim = 0;
  /** Bytes of a body with Content-Length that have not arrived. */
  #remaining = 0;
  /** Bytes of the last `push` that do not belong to the response. */
  unread = 0;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  /** Whether another request may follow on the connection. */
  get reusable(): boolean {
    const { minorVersion = 0, status = 0 } = this.#statusLine ?? {};
    return this.unread === 0 && this.#framing.persists(minorVersion, status, this.#toHead);
  }

  /** Seconds after which the upstream closes the idle connection. */
  get keepAliveTimeout(): number | undefined {
    return this.#framing.timeout;
  }

  /** Expects the response to one request; `toHead`: the request is a HEAD. */
  start(toHead: boolean): void {
    this.#toHead = toHead;
    this.#interim = 0;
    this.#startHead();
  }

  /** Stops the parser: the rest of the bytes is ignored. */
  stop(): void {
    this.#state = 'stopped';
  }

  push(bytes: Buffer): ParserProgress {
    this.unread = 0;
    let at = 0;
    while (at < bytes.length) {
      const next = this.#read(bytes, at);
      if (typeof next !== 'number') {
        this.#state = 'stopped';
        return next;
      }
      at = next;
      if (this.#state === 'none') {
        this.#state = 'stopped';
        this.unread = bytes.length - at;
        return COMPLETE;
      }
      if (this.#state === 'stopped') return READING;
    }
    return READING;
  }

  /** The upstream ended the connection. `reading`: the response is truncated. */
  finish(): ParserProgress {
    if (this.#state !== 'until-close') return READING;
    this.#state = 'stopped';
    return COMPLETE;
  }

  #read(bytes: Buffer, at: number): number | ParserProgress {
    switch (this.#state) {
      case 'head':
        return this.#readHead(bytes, at);
      case 'length': {
        const end = Math.min(bytes.length, at + this.#remaining);
        this.#remaining -= end - at;
        if (this.#remaining === 0) this.#state = 'none';
        this.#sink.onBody(bytes.subarray(at, end));
        return end;
      }
      case 'chunked': {
        const next = this.#chunked?.read(bytes, at) ?? bytes.length;
        if (this.#chunked?.ended === true && this.#state === 'chunked') this.#state = 'none';
        return next;
      }
      case 'until-close':
        this.#sink.onBody(bytes.subarray(at));
        return bytes.length;
      case 'none':
      case 'stopped':
        return bytes.length;
      default:
        return this.#state satisfies never;
    }
  }

  #startHead(): void {
    this.#head.start();
    this.#framing = new Framing();
    this.#fields = [];
    this.#statusLine = undefined;
    this.#state = 'head';
  }

  #readHead(bytes: Buffer, at: number): number | ParserProgress {
    const next = this.#head.read(bytes, at);
    const partial = this.#head.partialStartLine;
    if (partial !== undefined && !isResponseStart(partial))
      return invalidResponse('not an HTTP/1.1 response');
    if (typeof next !== 'number' || !this.#head.ended || this.#statusLine === undefined) return next;
    const { status } = this.#statusLine;
    const problem = status < 200 ? this.#endInterim(this.#statusLine) : this.#endHead(this.#statusLine);
    return problem ?? next;
  }

  #endInterim({ status, minorVersion }: StatusLine): ParserProgress | undefined {
    if (status === 101) return this.#switches() ? SWITCHED : invalidResponse('status 101');
    const problem = this.#framing.checkInterim(minorVersion);
    if (problem !== undefined) return problem;
    this.#interim += 1;
    if (this.#interim > MAX_INTERIM) return invalidResponse(`more than ${MAX_INTERIM} interim responses`);
    this.#startHead();
    this.#sink.onInterim();
    return undefined;
  }

  /** A 101 that names no protocol is a response that no server may send (RFC 9110 §15.2.2). */
  #switches(): boolean {
    return this.#framing.upgrade && this.#fields.some((field, i) => i % 2 === 0 && /^upgrade$/i.test(field));
  }

  #endHead({ status, minorVersion }: StatusLine): InvalidResponse | undefined {
    const framing = this.#framing.bodyOf(status, minorVersion, this.#toHead);
    switch (framing.kind) {
      case 'invalid':
        return framing;
      case 'length':
        this.#remaining = framing.length;
        this.#state = framing.length === 0 ? 'none' : 'length';
        break;
      case 'chunked':
        this.#chunked ??= new ChunkedBody((view) => this.#sink.onBody(view));
        this.#chunked.start();
        this.#state = 'chunked';
        break;
      case 'none':
      case 'until-close':
        this.#state = framing.kind;
        break;
      default:
        return framing satisfies never;
    }
    this.#sink.onHead({ status, fields: this.#fields, framing });
    return undefined;
  }
}

const READING: ParserProgress = { kind: 'reading' };
const COMPLETE: ParserProgress = { kind: 'complete' };
const SWITCHED: ParserProgress = { kind: 'switched' };
