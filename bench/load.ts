import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Load {
  readonly requests: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  /** Socket errors, timeouts, and responses with status 400 or above. */
  readonly errors: number;
}

export interface LoadGenerator {
  run(url: string, seconds: number): Promise<Load>;
}

const MARK = 'RESULT ';

/** A script file, because other users can read a token on the command line. */
function script(token: string): string {
  return `wrk.headers["Authorization"] = "Bearer ${token}"
function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '${MARK}{"requests":%d,"seconds":%.6f,"p50":%.3f,"p99":%.3f,"errors":%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout))
end
`;
}

export async function createLoadGenerator(
  wrk: string,
  folder: string,
  settings: { readonly core: number; readonly connections: number; readonly token: string },
): Promise<LoadGenerator> {
  const file = join(folder, 'wrk.lua');
  await writeFile(file, script(settings.token), { mode: 0o600 });
  return {
    async run(url, seconds) {
      const args = ['-t1', `-c${settings.connections}`, `-d${seconds}s`, '-s', file, url];
      const { stdout } = await promisify(execFile)('taskset', [
        '--cpu-list',
        String(settings.core),
        wrk,
        ...args,
      ]);
      return parseLoad(stdout);
    },
  };
}

export function parseLoad(output: string): Load {
  const line = output.split('\n').find((text) => text.startsWith(MARK));
  if (line === undefined) throw new Error(`wrk printed no result: ${output.slice(0, 500)}`);
  return JSON.parse(line.slice(MARK.length)) as Load;
}
