/** Uploads and downloads a layer of 2 GiB: complete, with bounded memory in the gateway. */
import { createHash } from 'node:crypto';
import { request, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect } from 'vitest';
import { startIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { peakMemory } from '../support/peak-memory.ts';
import { startRegistry } from '../support/registry.ts';
import { startProcessScenario } from '../support/scenario/process.ts';

const MIB = 1024 * 1024;
const SIZE = 2048 * MIB;
const PIECE = Buffer.alloc(MIB, 'gatehouse ');

needs('docker-registry').test(
  '2 GiB: digests equal, resident memory within 64 MiB',
  async () => {
    const { gateway, issuer } = await startProcessScenario({
      backends: { issuer: () => startIssuer(), registry: () => startRegistry() },
      config: ({ issuer: { url }, registry }) => `issuers: { gitlab: { type: gitlab, issuer: "${url}" } }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: registry, scopes: [read_registry, write_registry], resources: ["acme/payments/**"] }]
services:
  registry: { type: oci, upstream: { url: "${registry.url}" } }
`,
    });
    const authorization = `Bearer ${issuer.mint()}`;
    const ask = (method: string, path: string, body?: Readable): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        const url = new URL(path, gateway.url);
        const call = request(url, { method, headers: { authorization } }, resolve).on('error', reject);
        if (body === undefined) call.end();
        else pipeline(body, call).catch(reject);
      });

    const push = async (size: number, digest: string): Promise<void> => {
      const started = await ask('POST', '/v2/acme/payments/api/blobs/uploads/');
      const sent = await ask('PATCH', started.resume().headers.location ?? '', pieces(size));
      expect(sent.resume().statusCode).toBe(202);
      const where = new URL(sent.headers.location ?? '', gateway.url);
      where.searchParams.set('digest', digest);
      const done = await ask('PUT', where.pathname + where.search);
      expect(done.resume().statusCode).toBe(201);
    };
    const pull = async (digest: string): Promise<string> =>
      digestOf(await ask('GET', `/v2/acme/payments/api/blobs/${digest}`));

    // A small request first, so that the measurement excludes one-time allocations.
    const small = await digestOf(pieces(16 * MIB));
    await push(16 * MIB, small);
    expect(await pull(small)).toBe(small);
    const digest = await digestOf(pieces(SIZE));
    const before = peakMemory(gateway.pid);
    await push(SIZE, digest);
    expect(await pull(digest)).toBe(digest);
    expect((peakMemory(gateway.pid) - before) / MIB).toBeLessThanOrEqual(64);
  },
  120_000,
);

function pieces(size: number): Readable {
  return Readable.from(
    (function* () {
      for (let sent = 0; sent < size; sent += PIECE.length) yield PIECE;
    })(),
  );
}

async function digestOf(source: Readable): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of source as AsyncIterable<Buffer>) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}
