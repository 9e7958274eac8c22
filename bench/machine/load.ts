import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findTool } from '../../test/support/tools.ts';

export interface Load {
  readonly requests: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  /** Responses with status 400 or above. */
  readonly refused: number;
  /** Socket errors and timeouts. */
  readonly errors: number;
}

/** Request headers, or the tokens of a load in which each request has another one, each sent once. */
export type LoadRequest =
  | {
      readonly kind: 'same';
      readonly headers: Readonly<Record<string, string>>;
      /** Mean pause of a connection between two requests, in whole milliseconds. Default: none. */
      readonly pauseMs?: number;
    }
  | { readonly kind: 'tokens'; readonly tokens: readonly string[] };

export interface LoadGenerator {
  run(url: string, request: LoadRequest, seconds: number): Promise<Load>;
}

const MARK = 'RESULT ';

/** A script file, because other users can read a token on the command line. */
function script(request: LoadRequest, tokenFile: string): string {
  const setup =
    request.kind === 'same' ? sameHeaders(request.headers, request.pauseMs) : newTokens(tokenFile);
  return `${setup}
function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '${MARK}{"requests":%d,"seconds":%.6f,"p50":%.3f,"p99":%.3f,"refused":%d,"errors":%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.status, e.connect + e.read + e.write + e.timeout))
end
`;
}

function sameHeaders(headers: Readonly<Record<string, string>>, pauseMs = 0): string {
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers["${name}"] = "${value}"`);
  // Random, so that the connections do not send in step. The latency starts when the request is sent.
  if (pauseMs > 0) lines.push(`function delay() return math.random(0, ${2 * pauseMs}) end`);
  return lines.join('\n');
}

function newTokens(file: string): string {
  return `local tokens = {}
for line in io.lines("${file}") do tokens[#tokens + 1] = line end
local sent = 0
function request()
  sent = math.min(sent + 1, #tokens)
  return wrk.format(nil, nil, { Authorization = "Bearer " .. tokens[sent] })
end
local received = 0
function response()
  received = received + 1
  if received >= #tokens - 64 then wrk.thread:stop() end
end`;
}

export async function createLoadGenerator(
  parent: string,
  settings: { readonly core: number; readonly connections: number },
): Promise<LoadGenerator> {
  const folder = await mkdtemp(join(parent, 'wrk-'));
  const [file, tokenFile] = [join(folder, 'wrk.lua'), join(folder, 'tokens')];
  return {
    async run(url, request, seconds) {
      if (request.kind === 'tokens') await writeFile(tokenFile, request.tokens.join('\n'), { mode: 0o600 });
      await writeFile(file, script(request, tokenFile), { mode: 0o600 });
      const wrk = [findTool('wrk') ?? 'wrk', '-t1', `-c${settings.connections}`, `-d${seconds}s`];
      const args = ['--cpu-list', String(settings.core), ...wrk, '-s', file, url];
      const { stdout } = await promisify(execFile)('taskset', args);
      return parseLoad(stdout);
    },
  };
}

export function parseLoad(output: string): Load {
  const line = output.split('\n').find((text) => text.startsWith(MARK));
  if (line === undefined) throw new Error(`wrk printed no result: ${output.slice(0, 500)}`);
  return JSON.parse(line.slice(MARK.length)) as Load;
}
