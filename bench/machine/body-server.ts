/** The upstream of large bodies: GET returns PATH's last segment in MiB, PUT reads the body. Argument: PORT. */
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';

const MIB = 1024 * 1024;
const PIECE = Buffer.alloc(256 * 1024, 'x');

function sendBody(res: ServerResponse, bytes: number): void {
  let left = bytes;
  const more = (): void => {
    while (left > 0) {
      const piece = left < PIECE.length ? PIECE.subarray(0, left) : PIECE;
      left -= piece.length;
      if (!res.write(piece)) return void res.once('drain', more);
    }
    res.end();
  };
  more();
}

const server = createServer((req, res) => {
  const size = Number(/\/(\d+)$/.exec(req.url ?? '')?.[1] ?? 0) * MIB;
  if (req.method === 'PUT') {
    let received = 0;
    req.on('data', (chunk: Buffer) => (received += chunk.length));
    req.on('end', () => res.writeHead(received === size ? 200 : 400, { 'content-length': 0 }).end());
    return;
  }
  res.writeHead(200, { 'content-length': size, 'content-type': 'application/octet-stream' });
  sendBody(res, size);
});
server.requestTimeout = 0;
server.keepAliveTimeout = 60_000;
server.listen(Number(process.argv[2]), '127.0.0.1');
