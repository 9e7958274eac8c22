import { resolve } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { TARGET, bearer } from '../contestants/contestant.ts';
import type { Bed, RunningServer } from '../contestants/contestant.ts';
import { startAuthorizer } from '../contestants/gatehouse.ts';
import { startServer } from '../machine/server-process.ts';
import { measureLanes } from './lanes.ts';
import type { Lane } from './lanes.ts';
import type { Scenario } from './scenario.ts';

const BARE = resolve(import.meta.dirname, '../machine/bare-server.ts');

/** Decisions per second of the lane `2,000/s`. */
const RATE = 2_000;

/** Decisions of the authorizer with a cached ID token, and empty responses of node:http. */
export const authorizer: Scenario = {
  title: 'decisions for a proxy, the same ID token in each',
  contestants: ['gatehouse'],
  async run(stage) {
    const headers = {
      ...bearer(stage.bed.credentials.token).headers,
      'x-forwarded-method': 'GET',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'orders.example.com',
      'x-forwarded-uri': TARGET,
      'x-forwarded-for': '192.0.2.7',
    };
    const bare = stage.keep(await startBareServer(stage.bed));
    const gatehouse = stage.keep(await startAuthorizer(stage.bed));
    const pauseMs = Math.round((stage.effort.connections / RATE) * 1000);
    const lane = (name: string, server: RunningServer, pause?: number): Lane => ({
      name,
      server,
      path: '/authorize/forward',
      request: () => ({ kind: 'same', headers, ...(pause !== undefined && { pauseMs: pause }) }),
      status: 200,
    });
    const lanes = [
      lane('node:http', bare),
      lane('gatehouse', gatehouse),
      lane('node:http 2,000/s', bare, pauseMs),
      lane('gatehouse 2,000/s', gatehouse, pauseMs),
    ];
    return measureLanes(lanes, stage);
  },
};

async function startBareServer({ folder, cores }: Bed): Promise<RunningServer> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  return startServer({
    name: 'node:http',
    file: process.execPath,
    args: [BARE, String(port)],
    core: cores.server,
    cwd: folder,
    origin,
    ready: { url: `${origin}/` },
  });
}
