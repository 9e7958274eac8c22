/** The least that a decision over HTTP costs: an empty 200 of node:http. Argument: PORT. */
import { createServer } from 'node:http';

const server = createServer((_req, res) => {
  res.writeHead(200, ['Content-Length', '0']);
  res.end();
});
server.keepAliveTimeout = 300_000;
server.listen(Number(process.argv[2]), '127.0.0.1');
