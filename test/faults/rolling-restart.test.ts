/** Two processes on one port restart in turn under traffic: none is refused, no response is cut, and resets are counted. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { freePort } from '../support/free-port.ts';
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { startProcessScene } from '../support/scenario/orders-process.ts';
import { startRedis } from '../support/redis.ts';
import { faultCase, scaled } from './support/fault-case.ts';
import { startTraffic } from './support/traffic.ts';

const keep = cleanUp();
const ROUNDS = scaled(2, 30);

/** With 1, the kernel moves connections that were not accepted to another process (ip-sysctl). */
function migratesConnections(): boolean {
  try {
    return readFileSync('/proc/sys/net/ipv4/tcp_migrate_req', 'utf8').trim() === '1';
  } catch {
    return false; // Linux before 5.14.
  }
}

needs('redis-server').describe('server.reusePort', () => {
  faultCase('rolling restart of two processes', ROUNDS * 15, async (report) => {
    const redis = keep(await startRedis());
    const scene = keep(
      await startProcessScene({
        respond: (_req, res) => void setTimeout(() => res.end('ok'), 20),
        sharedPort: await freePort(),
        limits: 'drainDelay: 300ms, drain: 5s',
        environment: { PROCESS: '0' },
        more: (folder) => `state: { redis: { url: "${redis.url}", timeout: 1s } }
audit: { file: "${folder}/audit-\${PROCESS}.log" }
`,
      }),
    );
    let started = 1;
    const startNext = async (): Promise<GatewayProcess> =>
      keep(await startGatewayProcess(scene.file, { PROCESS: String(started++) }));
    let processes = [scene.gateway, await startNext()];
    const target = { url: `${scene.gateway.url}/orders/x`, token: scene.token, connections: 32 };
    const traffic = [startTraffic(target), startTraffic({ ...target, keepAlive: false })];
    for (let restart = 0; restart < 2 * ROUNDS; restart++) {
      const [first, ...others] = processes;
      expect(await first?.signal('SIGTERM')).toBe(0);
      processes = [...others, await startNext()];
    }
    await Promise.all(traffic.map((each) => each.stop()));
    for (const process of processes) expect(await process.signal('SIGTERM')).toBe(0);
    const events = readdirSync(scene.folder)
      .filter((name) => name.startsWith('audit-'))
      .map((name) => readFileSync(join(scene.folder, name), 'utf8').split('\n').length - 1);
    const failures = traffic.flatMap((each) => each.resets);
    const resets = failures.filter((code) => code === 'ECONNRESET').length;
    const responses = traffic.reduce((sum, { ids }) => sum + ids.length, 0);
    const audited = events.reduce((sum, count) => sum + count, 0);
    report({
      restarts: 2 * ROUNDS,
      requests: responses,
      'audit events': audited,
      resets,
      'other failures': failures.length - resets,
      tcp_migrate_req: migratesConnections() ? 1 : 0,
    });
    expect(new Set(traffic.flatMap(({ statuses }) => [...statuses.keys()]))).toEqual(new Set([200]));
    expect(audited).toBe(responses);
    // A connection that was never accepted is reset before any byte; without a listener it would be ECONNREFUSED.
    expect(failures.filter((code) => code !== 'ECONNRESET')).toEqual([]);
    // On a loaded machine, an accepted connection can send its first byte too late for the drain.
    if (migratesConnections()) expect(resets).toBeLessThanOrEqual(2 * ROUNDS);
  });
});
