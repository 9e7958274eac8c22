import { invalidResponse, type InvalidResponse } from './invalid-response.ts';

/** Undefined when the response may be relayed. The reason phrase itself is never relayed. */
export function checkStatusLine(status: number, phrase: string): InvalidResponse | undefined {
  if (status < 200 || status > 599) return invalidResponse(`status ${status}`);
  return CONTROL.test(phrase) ? invalidResponse('a control character in the reason phrase') : undefined;
}

/** RFC 9110 §15.4, without 304, which has no target. */
export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** RFC 9112 §4 allows none; they target parsers behind the gateway. */
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;
