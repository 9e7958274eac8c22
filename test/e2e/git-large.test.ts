/** A push of 500 MiB: git probes with four bytes, then streams; the memory of the process does not grow. */
import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { gitClient } from '../support/git-client.ts';
import { startGitServer } from '../support/git-server.ts';
import { startIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { peakMemory } from '../support/peak-memory.ts';
import { startProcessScenario } from '../support/scenario/process.ts';

const MIB = 1024 * 1024;
const SIZE = 500;

needs('git').test(
  'pushes 500 MiB',
  async () => {
    const { gateway, issuer, server, folder } = await startProcessScenario({
      backends: { issuer: () => startIssuer(), server: startGitServer },
      config: ({ issuer: { url }, server: git }) => `issuers: { gitlab: { type: gitlab, issuer: "${url}" } }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: git, scopes: [read_repository, write_repository], resources: ["acme/payments"] }]
services:
  git:
    type: git
    upstream:
      url: "${git.url}/"
      auth: { basic: { username: ${git.username}, password: ${git.password} } }
      # git is silent while it unpacks, on a loaded machine for minutes.
      timeouts: { headers: 4m, idle: 4m }
`,
    });
    const repository = await server.repository('acme/payments');

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
