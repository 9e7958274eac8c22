import type { SeededRandom } from './seeded-random.ts';

/** Lines that a parser may read in more than one way, or must refuse. */
const HOSTILE_LINES: readonly string[] = [
  'Content-Length: 5',
  'content-length: 0',
  'Content-Length: 2, 2',
  'Content-Length: +2',
  'Content-Length: -2',
  'Content-Length: 0x2',
  'Content-Length: 2 ',
  'Content-Length: 2\t',
  'Content-Length:\t2',
  'Content-Length: 002',
  'Connection: close\t',
  'Connection:\tclose',
  'Connection: X-A,close',
  'Content-Length: 1 2',
  'Content-Length:',
  'Content-Length: 99999999999999999999',
  'Content-Length: 9007199254740993',
  'Content-Length: 1_0',
  'Content-Length\t: 2',
  'Content-Length : 2',
  ' Content-Length: 2',
  'Content-Length: 2;a',
  'Content-Length: "2"',
  'Transfer-Encoding: chunked',
  'transfer-encoding: CHUNKED',
  'Transfer-Encoding: chunked ',
  'Transfer-Encoding: chunked\t',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding: chunked \t ',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, gzip',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: chunked;a=b',
  'Transfer-Encoding: "chunked"',
  'Transfer-Encoding:',
  'Transfer-Encoding:\r\n chunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding: \x0bchunked',
  'Transfer_Encoding: chunked',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: Close, X-A',
  'Connection: closed',
  'Connection: upgrade',
  'Connection: keep-alive, close',
  'Connection: close\r\nConnection: keep-alive',
  'Proxy-Connection: close',
  'Upgrade: websocket',
  'Keep-Alive: timeout=5, max=100',
  'Trailer: X-A',
  'X-A: b\r\n folded',
  'X-A: b\r\n\tfolded',
  'X-A',
  ': b',
  'X A: b',
  'X(A): b',
  'X-\xe9: b',
  'X-A: b\0c',
  'X-A: b\x7fc',
  'X-A: b\x01c',
  'X-A: b\rc',
  'X-A: b\nX-B: c',
  'X-A: \xe9\xff',
  'X-A:\tb\t',
  'X-A:',
  'X-A: \t ',
  '\r',
  '\n',
  `X-Long: ${'x'.repeat(2_000)}`,
];

const HOSTILE_SIZES: readonly string[] = [
  '0x2',
  '+2',
  '-2',
  ' 2',
  '2 ',
  '2\t',
  '',
  '002',
  'A',
  'a',
  'g',
  '2;',
  '2;a',
  '2;a=b',
  '2;a="b;c"',
  '2;a="b\\"c"',
  '2;a="b',
  '2; a=b',
  '2 ;a=b',
  '2;a = b',
  '2;a=\x01',
  '2;\xe9',
  '2;a\nb',
  '2;;',
  '2;=b',
  '2_0',
  'ffffffffffffffff',
  '10000000000000002',
  'fffffffffffffff0',
  '1fffffffffffff',
  `2;${'a'.repeat(1_000)}`,
];

const STATUS_LINES: readonly string[] = [
  'HTTP/1.1 200',
  'HTTP/1.1 200 ',
  'HTTP/1.0 200 OK',
  'HTTP/1.2 200 OK',
  'HTTP/2.0 200 OK',
  'HTTP/0.9 200 OK',
  'HTTP/1.1  200 OK',
  'HTTP/1.1\t200 OK',
  'HTTP/1.1 200  OK',
  'HTTP/1.1 200\tOK',
  'http/1.1 200 OK',
  'HTTP /1.1 200 OK',
  'HTTP/1.1 099 OK',
  'HTTP/1.1 100 Continue',
  'HTTP/1.1 101 Switching Protocols',
  'HTTP/1.1 102 Processing',
  'HTTP/1.1 199 Odd',
  'HTTP/1.1 20 OK',
  'HTTP/1.1 2000 OK',
  'HTTP/1.1 600 OK',
  'HTTP/1.1 999 OK',
  'HTTP/1.1 2 0 OK',
  'HTTP/1.1 +20 OK',
  'HTTP/1.1 200 O\0K',
  'HTTP/1.1 200 O\x01K',
  'HTTP/1.1 200 O\x7fK',
  'HTTP/1.1 200 \xe9\xff',
  'HTTP/1.1 200 O\rK',
  'HTTP/1.1 200 a\tb',
  'HTTP/11 200 OK',
  'HTTP/1,1 200 OK',
  'HTTP/01.1 200 OK',
  'ICY 200 OK',
  'RTSP/1.0 200 OK',
  'GET / HTTP/1.1',
  '',
];

const STATUSES = ['200 OK', '200 OK', '200 OK', '206 Partial Content', '204 No Content', '304 Not Modified'];
const MORE_STATUSES = [
  '302 Found',
  '401 Unauthorized',
  '404 Not Found',
  '500 Oops',
  '503 Busy',
  '201 Created',
];
const FIELDS = [
  'Content-Type: text/plain',
  'ETag: "a"',
  'Date: Sat, 21 Nov 2026 12:00:00 GMT',
  'Server: nginx',
  'X-A: \xfcber',
  'Docker-Content-Digest: sha256:0',
  'Set-Cookie: a=b; Path=/',
  'Vary: Accept',
];

/** One response; `valid`: without a deviation from the grammar. */
export function responseText(
  random: SeededRandom,
  {
    method,
    valid,
    last,
  }: { readonly method: 'GET' | 'HEAD'; readonly valid: boolean; readonly last: boolean },
): string {
  const lines = [`HTTP/1.1 ${random.pick(random.chance(0.7) ? STATUSES : MORE_STATUSES)}`];
  while (random.chance(0.5)) lines.push(random.pick(FIELDS));
  const content = CONTENT.slice(0, random.below(CONTENT.length)).repeat(1 + random.below(2));
  let body = content;
  const framing = random.below(last ? 10 : 9);
  const without = /^HTTP\/1\.1 (?:204|304)/.test(lines[0] ?? '');
  if (framing < 5 || without) lines.push(`Content-Length: ${content.length}`);
  else if (framing < 9) {
    lines.push('Transfer-Encoding: chunked');
    body = chunksOf(random, content, valid);
  }
  const deviations = valid ? 0 : random.pick([0, 0, 1, 1, 1, 2, 3]);
  for (let n = 0; n < deviations; n++) {
    if (random.chance(0.3)) lines[0] = random.pick(STATUS_LINES);
    else lines.splice(1 + random.below(lines.length), 0, hostileLine(random));
  }
  const interim = random.chance(0.15) ? interimOf(random, valid) : '';
  const bodiless = (without || method === 'HEAD') && (valid || random.chance(0.8));
  return `${interim}${lines.join('\r\n')}\r\n\r\n${bodiless ? '' : body}`;
}

const CONTENT = 'abcdefghijklmnopqrstuvwxyz0123456789\r\n';

function hostileLine(random: SeededRandom): string {
  // Sections at the limits are long, so they are rare.
  if (!random.chance(0.003)) return random.pick(HOSTILE_LINES);
  return random.chance(0.5)
    ? Array.from({ length: 196 + random.below(8) }, (_, n) => `X-${n}: a`).join('\r\n')
    : `X-Long: ${'x'.repeat(65_300 + random.below(400))}`;
}

function interimOf(random: SeededRandom, valid: boolean): string {
  if (!valid && random.chance(0.05))
    return 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
  const one = `HTTP/1.1 ${random.pick(['100 Continue', '103 Hints'])}\r\n\r\n`;
  return random.chance(0.005) ? one.repeat(60 + random.below(10)) : one;
}

function chunksOf(random: SeededRandom, content: string, valid: boolean): string {
  let text = '';
  for (let at = 0; at < content.length;) {
    const size = 1 + random.below(content.length - at);
    const piece = content.slice(at, at + size);
    const line = !valid && random.chance(0.06) ? random.pick(HOSTILE_SIZES) : size.toString(16);
    text += `${line}\r\n${piece}\r\n`;
    at += size;
  }
  const trailers = random.chance(0.2)
    ? `${random.pick(valid ? FIELDS : [...FIELDS, ...HOSTILE_LINES])}\r\n`
    : '';
  return `${text}${random.pick(['0', '0', '0', '00', '0;a=b'])}\r\n${trailers}\r\n`;
}
