/** The write-ahead log of a killed gateway is damaged: the next start is refused, and no revocation is lost silently. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import { faultCase, scaled } from './support/fault-case.ts';

const keep = cleanUp();
const ROUNDS = scaled(5, 30);
/** Header, then frames of a header and a page. */
const [HEADER, FRAME] = [32, 24 + 4096];

/** Adds revocations on several connections until the process ends. */
async function revokeUntilKilled({ adminUrl }: GatewayProcess, acknowledged: Set<string>): Promise<void> {
  for (;;) {
    const answer = await fetch(`${adminUrl}/revocations`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ identity: 'someone', reason: 'leaked' }),
    }).catch(() => undefined);
    const body = (await answer?.json().catch(() => undefined)) as { id?: string } | undefined;
    if (answer === undefined || body === undefined) return;
    if (body.id !== undefined) acknowledged.add(body.id);
  }
}

faultCase('a damaged write-ahead log of SQLite', ROUNDS * 5, async (report) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-log-'));
  keep({ close: async () => rmSync(folder, { recursive: true, force: true }) });
  const config = join(folder, 'gatehouse.yaml');
  writeFileSync(
    config,
    `version: 1
server: { listen: 127.0.0.1:0, publicUrl: https://gateway.example.com, admin: { listen: 127.0.0.1:0 } }
state: { sqlite: { file: gatehouse.db } }
services: { orders: { type: http, path: /orders/, upstream: { url: "http://127.0.0.1:9/" } } }
`,
  );
  const log = join(folder, 'gatehouse.db-wal');
  const acknowledged = new Set<string>();
  let [damaged, refused, lost] = [0, 0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const gateway = keep(await startGatewayProcess(config));
    const before = acknowledged.size;
    const adding = Array.from({ length: 4 }, () => revokeUntilKilled(gateway, acknowledged));
    while (acknowledged.size < before + 100) await new Promise((resolve) => setTimeout(resolve, 5));
    await gateway.signal('SIGKILL');
    await Promise.all(adding);
    const bytes = readFileSync(log);
    const good = Buffer.from(bytes);
    // The last transaction cannot be told from one that was not acknowledged, so the first one is damaged.
    if (bytes.length >= HEADER + 12 * FRAME) {
      damaged += 1;
      bytes.writeUInt8(bytes.readUInt8(HEADER + 100) ^ 0xff, HEADER + 100);
      writeFileSync(log, bytes);
      const started = await startGatewayProcess(config).then(keep, () => undefined);
      if (started === undefined) refused += 1;
      else await started.signal('SIGKILL');
      writeFileSync(log, good);
    }
    const next = keep(await startGatewayProcess(config));
    const { revocations } = (await (await fetch(`${next.adminUrl}/revocations`)).json()) as {
      revocations: readonly { readonly id: string }[];
    };
    const known = new Set(revocations.map(({ id }) => id));
    lost = [...acknowledged].filter((id) => !known.has(id)).length;
    await next.signal('SIGTERM');
  }
  report({ kills: ROUNDS, acknowledged: acknowledged.size, lost, 'damaged logs': damaged, refused });
  expect(lost).toBe(0);
  expect(refused).toBe(damaged);
});
