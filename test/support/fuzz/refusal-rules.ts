/** A class of responses that llhttp accepts in its strict mode and the gateway refuses. */
export interface RefusalRule {
  /** Matches the detail of the refusal. */
  readonly detail: RegExp;
  readonly rule: string;
  /** The bytes of every case of the class match, if the detail alone covers more than the class. */
  readonly bytes?: RegExp;
  /** A response of the class. */
  readonly example: string;
}

const head = (...lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`;
const ok = (...fields: readonly string[]): string => head('HTTP/1.1 200 OK', ...fields);
const chunked = (body: string): string => ok('Transfer-Encoding: chunked') + body;

export const REFUSAL_RULES: readonly RefusalRule[] = [
  {
    detail: /^not an HTTP\/1\.1 response$/,
    rule: 'only HTTP/1.0 and HTTP/1.1, not RTSP, ICY or HTTP/2.0 (RFC 9112 §2.3)',
    example: head('RTSP/1.0 200 OK', 'Content-Length: 0'),
  },
  {
    detail: /^not an HTTP\/1\.1 response$/,
    rule: 'no empty line before the status line (RFC 9112 §2.2 permits it before requests only)',
    example: `\r\n${ok('Content-Length: 0')}`,
  },
  {
    detail: /^a line that does not end with CRLF$/,
    rule: 'no LF before the status line, where llhttp skips CR and LF',
    bytes: /\n\r?(?:HTTP|RTSP|ICE)/,
    example: `\n${ok('Content-Length: 0')}`,
  },
  {
    detail: /^status [06-9]\d\d$/,
    rule: 'a status from 100 to 599 (RFC 9110 §15)',
    example: head('HTTP/1.1 999 Odd', 'Content-Length: 0'),
  },
  {
    detail: /^status 101$/,
    rule: 'no 101 without a protocol (RFC 9110 §15.2.2)',
    example: head('HTTP/1.1 101 Switching Protocols'),
  },
  {
    detail: /^a control character in the reason phrase$/,
    rule: 'HTAB, SP, VCHAR and obs-text only (RFC 9112 §4)',
    example: head('HTTP/1.1 200 O\x01K', 'Content-Length: 0'),
  },
  {
    detail: /^an interim response with a body$/,
    rule: 'no framing fields in interim responses (RFC 9110 §8.6, RFC 9112 §6.1)',
    example: head('HTTP/1.1 103 Early Hints', 'Content-Length: 0') + ok('Content-Length: 0'),
  },
  {
    detail: /^more than 64 interim responses$/,
    rule: 'bounded interim responses',
    example: head('HTTP/1.1 102 Processing').repeat(65) + ok('Content-Length: 0'),
  },
  {
    detail: /^a Transfer-Encoding other than chunked$/,
    rule: 'no other coding and no repeated field: no client sent TE (RFC 9112 §7.4)',
    bytes: /Transfer-Encoding:(?! *chunked *\r\n)|(?:Transfer-Encoding:[^]*){2}/i,
    example: `${ok('Transfer-Encoding: gzip, chunked')}0\r\n\r\n`,
  },
  {
    detail: /^Transfer-Encoding in HTTP\/1\.0$/,
    rule: 'faulty framing (RFC 9112 §6.1)',
    example: `${head('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
  },
  {
    detail: /^a 204 with Transfer-Encoding$/,
    rule: 'a 204 has no framing (RFC 9112 §6.1)',
    example: head('HTTP/1.1 204 No Content', 'Transfer-Encoding: chunked'),
  },
  {
    detail: /^a Content-Length that is not a number$/,
    rule: 'at most 15 digits, which a double represents exactly',
    bytes: /Content-Length:[ \t]*\d{16}/i,
    example: head('HTTP/1.1 204 No Content', 'Content-Length: 1234567890123456'),
  },
  {
    detail: /^a framing field in the trailers$/,
    rule: 'no framing fields in trailers (RFC 9110 §6.5.1)',
    example: chunked('0\r\nTransfer-Encoding: chunked\r\n\r\n'),
  },
  {
    detail: /^a chunk size that is not valid$/,
    rule: 'chunk extensions have a name (RFC 9112 §7.1.1)',
    bytes: /;[^\r\n]*(?:;|=)/,
    example: chunked('2;=b\r\nok\r\n0\r\n\r\n'),
  },
  {
    detail: /^more than 200 header fields$/,
    rule: 'bounded number of fields',
    example: ok(...Array.from({ length: 200 }, (_, n) => `X-${n}: a`), 'Content-Length: 0'),
  },
  {
    detail: /^more than 65536 bytes of header fields$/,
    rule: 'bounded head: llhttp counts names and values only',
    example: ok(`X-A: ${'a'.repeat(65_500)}`, 'Content-Length: 0'),
  },
];

/** Whether a rule covers the refusal of these bytes with this detail. */
export function isListed(refusal: string, sent: string): boolean {
  return REFUSAL_RULES.some(({ detail, bytes }) => detail.test(refusal) && bytes?.test(sent) !== false);
}
