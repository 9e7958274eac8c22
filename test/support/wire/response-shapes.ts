/** Framing bytes are cut at every position; runs of body bytes at their ends and in the middle. */
interface Piece {
  readonly kind: 'framing' | 'content';
  readonly bytes: string;
}

/** One form of an upstream response. The body contains a tag, so that foreign bytes are visible. */
export interface ResponseShape {
  readonly name: string;
  readonly method: 'GET' | 'HEAD';
  readonly status: number;
  /** The end of the connection delimits the body. */
  readonly untilClose?: true;
  readonly pieces: (tag: string) => readonly Piece[];
}

/** Bytes of a body on the zero-copy path, which begins at 64 KiB. */
const LONG = 96 * 1024;
const SHORT = 24;

const framing = (bytes: string): Piece => ({ kind: 'framing', bytes });
const content = (tag: string, length: number): Piece => ({ kind: 'content', bytes: fill(tag, length) });
const head = (status: string, ...fields: readonly string[]): Piece =>
  framing([`HTTP/1.1 ${status}`, ...fields, '', ''].join('\r\n'));

/** A body of this length: the tag and the number of the record, so that every part of it is different. */
export function fill(tag: string, length: number): string {
  const records = Array.from({ length: Math.ceil(length / 16) }, (_, n) => tag + String(n).padStart(8, '0'));
  return records.join('').slice(0, length);
}

/** A response with a body of this length. */
export function bodyShape(length: number): ResponseShape {
  return { name: `${length} bytes`, method: 'GET', status: 200, pieces: known(length) };
}

const known = (length: number) => (tag: string) => [
  head('200 OK', `X-Tag: ${tag}`, `Content-Length: ${length}`),
  content(tag, length),
];
const chunked = (length: number) => (tag: string) => [
  head('200 OK', `X-Tag: ${tag}`, 'Transfer-Encoding: chunked'),
  framing(`${length.toString(16)}\r\n`),
  content(tag, length),
  framing(`\r\n${length.toString(16)};name="value"\r\n`),
  content(tag, length),
  framing('\r\n0\r\nX-Trailer: a\r\n\r\n'),
];
const untilClose = (length: number) => (tag: string) => [
  head('200 OK', `X-Tag: ${tag}`, 'Content-Type: text/plain'),
  content(tag, length),
];
const partial = (length: number) => (tag: string) => [
  head(
    '206 Partial Content',
    `X-Tag: ${tag}`,
    `Content-Range: bytes 0-${length - 1}/1000000`,
    `Content-Length: ${length}`,
  ),
  content(tag, length),
];

export const RESPONSE_SHAPES: readonly ResponseShape[] = [
  { name: 'short body of known length', method: 'GET', status: 200, pieces: known(SHORT) },
  { name: 'long body of known length', method: 'GET', status: 200, pieces: known(LONG) },
  { name: 'short chunks', method: 'GET', status: 200, pieces: chunked(SHORT) },
  { name: 'long chunks', method: 'GET', status: 200, pieces: chunked(LONG) },
  { name: 'short 206', method: 'GET', status: 206, pieces: partial(SHORT) },
  { name: 'long 206', method: 'GET', status: 206, pieces: partial(LONG) },
  {
    name: 'short body until the close',
    method: 'GET',
    status: 200,
    untilClose: true,
    pieces: untilClose(SHORT),
  },
  {
    name: 'long body until the close',
    method: 'GET',
    status: 200,
    untilClose: true,
    pieces: untilClose(LONG),
  },
  {
    name: 'HEAD',
    method: 'HEAD',
    status: 200,
    pieces: (tag) => [head('200 OK', `X-Tag: ${tag}`, `Content-Length: ${LONG}`)],
  },
  { name: '204', method: 'GET', status: 204, pieces: (tag) => [head('204 No Content', `X-Tag: ${tag}`)] },
  {
    name: '304',
    method: 'GET',
    status: 304,
    pieces: (tag) => [head('304 Not Modified', `X-Tag: ${tag}`, 'ETag: "a"')],
  },
  {
    name: 'interim responses, then a short body',
    method: 'GET',
    status: 200,
    pieces: (tag) => [
      head('103 Early Hints', 'Link: </a.css>; rel=preload'),
      head('102 Processing'),
      ...known(SHORT)(tag),
    ],
  },
];

/** The whole response as latin1. */
export function responseBytes({ pieces }: ResponseShape, tag: string): string {
  return pieces(tag)
    .map(({ bytes }) => bytes)
    .join('');
}

/** The body without its framing. */
export function responseContent({ pieces }: ResponseShape, tag: string): string {
  return pieces(tag)
    .flatMap(({ kind, bytes }) => (kind === 'content' ? [bytes] : []))
    .join('');
}

/** The number of bytes up to the end of the final head. */
export function finalHeadEnd(shape: ResponseShape, tag: string): number {
  const bytes = responseBytes(shape, tag);
  const final = bytes.lastIndexOf(`HTTP/1.1 ${shape.status}`);
  return bytes.indexOf('\r\n\r\n', final) + 4;
}

/** Positions at which the response is cut or delayed: 0 is before the first byte. */
export function cutPositions({ pieces }: ResponseShape, tag: string): readonly number[] {
  const positions = new Set<number>();
  let start = 0;
  for (const { kind, bytes } of pieces(tag)) {
    const { length } = bytes;
    const within =
      kind === 'framing'
        ? Array.from({ length }, (_, offset) => offset)
        : [0, 1, 2, length >> 2, length >> 1, length - 2, length - 1];
    for (const offset of within) positions.add(start + offset);
    start += length;
  }
  return [...positions].toSorted((a, b) => a - b);
}
