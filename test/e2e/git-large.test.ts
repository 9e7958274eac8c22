/** A push of 500 MiB: git probes with four bytes, then streams; the memory of the process does not grow. */
import { randomFillSync } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { gitClient } from '../support/git-client.ts';
import { startGitServer } from '../support/git-server.ts';
import { startIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { peakMemory } from '../support/peak-memory.ts';

const keep = cleanUp();
const MIB = 1024 * 1024;
const SIZE = 500;

needs('git').test(
  'pushes 500 MiB',
  async () => {
    const [issuer, server] = [keep(await startIssuer()), keep(await startGitServer())];
    const repository = await server.repository('acme/payments');
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-git-large-'));
    keep({ close: () => rmSync(folder, { recursive: true, force: true }) });
    writeFileSync(
      join(folder, 'gatehouse.yaml'),
      `version: 1
server:
  listen: 127.0.0.1:0
  publicUrl: https://gateway.example.com
  admin: { listen: 127.0.0.1:0 }
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: git, scopes: [read_repository, write_repository], resources: ["acme/payments"] }]
services:
  git:
    type: git
    upstream:
      url: "${server.url}/"
      auth: { basic: { username: ${server.username}, password: ${server.password} } }
`,
    );
    const gateway = keep(await startGatewayProcess(join(folder, 'gatehouse.yaml')));

    const git = gitClient(join(folder, 'client'));
    // Random data cannot be compressed.
    for (const setting of ['core.compression 0', 'core.bigFileThreshold 1m', 'gc.auto 0', 'pack.threads 1'])
      await git.ok(['config', '--global', ...setting.split(' ')]);
    const remote = `${gateway.url.replace('//', `//job:${issuer.mint()}@`)}/acme/payments.git`;
    await git.ok(['clone', '--quiet', remote, 'work']);
    writeRandom(join(git.home, 'work/large'), SIZE);
    await git.ok(['add', '.'], { in: 'work' });
    await git.ok(['commit', '--quiet', '-m', 'large'], { in: 'work' });
    const before = peakMemory(gateway.pid);
    await git.ok(['push', '--quiet', 'origin', 'HEAD:main'], { in: 'work' });
    expect((peakMemory(gateway.pid) - before) / MIB).toBeLessThan(160);

    const here = (await git.ok(['rev-parse', 'HEAD'], { in: 'work' })).stdout;
    expect((await git.ok(['--git-dir', repository, 'rev-parse', 'main'])).stdout).toBe(here);
    const pushes = server.calls.filter(({ url }) => url.endsWith('/git-receive-pack'));
    expect(pushes.map(({ headers }) => headers['content-length'] ?? headers['transfer-encoding'])).toEqual([
      '4',
      'chunked',
    ]);
  },
  240_000,
);

function writeRandom(file: string, mebibytes: number): void {
  const piece = Buffer.alloc(MIB);
  const descriptor = openSync(file, 'w');
  for (let n = 0; n < mebibytes; n++) writeSync(descriptor, randomFillSync(piece));
  closeSync(descriptor);
}
