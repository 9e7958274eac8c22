/** Memory does not grow with body size when the listener and the upstream use TLS: 512 MiB in each direction. */
import type { IncomingMessage } from 'node:http';
import { createServer, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { createAuthority } from '../support/certificates.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { digestOf, largeBody } from '../support/large-body.ts';
import { needs } from '../support/needs.ts';
import { peakMemory } from '../support/peak-memory.ts';
import { startProcessScenario } from '../support/scenario/process.ts';

const MIB = 1024 * 1024;
const SIZE = 512 * MIB;

/** A gateway and an upstream with certificates of one authority; a GET of `/N` has a body of N bytes. */
async function startTlsScene() {
  const authority = createAuthority('large bodies');
  const pair = authority.issue('IP:127.0.0.1');
  const server = createServer(pair);
  const scenario = await startProcessScenario({
    backends: {
      upstream: () =>
        startHttpUpstream((req, res) => {
          if (req.method === 'PUT') return void digestOf(req).then((digest) => res.end(digest));
          const size = Number(req.url?.slice(1));
          res.writeHead(200, { 'Content-Length': size });
          largeBody(size).pipe(res);
        }, server),
    },
    files: () => ({ 'ca.pem': authority.certificate, 'gateway.crt': pair.cert, 'gateway.key': pair.key }),
    // As in bin/gatehouse.
    environment: { NODE_OPTIONS: '--max-semi-space-size=4' },
    config: ({ upstream }) => `  tls: { certFile: gateway.crt, keyFile: gateway.key }
services:
  open:
    type: http
    path: /open/
    upstream: { url: "https://127.0.0.1:${upstream.port}/", caFile: ca.pem }
    anonymous: [{ scopes: [read_api, write_api], resources: ["**"] }]`,
  });
  const { gateway } = scenario;
  const ask = (method: string, size: number): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: gateway.port, path: `/open/${size}`, method };
      const call = request({ ...options, ca: authority.certificate, agent: false }, resolve);
      call.on('error', reject);
      if (method === 'GET') call.end();
      else largeBody(size).pipe(call);
    });
  return { pid: gateway.pid, ask };
}

needs('openssl').test(
  '512 MiB in each direction over TLS take less than 32 MiB more than 1 MiB do',
  async () => {
    const { pid, ask } = await startTlsScene();
    await text(await ask('PUT', MIB));
    await digestOf(await ask('GET', MIB));
    const before = peakMemory(pid);
    const pulled = await digestOf(await ask('GET', SIZE));
    const afterPull = peakMemory(pid);
    const pushed = await text(await ask('PUT', SIZE));
    const rise = { pull: (afterPull - before) / MIB, push: (peakMemory(pid) - afterPull) / MIB };
    const whole = await digestOf(largeBody(SIZE));
    expect({ pulled, pushed }).toEqual({ pulled: whole, pushed: whole });
    expect(rise.pull).toBeLessThan(32);
    expect(rise.push).toBeLessThan(32);
  },
  180_000,
);
