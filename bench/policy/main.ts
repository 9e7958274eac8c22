import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '../../test/support/free-port.ts';
import { missingTools } from '../../test/support/tools.ts';
import { TARGET, bearer } from '../contestants/contestant.ts';
import { twoCores } from '../machine/cores.ts';
import { cpuMicroseconds } from '../machine/cpu-time.ts';
import { createLoadGenerator } from '../machine/load.ts';
import { startUpstream } from '../contestants/nginx.ts';
import { probe } from '../machine/probe.ts';
import { createCredentials } from '../machine/token.ts';
import { reviseRole, writePolicy, type PolicySize, type Ports } from './files.ts';
import { measureCheck, startGateway, warmCompileCache, type PolicyGateway } from './process.ts';

const USAGE = `npm run bench:policy -- [options]
  --identities 5000   identities of the large policy, with four grants each
  --tokens 10000      deploy tokens of the third configuration
  --reloads 10        reloads of the large policy
  --seconds 4         seconds of load, for the CPU time of a request`;

/** V8 releases pages that a collection has emptied after some seconds. */
const SETTLE_MS = 45_000;

interface Bed {
  readonly folder: string;
  readonly upstream: string;
  readonly credentials: ReturnType<typeof createCredentials>;
  readonly seconds: number;
  /** The environment of the gateway. */
  readonly env: NodeJS.ProcessEnv;
}

type Figures = Readonly<Record<string, string>>;

async function bench(options: { identities: number; tokens: number; reloads: number; seconds: number }) {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-policy-'));
  const upstream = await startUpstream({ folder, cores: twoCores() });
  try {
    const bed: Bed = {
      folder,
      upstream: upstream.origin,
      credentials: createCredentials(),
      seconds: options.seconds,
      env: await warmCompileCache(folder),
    };
    const { identities, tokens, reloads } = options;
    print(
      '1 identity',
      await measure(bed, 'small', { identities: 0, grantsPerIdentity: 4, deployTokens: 0 }, reloads),
    );
    print(
      `${identities} identities with ${identities * 4} grants`,
      await measure(bed, 'large', { identities, grantsPerIdentity: 4, deployTokens: 0 }, reloads),
    );
    print(
      `${tokens} deploy tokens`,
      await measure(bed, 'tokens', { identities: 0, grantsPerIdentity: 0, deployTokens: tokens }, 0),
    );
  } finally {
    await upstream.stop();
    await rm(folder, { recursive: true });
  }
}

async function measure(bed: Bed, name: string, size: PolicySize, reloads: number): Promise<Figures> {
  const folder = join(bed.folder, name);
  const ports = { port: await freePort(), adminPort: await freePort() };
  await writePolicy(folder, size, { ...ports, upstream: bed.upstream, keySet: bed.credentials.keySet });
  const check = await measureCheck(folder, bed.env);
  const gateway = await startGateway(folder, ports, bed.env);
  try {
    const { start } = gateway;
    const rss = gateway.rssMiB();
    return {
      check: `${ms(check.wallMs)} (CPU ${ms(check.cpuMs)})`,
      'start to ready': `${ms(start.wallMs)} (CPU ${ms(start.cpuMs)})`,
      'RSS when ready': `${rss.toFixed(0)} MiB`,
      ...(reloads > 0 ? await measureReloads(gateway, folder, reloads, rss) : {}),
      'CPU per request': await measureRequests(bed, gateway, ports),
    };
  } finally {
    await gateway.stop();
  }
}

async function measureReloads(
  gateway: PolicyGateway,
  folder: string,
  reloads: number,
  rssBefore: number,
): Promise<Figures> {
  await gateway.loopDelay();
  const stopTicker = gateway.tick();
  const usages = [];
  const rss = [];
  for (let revision = 1; revision <= reloads; revision += 1) {
    usages.push(await gateway.reload(() => reviseRole(folder, revision)));
    rss.push(gateway.rssMiB());
  }
  const worst = await stopTicker();
  const delay = await gateway.loopDelay();
  const cpu = usages.map(({ cpuMs }) => cpuMs);
  const last = rss.at(-1) ?? 0;
  await setTimeout(SETTLE_MS);
  const settled = gateway.rssMiB();
  return {
    reload: `${ms(median(usages.map(({ wallMs }) => wallMs)))} (CPU median ${ms(median(cpu))}, worst ${ms(Math.max(...cpu))})`,
    'longest event loop delay': ms(delay),
    'longest wait for /livez': ms(worst),
    [`RSS after ${reloads} reloads`]: `${last.toFixed(0)} MiB (each: ${rss.map((each) => each.toFixed(0)).join(' ')})`,
    'RSS 45 s later': `${settled.toFixed(0)} MiB (${(settled / rssBefore).toFixed(2)} × before)`,
  };
}

async function measureRequests(bed: Bed, { pid }: PolicyGateway, { port }: Ports): Promise<string> {
  const { token } = bed.credentials;
  const url = `http://127.0.0.1:${port}${TARGET}`;
  const status = await probe(url, bearer(token));
  if (status !== 200) throw new Error(`the gateway responds with ${status} at ${url}`);
  const load = await createLoadGenerator(bed.folder, { core: twoCores().load, connections: 16 });
  const request = { kind: 'same', headers: bearer(token).headers } as const;
  await load.run(url, request, 1);
  const before = cpuMicroseconds(pid);
  const { requests, errors, refused } = await load.run(url, request, bed.seconds);
  if (errors + refused > 0 || requests === 0) throw new Error(`${errors} errors in ${requests} requests`);
  return `${((cpuMicroseconds(pid) - before) / requests).toFixed(1)} µs`;
}

function print(title: string, figures: Figures): void {
  console.log(
    `${title}\n${Object.entries(figures)
      .map(([name, text]) => `  ${name.padEnd(26)} ${text}\n`)
      .join('')}`,
  );
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      identities: { type: 'string', default: '5000' },
      tokens: { type: 'string', default: '10000' },
      reloads: { type: 'string', default: '10' },
      seconds: { type: 'string', default: '4' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const missing = missingTools(['nginx', 'wrk', 'taskset']);
  if (missing !== undefined) {
    console.error(`bench: ${missing}`);
    return 2;
  }
  await bench({
    identities: Number(values.identities),
    tokens: Number(values.tokens),
    reloads: Number(values.reloads),
    seconds: Number(values.seconds),
  });
  return 0;
}

process.exitCode = await main();
