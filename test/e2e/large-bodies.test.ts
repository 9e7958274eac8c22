/** Memory does not grow with body size: 512 MiB in each direction at once, with a slow reader. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { startIssuer } from '../support/issuer.ts';
import { peakMemory } from '../support/peak-memory.ts';

const keep = cleanUp();
const MIB = 1024 * 1024;
const SIZE = 512 * MIB;
const PIECE = Buffer.alloc(MIB, 'gatehouse ');

test('512 MiB in each direction: complete transfers, bounded resident memory', async () => {
  const issuer = keep(await startIssuer());
  const upstream = keep(
    await startHttpUpstream((req, res) => {
      if (req.method === 'GET') {
        res.writeHead(200, { 'Content-Length': SIZE });
        pieces().pipe(res);
        return;
      }
      void digestOf(req).then((digest) => res.end(digest));
    }),
  );
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-large-'));
  keep({ close: () => rmSync(folder, { recursive: true, force: true }) });
  writeFileSync(join(folder, 'gatehouse.yaml'), configuration(issuer.url, upstream.url));
  const gateway = keep(await startGatewayProcess(join(folder, 'gatehouse.yaml')));
  const ask = (method: string, body?: Readable): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const headers = { Authorization: `Bearer ${issuer.mint()}` };
      const call = request(`${gateway.url}/orders/x`, { method, headers }, resolve).on('error', reject);
      if (body === undefined) call.end();
      else pipeline(body, call).catch(reject);
    });

  // A small request first, so that the measurement excludes one-time allocations.
  (await ask('PUT', Readable.from([PIECE]))).resume();
  const before = peakMemory(gateway.pid);
  const [pulled, pushed] = await Promise.all([
    ask('GET').then((response) => digestOf(response, 4)),
    ask('PUT', pieces()).then((response) => text(response)),
  ]);
  const whole = await digestOf(pieces());
  expect({ pulled, pushed }).toEqual({ pulled: whole, pushed: whole });
  expect((peakMemory(gateway.pid) - before) / MIB).toBeLessThan(160);
});

function pieces(): Readable {
  return Readable.from(
    (function* () {
      for (let sent = 0; sent < SIZE; sent += PIECE.length) yield PIECE;
    })(),
  );
}

/** With `pause`, the reader waits for this many milliseconds after every few MiB. */
async function digestOf(source: Readable, pause = 0): Promise<string> {
  const hash = createHash('md5');
  let read = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    hash.update(chunk);
    read += chunk.length;
    if (pause > 0 && read > 4 * MIB) {
      read = 0;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  return hash.digest('hex');
}

async function text(response: IncomingMessage): Promise<string> {
  let received = '';
  for await (const chunk of response) received += String(chunk);
  return received;
}

function configuration(issuer: string, upstream: string): string {
  return `version: 1
server:
  listen: 127.0.0.1:0
  publicUrl: https://gateway.example.com
  admin: { listen: 127.0.0.1:0 }
issuers: { gitlab: { type: gitlab, issuer: "${issuer}" } }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: orders, scopes: [read_api, write_api], resources: ["**"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream}/" } }
`;
}
