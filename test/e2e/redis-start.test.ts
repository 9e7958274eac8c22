/** A start that fails, and a store that is closed, while the connection to Redis is being opened. */
import { writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'vitest';
import { openStore } from '../../src/state/index.ts';
import { recordingLog } from '../support/audit-events.ts';
import { eventually } from '../support/eventually.ts';
import { gatehouse } from '../support/gateway-process.ts';
import { needs } from '../support/needs.ts';
import { startRedis } from '../support/redis.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { useStarted } from '../support/use-started.ts';

needs('redis-server').describe('a connection to Redis that is being opened', () => {
  const { test } = needs('redis-server');
  const redis = useStarted(() => startRedis());
  const folder = useStarted(() => Promise.resolve(temporaryFolder('redis-start')));

  /** Connections of clients, without the one that asks. */
  async function connections(): Promise<number> {
    const socket = connect(redis.port, '127.0.0.1');
    let reply = '';
    socket.setEncoding('utf8').on('data', (text: string) => (reply += text));
    socket.write('INFO clients\r\n');
    const count = await eventually('a reply', () => /connected_clients:(\d+)/.exec(reply)?.[1]);
    socket.destroy();
    return Number(count) - 1;
  }

  test('the port of the admin listener is in use: the process ends with exit code 1', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const taken = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    const file = join(folder.path, 'gatehouse.yaml');
    writeFileSync(
      file,
      `version: 1
server: { listen: 127.0.0.1:0, publicUrl: https://gateway.example.com, admin: { listen: "${taken}" } }
state: { redis: { url: "${redis.url}" } }
services: { orders: { type: http, path: /orders/, upstream: { url: "http://127.0.0.1:1/" } } }
`,
    );
    const { code, stdout, stderr } = await gatehouse('serve', '--config', file);
    other.close();
    expect(stderr).toContain(`${taken} is in use`);
    expect({ code, stdout, stderr }).toExitWith(1);
  });

  test('a store that is closed at any time leaves no connection', async () => {
    for (let turns = 0; turns < 40; turns++) {
      const settings = { url: redis.url, timeout: 1_000, prefix: 'closed:' };
      const log = recordingLog();
      const store = openStore({ redis: settings }, { clock: { now: Date.now }, log });
      for (let passed = 0; passed < turns; passed++) await turn();
      await store.close();
      expect(log.lines).toEqual([]);
    }
    await eventually('no connection', async () => (await connections()) === 0);
  });
});
