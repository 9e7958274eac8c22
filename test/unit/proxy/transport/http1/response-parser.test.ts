/** N1: the strict response parser. Each case is read in one piece, byte by byte, and in two pieces at every position. */
import { expect, test } from 'vitest';
import { ResponseParser, type ParsedHead } from '../../../../../src/proxy/transport/http1/response-parser.ts';

interface Read {
  readonly result: string;
  readonly status: number | undefined;
  readonly fields: readonly string[];
  readonly body: string;
  readonly interim: number;
  readonly unread: number;
  readonly reusable: boolean;
}

/** The pieces share one buffer, which is overwritten after each `push`. */
function read(pieces: readonly string[], { toHead = false, end = false } = {}): Read {
  let head: ParsedHead | undefined;
  let body = '';
  let interim = 0;
  const parser = new ResponseParser({
    onInterim: () => void (interim += 1),
    onHead: (received) => void (head = received),
    onBody: (view) => void (body += view.toString('latin1')),
  });
  const shared = Buffer.alloc(Math.max(1, ...pieces.map(({ length }) => length)));
  parser.start(toHead);
  let result = 'reading';
  let unread = 0;
  for (const piece of pieces) {
    if (result === 'complete') unread += piece.length;
    if (result !== 'reading') continue;
    const progress = parser.push(shared.subarray(0, shared.write(piece, 'latin1')));
    shared.fill('#');
    result = progress.kind === 'invalid' ? progress.detail : progress.kind;
    unread = parser.unread;
  }
  if (end && result === 'reading') result = parser.finish().kind;
  const reusable = result === 'complete' && parser.reusable && unread === 0;
  return { result, status: head?.status, fields: head?.fields ?? [], body, interim, unread, reusable };
}

/** All segmentations yield the same; the last one is returned. */
function readAll(response: string, options: { toHead?: boolean; end?: boolean } = {}): Read {
  const whole = read([response], options);
  const { result, ...others } = read(response.split(''), options);
  expect({ result, ...others }).toEqual(whole);
  for (let at = 1; at < Math.min(response.length, 2_000); at += 1)
    expect(read([response.slice(0, at), response.slice(at)], options)).toEqual(whole);
  return whole;
}

const head = (status: string, ...fields: string[]): string => [status, ...fields, '', ''].join('\r\n');
const ok = (...fields: string[]): string => head('HTTP/1.1 200 OK', ...fields);
const chunked = (body: string): string => ok('Transfer-Encoding: chunked') + body;
const LENGTH_2 = 'Content-Length: 2';

test.each<[string, string, Partial<Read>]>([
  ['a body with Content-Length', `${ok(LENGTH_2, 'X-A: b')}ok`, { body: 'ok', reusable: true }],
  ['an empty body', ok('Content-Length: 0'), { body: '' }],
  ['Proxy-Connection: close', `${ok(LENGTH_2, 'Proxy-Connection: close')}ok`, { reusable: false }],
  ['leading zeros of Content-Length', `${ok('Content-Length: 002')}ok`, { body: 'ok' }],
  ['no reason phrase', `${head('HTTP/1.1 200', LENGTH_2)}ok`, { status: 200 }],
  ['an empty reason phrase', `${head('HTTP/1.1 200 ', LENGTH_2)}ok`, { status: 200 }],
  ['obs-text in the reason phrase', `${head('HTTP/1.1 200 \xc3\xa4\t', LENGTH_2)}ok`, { status: 200 }],
  [
    'HTAB and obs-text in values',
    ok('X-A: a\tb', 'X-B:\t caf\xe9 \t', 'X-C:', 'Content-Length: 0'),
    { fields: ['X-A', 'a\tb', 'X-B', 'caf\xe9', 'X-C', '', 'Content-Length', '0'] },
  ],
  ['every token character', ok("a!#$%&'*+-.^_`|~09Z: 1", 'Content-Length: 0'), { status: 200 }],
  ['HTTP/1.0', `${head('HTTP/1.0 200 OK', LENGTH_2)}ok`, { body: 'ok', reusable: false }],
  [
    'HTTP/1.0 that keeps its connection',
    `${head('HTTP/1.0 200 OK', LENGTH_2, 'Connection: Keep-Alive')}ok`,
    { reusable: true },
  ],
  ['Connection: close', `${ok(LENGTH_2, 'Connection: x, Close')}ok`, { reusable: false }],
  ['a chunked body', chunked('3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n'), { body: 'abc0123456789' }],
  ['spaces around chunked', `${ok('Transfer-Encoding:  CHUNKED ')}0\r\n\r\n`, { body: '' }],
  ['zeros before a chunk size', chunked('000002\r\nok\r\n00\r\n\r\n'), { body: 'ok' }],
  ['chunk extensions', chunked('2;a;b=c;d="e\\"; f"\r\nok\r\n0;x\r\n\r\n'), { body: 'ok' }],
  ['trailers, which are dropped', chunked('2\r\nok\r\n0\r\nX-T: 1\r\nX-U: 2\r\n\r\n'), { body: 'ok' }],
  ['204', head('HTTP/1.1 204 No Content'), { status: 204, reusable: true }],
  ['204 with a length', head('HTTP/1.1 204 No Content', LENGTH_2), { status: 204, reusable: true }],
  ['304 with a length', head('HTTP/1.1 304 Not Modified', LENGTH_2), { status: 304, reusable: false }],
  [
    'interim responses',
    `${head('HTTP/1.1 100 Continue')}${head('HTTP/1.1 103 Early Hints', 'Link: x')}${ok(LENGTH_2)}ok`,
    { body: 'ok', interim: 2, fields: ['Content-Length', '2'] },
  ],
  ['64 interim responses', head('HTTP/1.1 102 P').repeat(64) + head('HTTP/1.1 204 N'), { interim: 64 }],
])('%s', (_, response, expected) => {
  expect(readAll(response)).toMatchObject({ result: 'complete', unread: 0, ...expected });
  // The bytes of another response are left.
  expect(read([response + ok(LENGTH_2)])).toMatchObject({
    result: 'complete',
    unread: ok(LENGTH_2).length,
    body: expected.body ?? expect.anything(),
    reusable: false,
  });
});

test.each<[string, string, string]>([
  ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n', 'not an HTTP/1.1 response'],
  ['HTTP/0.9', 'hello', 'not an HTTP/1.1 response'],
  ['ICY', 'ICY 200 OK\r\n\r\n', 'not an HTTP/1.1 response'],
  ['a lower-case name', head('http/1.1 200 OK'), 'not an HTTP/1.1 response'],
  ['an empty line before the response', `\r\n${ok()}`, 'not an HTTP/1.1 response'],
  ['HTTP/2.0', head('HTTP/2.0 200 OK'), 'not an HTTP/1.1 response'],
  ['HTTP/1.2', head('HTTP/1.2 200 OK'), 'a status line that is not valid'],
  ['two spaces', head('HTTP/1.1  200 OK'), 'a status line that is not valid'],
  ['a status of two digits', head('HTTP/1.1 20 No way'), 'a status line that is not valid'],
  ['a status of four digits', head('HTTP/1.1 2000 No'), 'a status line that is not valid'],
  ['a status with a letter', head('HTTP/1.1 2x0 No'), 'a status line that is not valid'],
  ['no status', head('HTTP/1.1 OK xxxx'), 'a status line that is not valid'],
  ['status 099', head('HTTP/1.1 099 No'), 'status 099'],
  ['status 600', head('HTTP/1.1 600 No'), 'status 600'],
  ['NUL in the reason', head('HTTP/1.1 200 O\0K'), 'a control character in the reason phrase'],
  ['CR in the reason', head('HTTP/1.1 200 O\rK'), 'a control character in the reason phrase'],
  ['DEL in the reason', head('HTTP/1.1 200 O\x7fK'), 'a control character in the reason phrase'],
  ['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', 'a line that does not end with CRLF'],
  ['a bare LF at the end', `HTTP/1.1 200 OK\r\n\n`, 'a line that does not end with CRLF'],
  ['a bare LF in a value', ok('X-A: b\nX-B: c'), 'a line that does not end with CRLF'],
  ['a bare CR in a value', ok('X-A: b\rX-B: c'), 'a control character in a header value'],
  ['CR CR LF', ok('X-A: b\r'), 'a control character in a header value'],
  ['NUL in a value', ok('X-A: a\0b'), 'a control character in a header value'],
  ['DEL in a value', ok('X-A: a\x7fb'), 'a control character in a header value'],
  ['a line without a colon', ok('X-A'), 'a header line without a colon'],
  ['an empty name', ok(': b'), 'a header name that is not a token'],
  ['a space before the colon', ok('X-A : b'), 'a header name that is not a token'],
  ['a folded line', ok('X-A: b', ' X-B: c'), 'a header name that is not a token'],
  ['obs-text in a name', ok('X-\xe4: b'), 'a header name that is not a token'],
  ['two lengths', ok(LENGTH_2, 'Content-Length: 6'), 'two Content-Lengths'],
  ['a tab after chunked', ok('Transfer-Encoding: chunked\t'), 'a Transfer-Encoding other than chunked'],
  ['two equal lengths', ok(LENGTH_2, LENGTH_2), 'two Content-Lengths'],
  ['a list of lengths', ok('Content-Length: 2, 2'), 'a Content-Length that is not a number'],
  ['a signed length', ok('Content-Length: +2'), 'a Content-Length that is not a number'],
  ['a hexadecimal length', ok('Content-Length: 0x2'), 'a Content-Length that is not a number'],
  ['an empty length', ok('Content-Length:'), 'a Content-Length that is not a number'],
  ['a length of 16 digits', ok('Content-Length: 1234567890123456'), 'a Content-Length that is not a number'],
  [
    'length and chunked',
    ok(LENGTH_2, 'Transfer-Encoding: chunked'),
    'both Content-Length and Transfer-Encoding',
  ],
  [
    'chunked and length',
    ok('Transfer-Encoding: chunked', LENGTH_2),
    'both Content-Length and Transfer-Encoding',
  ],
  ['gzip, chunked', ok('Transfer-Encoding: gzip, chunked'), 'a Transfer-Encoding other than chunked'],
  ['identity', ok('Transfer-Encoding: identity'), 'a Transfer-Encoding other than chunked'],
  [
    'chunked twice',
    ok('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
    'a Transfer-Encoding other than chunked',
  ],
  ['an empty Transfer-Encoding', ok('Transfer-Encoding:'), 'a Transfer-Encoding other than chunked'],
  [
    'chunked in HTTP/1.0',
    head('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked'),
    'Transfer-Encoding in HTTP/1.0',
  ],
  ['a chunked 204', head('HTTP/1.1 204 N', 'Transfer-Encoding: chunked'), 'a 204 with Transfer-Encoding'],
  ['a 103 with a body', head('HTTP/1.1 103 E', LENGTH_2), 'an interim response with a body'],
  ['101 without an upgrade', head('HTTP/1.1 101 S'), 'status 101'],
  [
    'a 103 that closes',
    head('HTTP/1.1 103 E', 'Connection: close'),
    'an interim response that ends the connection',
  ],
  ['65 interim responses', head('HTTP/1.1 102 P').repeat(65), 'more than 64 interim responses'],
  ['a chunk size that is no number', chunked('zz\r\n'), 'a chunk size that is not valid'],
  ['an empty chunk size', chunked('\r\n'), 'a chunk size that is not valid'],
  ['a space after the chunk size', chunked('2 \r\nok\r\n'), 'a chunk size that is not valid'],
  ['an empty chunk extension', chunked('2;\r\nok\r\n'), 'a chunk size that is not valid'],
  ['a control character in an extension', chunked('2;a="\x01"\r\nok\r\n'), 'a chunk size that is not valid'],
  ['a chunk size of 17 digits', chunked('00000000000000002\r\nok\r\n'), 'a chunk size that is not valid'],
  ['a chunk that is too large', chunked('ffffffffffffffff\r\n'), 'a chunk size that is too large'],
  ['a bare LF after a chunk size', chunked('2\nok\r\n'), 'a line that does not end with CRLF'],
  ['data after a chunk', chunked('2\r\nokay\r\n'), 'data after the end of a chunk'],
  ['a bare LF after a chunk', chunked('2\r\nok\n0\r\n\r\n'), 'data after the end of a chunk'],
  [
    'a framing field in the trailers',
    chunked('0\r\nContent-Length: 2\r\n\r\n'),
    'a framing field in the trailers',
  ],
  ['a folded trailer', chunked('0\r\nX-T: a\r\n b: c\r\n\r\n'), 'a header name that is not a token'],
])('refuses %s', (_, response, detail) => {
  expect(readAll(response)).toMatchObject({ result: detail });
});

test.each<[string, string, { toHead?: boolean; end?: boolean }, Partial<Read>]>([
  ['HEAD has no body', ok(LENGTH_2), { toHead: true }, { result: 'complete', body: '' }],
  ['HEAD of a chunked resource', ok('Transfer-Encoding: chunked'), { toHead: true }, { result: 'complete' }],
  ['HEAD without a length', ok(), { toHead: true }, { result: 'complete', reusable: false }],
  ['a body delimited by the end', `${ok()}hello`, { end: true }, { result: 'complete', body: 'hello' }],
  ['an empty body delimited by the end', ok(), { end: true }, { result: 'complete', body: '' }],
  ['an end in the head', 'HTTP/1.1 200 OK\r\nX', { end: true }, { result: 'reading' }],
  ['an end in a body', `${ok(LENGTH_2)}o`, { end: true }, { result: 'reading', body: 'o' }],
  ['an end in a chunk', chunked('2\r\no'), { end: true }, { result: 'reading', body: 'o' }],
  ['an end before the last chunk', chunked('2\r\nok\r\n'), { end: true }, { result: 'reading', body: 'ok' }],
  ['an end in the trailers', chunked('0\r\n'), { end: true }, { result: 'reading' }],
  [
    'a 101 that switches protocols',
    head('HTTP/1.1 101 S', 'Connection: upgrade', 'Upgrade: websocket'),
    {},
    { result: 'switched' },
  ],
])('%s', (_, response, options, expected) => {
  expect(readAll(response, options)).toMatchObject(expected);
});

const filler = (length: number): string => `X-A: ${'a'.repeat(length - 7)}`;

test('a head has at most 64 KiB and 200 fields', () => {
  const rest = 64 * 1024 - ok('Content-Length: 0').length;
  for (const split of [(text: string) => [text], (text: string) => text.split('')]) {
    expect(read(split(ok('Content-Length: 0', filler(rest)))).result).toBe('complete');
    expect(read(split(ok('Content-Length: 0', filler(rest + 1)))).result).toBe(
      'more than 65536 bytes of header fields',
    );
  }
  const fields = Array.from({ length: 199 }, (_, i) => `X-${i}: a`);
  expect(read([ok(...fields, 'Content-Length: 0')]).result).toBe('complete');
  expect(read([ok(...fields, 'X-A: a', 'Content-Length: 0')]).result).toBe('more than 200 header fields');
  expect(read([`HTTP/1.1 200 ${'a'.repeat(70_000)}`]).result).toBe('more than 65536 bytes of header fields');
});

test('chunk extensions and trailers are bounded', () => {
  const extension = `;${'a'.repeat(1_023)}`;
  const chunks = `1${extension}\r\na\r\n`;
  expect(read([chunked(`${chunks.repeat(16)}0\r\n\r\n`)]).result).toBe('complete');
  const tooMany = 'more than 16384 bytes of chunk extensions';
  expect(read([chunked(`${chunks.repeat(17)}0\r\n\r\n`)]).result).toBe(tooMany);
  expect(read([chunked(`1${extension.repeat(17)}`)]).result).toContain('a chunk size line of more than');
  expect(read([chunked(`0\r\n${'X-T: a\r\n'.repeat(201)}\r\n`)]).result).toBe('more than 200 header fields');
  expect(read([chunked(`0\r\n${filler(70_000)}\r\n\r\n`)]).result).toBe(
    'more than 65536 bytes of header fields',
  );
});

test('a head that drips one byte at a time costs linear time', () => {
  const line = `X-A: ${'a'.repeat(60_000)}`;
  const started = process.cpuUsage();
  expect(read(ok(line, 'Content-Length: 0').split('')).result).toBe('complete');
  const { user, system } = process.cpuUsage(started);
  expect(user + system).toBeLessThan(3_000_000);
});

test('Keep-Alive names the idle limit of the upstream', () => {
  const parser = new ResponseParser({ onInterim: () => 0, onHead: () => 0, onBody: () => 0 });
  for (const [value, seconds] of [
    ['timeout=5, max=100', 5],
    ['max=100, timeout=15', 15],
    ['timeout = "7"', 7],
    ['max=3', undefined],
  ] as const) {
    parser.start(false);
    parser.push(Buffer.from(ok(`Keep-Alive: ${value}`, 'Content-Length: 0')));
    expect(parser.keepAliveTimeout).toBe(seconds);
  }
});

test('a stopped parser ignores the rest', () => {
  let body = '';
  const parser = new ResponseParser({
    onInterim: () => 0,
    onHead: () => parser.stop(),
    onBody: (view) => void (body += view.toString()),
  });
  parser.start(false);
  expect(parser.push(Buffer.from(`${ok(LENGTH_2)}ok`)).kind).toBe('reading');
  expect([body, parser.finish().kind]).toEqual(['', 'reading']);
});
