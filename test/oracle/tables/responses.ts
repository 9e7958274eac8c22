import type { Reply } from '../world/upstream.ts';

/** Addresses that the responses contain. */
export interface Addresses {
  readonly upstream: string;
  readonly storage: string;
  /** Path of the service, without a slash at its end. */
  readonly service: string;
}

const ok = (...headers: readonly string[]): string =>
  ['HTTP/1.1 200 OK', 'Content-Type: text/plain', 'Content-Length: 2', ...headers, '', 'ok'].join('\r\n');
const redirect = (to: string): string => `HTTP/1.1 302 Found\r\nLocation: ${to}\r\nContent-Length: 0\r\n\r\n`;
const keep = (...bytes: readonly string[]): Reply => ({ bytes });
/** Connections on which the response breaks the protocol are not used again. */
const close = (...bytes: readonly string[]): Reply => ({ bytes, close: true });

/** Responses of an upstream: ordinary, redirecting, hostile, broken. */
export function upstreamResponses({
  upstream,
  storage,
  service,
}: Addresses): Readonly<Record<string, Reply>> {
  return {
    '204': keep('HTTP/1.1 204 No Content\r\n\r\n'),
    '304': keep('HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n'),
    '206': keep('HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/10\r\nContent-Length: 2\r\n\r\nok'),
    '401 with a challenge': keep(
      'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm="https://evil/"\r\nContent-Length: 2\r\n\r\nno',
    ),
    '403': keep('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'),
    '404': keep('HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nno'),
    '407': keep(
      'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n',
    ),
    '500': keep('HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops'),
    'redirect within the upstream': keep(redirect(`${upstream}/moved?x=1`)),
    'redirect by path': keep(redirect('/moved')),
    'relative redirect': keep(redirect('moved')),
    'redirect with a credential': keep(redirect(`/moved?private_token=secret&x=1#access_token=y`)),
    'redirect to a foreign origin': keep(redirect('https://evil.example.com/x')),
    'redirect to storage': keep(redirect(`${storage}/blob?signature=s`)),
    'redirect to the host of the client': keep(redirect(`http://gateway.example.com${service}/x`)),
    'redirect to another path of that host': keep(redirect('http://gateway.example.com/other/x')),
    'redirect without a scheme': keep(redirect('//evil.example.com/x')),
    'redirect with a backslash': keep(redirect('/\\evil.example.com')),
    'content-location': keep(ok(`Content-Location: ${upstream}/moved`)),
    'foreign content-location': keep(ok('Content-Location: https://evil.example.com/')),
    link: keep(ok(`Link: <${upstream}/next?page=2>; rel="next", <https://evil.example.com/>; rel="x"`)),
    'hop-by-hop headers': keep(
      ok(
        'Connection: X-Hop',
        'X-Hop: 1',
        'Keep-Alive: timeout=5',
        'Proxy-Connection: x',
        'TE: x',
        'Upgrade: h2c',
      ),
    ),
    'headers for clients of the upstream': keep(
      ok(
        'Alt-Svc: h3=":1"',
        'X-Request-Id: theirs',
        'Authentication-Info: x',
        'Set-Cookie: a=1',
        'Set-Cookie: b=2',
      ),
    ),
    'source of a Terraform module': keep(
      `HTTP/1.1 204 No Content\r\nX-Terraform-Get: ${upstream}/m.tgz?token=secret&archive=tgz\r\n\r\n`,
    ),
    'an interim response': keep('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n', ok()),
    'no reason phrase': keep('HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok'),
    chunked: keep('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'),
    'chunked with trailers': keep(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n',
    ),
    'ended by the connection': close('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end'),
    'HTTP/1.0': close('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'),
    'obs-text in a value': keep(ok('X-A: caf\xe9')),
    'no response': close(),
    'half a head': close('HTTP/1.1 200 OK\r\nContent-Le'),
    'short body': close('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok'),
    'half a chunk': close('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok'),
    'status 099': close('HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n'),
    'status 1000': close('HTTP/1.1 1000 Odd\r\nContent-Length: 0\r\n\r\n'),
    'stray 101': close('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
    'HTTP/2.0': close('HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok'),
    'two lengths': close('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'),
    'length and chunked': close(
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    ),
    'length that is no number': close('HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nok'),
    'transfer encoding gzip': close(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    ),
    'trailer beside a length': close(ok('Trailer: X-T')),
    'control character in a header': close(ok('X-A: a\x01b')),
    'folded header': close(ok('X-A: a\r\n b')),
    'bare LF': close('HTTP/1.1 200 OK\nContent-Length: 2\n\nok'),
    'a head of 100 KB': close(ok(`X-A: ${'a'.repeat(100_000)}`)),
    garbage: close('hello\r\n\r\n'),
    'two responses': close(ok(), ok()),
  };
}

/** A response with a body that the gateway rewrites. */
export function documentReply(type: string, body: string, ...headers: readonly string[]): Reply {
  const head = [
    'HTTP/1.1 200 OK',
    `Content-Type: ${type}`,
    `Content-Length: ${body.length}`,
    ...headers,
    '',
    body,
  ];
  return { bytes: [head.join('\r\n')] };
}
