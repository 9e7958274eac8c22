import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { TARGET, bearer } from '../contestants/contestant.ts';
import { CONTESTANTS, CONTESTANT_NAMES } from '../contestants/index.ts';
import type { ContestantName } from '../contestants/index.ts';
import { residentKib } from '../machine/memory.ts';
import type { Figure } from '../report/figures.ts';
import type { Scenario, Stage } from './scenario.ts';

/** Connections that are opened at once. */
const BATCH = 50;
/** Before the memory is read: the server returns what it needs no longer. */
const SETTLE_MS = 2_000;

/** Idle keep-alive connections, each of which has carried one request. */
export const connections: Scenario = {
  title: 'memory of idle keep-alive connections',
  contestants: CONTESTANT_NAMES,
  async run(stage) {
    const figures: Figure[] = [];
    for (const lane of stage.contestants) {
      const samples: number[] = [];
      for (let round = 0; round < stage.effort.rounds; round += 1) {
        stage.progress(`${lane}, round ${round + 1} of ${stage.effort.rounds}`);
        samples.push(await measureConnections(lane, stage));
      }
      figures.push({ lane, metric: 'KiB/connection', samples });
    }
    return figures;
  },
};

async function measureConnections(name: ContestantName, { bed, effort, load }: Stage): Promise<number> {
  const server = await CONTESTANTS[name].start(bed);
  const sockets: Socket[] = [];
  try {
    const { headers } = bearer(bed.credentials.token);
    // Compiled code and buffers of the first requests are no part of a connection.
    await load.run(server.origin + TARGET, { kind: 'same', headers }, effort.warmupSeconds);
    await delay(SETTLE_MS);
    const before = residentKib(server.pid);
    const { port, host } = new URL(server.origin);
    const head = `GET ${TARGET} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${headers.authorization}\r\n\r\n`;
    while (sockets.length < effort.sizes.idle) {
      const count = Math.min(BATCH, effort.sizes.idle - sockets.length);
      sockets.push(...(await Promise.all(Array.from({ length: count }, () => openIdle(Number(port), head)))));
    }
    await delay(SETTLE_MS);
    if (sockets.some((socket) => socket.destroyed)) throw new Error(`${name} closed idle connections`);
    return (residentKib(server.pid) - before) / sockets.length;
  } finally {
    for (const socket of sockets) socket.destroy();
    await server.stop();
  }
}

/** Opens a connection and receives one complete response, which arrives in one segment on loopback. */
async function openIdle(port: number, head: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(head);
  const [response] = (await once(socket, 'data')) as [Buffer];
  if (!response.toString('latin1').startsWith('HTTP/1.1 200')) {
    throw new Error(`unexpected response: ${response.toString('latin1', 0, 100)}`);
  }
  socket.on('error', () => undefined);
  return socket.resume();
}
