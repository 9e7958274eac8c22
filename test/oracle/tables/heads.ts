/** Heads that two servers read differently, or that are too large; TOKEN stands for a valid ID token. */
export const HOSTILE_HEADERS: Readonly<Record<string, readonly string[]>> = {
  'no host': ['-Host'],
  'two hosts': ['Host: evil.example.com'],
  'host with a user': ['-Host', 'Host: a@gateway.example.com'],
  'host with a path': ['-Host', 'Host: gateway.example.com/x'],
  'host in capitals': ['-Host', 'Host: GATEWAY.example.com'],
  'host with a port': ['-Host', 'Host: gateway.example.com:8443'],
  'host with a dot': ['-Host', 'Host: gateway.example.com.'],
  'empty host': ['-Host', 'Host:'],
  'length and chunked': ['Content-Length: 5', 'Transfer-Encoding: chunked'],
  'two lengths': ['Content-Length: 5', 'Content-Length: 6'],
  'the same length twice': ['Content-Length: 0', 'Content-Length: 0'],
  'length with a sign': ['Content-Length: +5'],
  'length that is no number': ['Content-Length: 0x5'],
  'length beyond 2^53': ['Content-Length: 99999999999999999999'],
  'chunked, identity': ['Transfer-Encoding: chunked, identity'],
  'transfer encoding gzip': ['Transfer-Encoding: gzip'],
  'transfer encoding in capitals': ['Transfer-Encoding: CHUNKED', '+0\r\n\r\n'],
  'transfer encoding with a tab': ['Transfer-Encoding:\tchunked', '+0\r\n\r\n'],
  'space before the colon': ['Transfer-Encoding : chunked'],
  'underscore in a framing header': ['Content_Length: 5'],
  'folded header': ['X-A: b\r\n c'],
  'header without a colon': ['X-Broken'],
  'empty header name': [': x'],
  'control character in a value': ['X-A: a\x01b'],
  'bare CR in a value': ['X-A: a\rb'],
  'NUL in a value': ['X-A: a\x00b'],
  'obs-text in a value': ['X-A: caf\xe9'],
  'tab in a value': ['X-A: a\tb'],
  '101 headers': Array.from({ length: 101 }, (_, i) => `X-${i}: y`),
  'a header of 40 KB': [`X-Long: ${'a'.repeat(40_000)}`],
  'expect 100': ['Expect: 100-continue'],
  'expect something else': ['Expect: 200-ok'],
  'upgrade h2c': ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQ'],
  'upgrade with a body': ['Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 3', '+abc'],
  'half a handshake': ['Connection: Upgrade', 'Upgrade: websocket'],
  'connection names a header': ['Connection: X-Secret', 'X-Secret: hop', 'X-Kept: end'],
  'connection names authorization': ['Connection: Authorization'],
  trailer: ['Trailer: X-Auth-Subject'],
  te: ['TE: trailers, gzip'],
  'spoofed identity': [
    'X-Auth-Identity: admin',
    'X-Auth-Subject: admin',
    'X-Auth-Scopes: all',
    'X_Auth_Identity: admin',
  ],
  'spoofed assertion': ['X-Auth-Assertion: eyJhbGciOiJub25lIn0.e30.'],
  forwarded: [
    'Forwarded: for=10.0.0.1;host=evil',
    'X-Forwarded-For: 10.0.0.1',
    'X-Forwarded-Host: evil',
    'X-Forwarded-Proto: ftp',
  ],
  'original url': ['X-Original-URL: /admin', 'X-Rewrite-URL: /admin', 'X-Original-Method: DELETE'],
  'method override': ['X-HTTP-Method-Override: DELETE', 'X-Method-Override: DELETE', 'X-HTTP-Method: DELETE'],
  'trusted user headers': [
    'Remote-User: admin',
    'X-Remote-User: admin',
    'X-WebAuth-User: admin',
    'X-Authenticated-User: admin',
  ],
  impersonation: ['Impersonate-User: admin', 'Sudo: root'],
  'foreign keys': [
    'X-Api-Key: k',
    'X-Gitlab-Token: t',
    'Cookie: session=1',
    'Proxy-Authorization: Basic eDp5',
  ],
  'real ip': [
    'X-Real-IP: 10.0.0.1',
    'X-Client-IP: 10.0.0.1',
    'True-Client-IP: 10.0.0.1',
    'CF-Connecting-IP: 10.0.0.1',
  ],
  'own request id': [
    'X-Request-Id: mine',
    'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  ],
  'referer with a credential': ['Referer: https://u:p@example.com/?private_token=x#access_token=y'],
  webdav: ['Destination: /other', 'Overwrite: T', 'Depth: infinity'],
  'range and conditions': [
    'Range: bytes=0-3',
    'If-None-Match: "a"',
    'If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT',
  ],
  accept: ['Accept: text/html', 'Accept-Encoding: br, gzip', 'Accept-Language: de'],
};

/** Whole requests in which the first line or the framing is broken; TARGET and AUTHORIZATION are filled in. */
export const HOSTILE_REQUESTS: Readonly<Record<string, string>> = {
  'HTTP/1.0': 'GET TARGET HTTP/1.0\r\nHost: gateway.example.com\r\nUA\r\nAUTHORIZATION\r\n\r\n',
  'HTTP/1.0 with keep-alive':
    'GET TARGET HTTP/1.0\r\nHost: gateway.example.com\r\nUA\r\nConnection: keep-alive\r\nAUTHORIZATION\r\n\r\n',
  'HTTP/2.0': 'GET TARGET HTTP/2.0\r\nHost: gateway.example.com\r\nAUTHORIZATION\r\n\r\n',
  'HTTP/0.9': 'GET TARGET\r\n\r\n',
  'preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'lowercase method':
    'get TARGET HTTP/1.1\r\nHost: gateway.example.com\r\nUA\r\nConnection: close\r\nAUTHORIZATION\r\n\r\n',
  TRACE:
    'TRACE TARGET HTTP/1.1\r\nHost: gateway.example.com\r\nUA\r\nConnection: close\r\nAUTHORIZATION\r\n\r\n',
  CONNECT:
    'CONNECT gateway.example.com:443 HTTP/1.1\r\nHost: gateway.example.com\r\nUA\r\nConnection: close\r\nAUTHORIZATION\r\n\r\n',
  'two spaces':
    'GET  TARGET HTTP/1.1\r\nHost: gateway.example.com\r\nUA\r\nConnection: close\r\nAUTHORIZATION\r\n\r\n',
  'bare LF': 'GET TARGET HTTP/1.1\nHost: gateway.example.com\nUA\nConnection: close\nAUTHORIZATION\n\n',
  'leading empty line':
    '\r\nGET TARGET HTTP/1.1\r\nHost: gateway.example.com\r\nUA\r\nConnection: close\r\nAUTHORIZATION\r\n\r\n',
  TLS: '\x16\x03\x01\x00\x05hello',
  pipelined:
    'GET TARGET HTTP/1.1\r\nHost: gateway.example.com\r\nUA\r\nAUTHORIZATION\r\n\r\nGET TARGET HTTP/1.1\r\nHost: gateway.example.com\r\nUA\r\nConnection: close\r\n\r\n',
  chunked:
    'POST TARGET HTTP/1.1\r\nHost: gateway.example.com\r\nUA\r\nConnection: close\r\nAUTHORIZATION\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  'chunk with an extension':
    'POST TARGET HTTP/1.1\r\nHost: gateway.example.com\r\nUA\r\nConnection: close\r\nAUTHORIZATION\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\n\r\n',
  'chunks with a trailer':
    'POST TARGET HTTP/1.1\r\nHost: gateway.example.com\r\nUA\r\nConnection: close\r\nAUTHORIZATION\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Auth-Subject: admin\r\n\r\n',
  'request behind a refusal':
    'GET /nothing HTTP/1.1\r\nHost: gateway.example.com\r\nUA\r\nContent-Length: 60\r\n\r\nGET TARGET HTTP/1.1\r\nHost: gateway.example.com\r\nAUTHORIZATION\r\n\r\n',
  'GET with a body':
    'GET TARGET HTTP/1.1\r\nHost: gateway.example.com\r\nUA\r\nConnection: close\r\nAUTHORIZATION\r\nContent-Length: 3\r\n\r\nabc',
};
