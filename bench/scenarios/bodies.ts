import { execFile } from 'node:child_process';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findTool, missingTools } from '../../test/support/tools.ts';
import type { RunningServer } from '../contestants/contestant.ts';
import { CONTESTANTS } from '../contestants/index.ts';
import { startBodyUpstream } from '../machine/body-upstream.ts';
import { createCertificate } from '../machine/certificate.ts';
import { cpuMicroseconds } from '../machine/cpu-time.ts';
import { peakKib, residentKib, resetPeak } from '../machine/memory.ts';
import type { Figure, Metric } from '../report/figures.ts';
import type { Scenario, Stage } from './scenario.ts';

const KIB_PER_MIB = 1024;
const MIB_PER_GIB = 1024;

interface Transfer {
  readonly lane: string;
  readonly server: RunningServer;
  readonly direction: 'pull' | 'push';
}

/** One transfer at a time, by curl, with a body of known length. */
export const bodies: Scenario = {
  title: 'large bodies, plain and with TLS on the listener',
  contestants: ['nginx', 'haproxy', 'envoy-cache', 'undici', 'gatehouse'],
  missing: () => missingTools(['curl', 'openssl']),
  async run(stage) {
    const { bed, effort, progress } = stage;
    const upstream = stage.keep(await startBodyUpstream(bed.folder, bed.cores.load));
    const body = join(bed.folder, 'body');
    await writeFile(body, '');
    await truncate(body, effort.sizes.mib * KIB_PER_MIB * 1024);
    const transfers = await startTransfers({ ...stage, bed: { ...bed, upstream: upstream.origin } });
    const figures = new Map<string, number[]>();
    for (let round = 0; round < effort.rounds; round += 1) {
      progress(`round ${round + 1} of ${effort.rounds}`);
      for (let turn = 0; turn < transfers.length; turn += 1) {
        const transfer = transfers[(round + turn) % transfers.length];
        if (transfer === undefined) continue;
        for (const [metric, value] of Object.entries(await measureTransfer(transfer, stage, body))) {
          const key = `${transfer.lane}\n${metric}`;
          figures.set(key, [...(figures.get(key) ?? []), value]);
        }
      }
    }
    return [...figures].map(([key, samples]): Figure => {
      const [lane = '', metric = ''] = key.split('\n');
      return { lane, metric: metric as Metric, samples };
    });
  },
};

async function startTransfers(stage: Stage): Promise<readonly Transfer[]> {
  const certificate = await createCertificate(stage.bed.folder);
  const transfers: Transfer[] = [];
  for (const tls of [undefined, certificate]) {
    for (const name of stage.contestants) {
      const server = stage.keep(await CONTESTANTS[name].start(stage.bed, tls));
      for (const direction of ['pull', 'push'] as const) {
        transfers.push({
          lane: `${name} ${direction}${tls === undefined ? '' : ', TLS'}`,
          server,
          direction,
        });
      }
    }
  }
  return transfers;
}

async function measureTransfer(
  { lane, server, direction }: Transfer,
  { bed, effort }: Stage,
  body: string,
): Promise<Partial<Record<Metric, number>>> {
  const { mib } = effort.sizes;
  const config = join(bed.folder, 'curl.conf');
  await writeFile(config, `header = "Authorization: Bearer ${bed.credentials.token}"\n`, { mode: 0o600 });
  const upload = direction === 'push' ? ['--upload-file', body, '--header', 'Expect:'] : [];
  const shown = ['--output', '/dev/null', '--write-out', '%{http_code} %{size_download} %{time_total}'];
  const target = `${server.origin}/api/v1/${mib}`;
  resetPeak(server.pid);
  const [cpuBefore, rssBefore] = [cpuMicroseconds(server.pid), residentKib(server.pid)];
  const args = ['--silent', '--insecure', '--config', config, ...upload, ...shown, target];
  const { stdout } = await promisify(execFile)(findTool('curl') ?? 'curl', args);
  const [status, received, seconds] = stdout.split(' ').map(Number);
  const expected = direction === 'pull' ? mib * KIB_PER_MIB * 1024 : 0;
  if (status !== 200 || received !== expected) throw new Error(`${lane}: curl printed "${stdout}"`);
  const cpuMs = (cpuMicroseconds(server.pid) - cpuBefore) / 1000;
  const raised = (peakKib(server.pid) - rssBefore) / KIB_PER_MIB;
  await server.settle?.();
  return { 'CPU ms/GiB': cpuMs * (MIB_PER_GIB / mib), seconds: seconds ?? 0, 'RSS peak +MiB': raised };
}
