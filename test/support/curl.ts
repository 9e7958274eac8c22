import { run } from './run.ts';
import { parseResponses, type RawResponse } from './raw-client.ts';
import { findTool } from './tools.ts';

/** Sends one request with curl; returns the raw response. */
export async function curl(...args: readonly string[]): Promise<RawResponse> {
  const command = ['--silent', '--show-error', '--include', '--raw', '--max-time', '20', ...args];
  const outcome = await run(findTool('curl') ?? 'curl', command);
  const answer = parseResponses(outcome.stdout).at(-1);
  if (outcome.code !== 0 || answer === undefined) {
    throw new Error(`curl ${args.join(' ')}: exit ${outcome.code}\n${outcome.stderr}`);
  }
  return answer;
}
