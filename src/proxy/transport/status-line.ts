/** Why an upstream's status line is none that could be relayed; undefined for all others. The phrase itself never is. */
export function statusLineProblem(status: number, phrase: string): string | undefined {
  if (status < 200 || status > 599) return `status ${status}`;
  return CONTROL.test(phrase) ? 'a control character in the reason' : undefined;
}

/** Those that keep a GET a GET; 304 is none (RFC 9110 §15.4). */
export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Whoever sends one there (RFC 9112 §4) aims at a parser behind us. */
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;
