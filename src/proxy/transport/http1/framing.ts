import { invalidResponse, type InvalidResponse } from '../invalid-response.ts';
import type { FieldRole } from './field-name.ts';

/** The end of a response body (RFC 9112 §6.3). */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' };

/** The fields of one response head that frame its body and decide about its connection. */
export class Framing {
  #contentLength: number | undefined;
  #chunked = false;
  #close = false;
  #keepAlive = false;
  /** Whether `Connection` contains `upgrade`. */
  upgrade = false;
  /** Seconds of `Keep-Alive: timeout`. */
  timeout: number | undefined;

  add(role: Exclude<FieldRole, 'other'>, value: string): InvalidResponse | undefined {
    switch (role) {
      case 'content-length': {
        if (!DECIMAL.test(value)) return invalidResponse('a Content-Length that is not a number');
        // Equal ones too, as llhttp does: a parser behind the gateway may join them to a list.
        if (this.#contentLength !== undefined) return invalidResponse('two Content-Lengths');
        this.#contentLength = Number(value);
        return undefined;
      }
      case 'transfer-encoding':
        if (this.#chunked || value.toLowerCase() !== 'chunked')
          return invalidResponse('a Transfer-Encoding other than chunked');
        this.#chunked = true;
        return undefined;
      case 'connection':
        if (CLOSE.test(value)) this.#close = true;
        if (KEEP_ALIVE.test(value)) this.#keepAlive = true;
        if (UPGRADE.test(value)) this.upgrade = true;
        return undefined;
      case 'keep-alive': {
        const seconds = TIMEOUT.exec(value)?.[1];
        if (seconds !== undefined) this.timeout = Number(seconds);
        return undefined;
      }
      default:
        return role satisfies never;
    }
  }

  /**
   * Whether the connection persists after the response (RFC 9112 §9.3). Servers that send a body in error do so for a
   * HEAD response without framing and a 304 with a length.
   */
  persists(minorVersion: number, status: number, toHead: boolean): boolean {
    if (!this.#staysOpen(minorVersion)) return false;
    if (status === 304) return (this.#contentLength ?? 0) === 0;
    return !toHead || status === 204 || this.#chunked || this.#contentLength !== undefined;
  }

  /** An interim response has no body (RFC 9110 §15.2), and a final one follows on the connection. */
  checkInterim(minorVersion: number): InvalidResponse | undefined {
    if (this.#chunked || this.#contentLength !== undefined)
      return invalidResponse('an interim response with a body');
    return this.#staysOpen(minorVersion)
      ? undefined
      : invalidResponse('an interim response that ends the connection');
  }

  #staysOpen(minorVersion: number): boolean {
    return !this.#close && (minorVersion === 1 || this.#keepAlive);
  }

  bodyOf(status: number, minorVersion: number, toHead: boolean): BodyFraming | InvalidResponse {
    // Both framings together allow response splitting (RFC 9112 §6.1).
    if (this.#chunked && this.#contentLength !== undefined)
      return invalidResponse('both Content-Length and Transfer-Encoding');
    if (this.#chunked && minorVersion === 0) return invalidResponse('Transfer-Encoding in HTTP/1.0');
    if (this.#chunked && status === 204) return invalidResponse('a 204 with Transfer-Encoding');
    if (toHead || status === 204 || status === 304) return NONE;
    if (this.#chunked) return CHUNKED;
    return this.#contentLength === undefined ? UNTIL_CLOSE : { kind: 'length', length: this.#contentLength };
  }
}

const NONE: BodyFraming = { kind: 'none' };
const CHUNKED: BodyFraming = { kind: 'chunked' };
const UNTIL_CLOSE: BodyFraming = { kind: 'until-close' };

const DECIMAL = /^\d{1,15}$/;
const CLOSE = /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i;
const KEEP_ALIVE = /(?:^|,)[ \t]*keep-alive[ \t]*(?:,|$)/i;
const UPGRADE = /(?:^|,)[ \t]*upgrade[ \t]*(?:,|$)/i;
const TIMEOUT = /(?:^|[,;])[ \t]*timeout[ \t]*=[ \t]*"?(\d{1,9})/i;
