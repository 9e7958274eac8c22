import { delimiter, dirname } from 'node:path';
import { snippet } from './docs.ts';
import { run, type Outcome } from './run.ts';

/** A block of docs/guides/packages.md as written, but for where the gateway is: here that is `host`, without TLS. */
export function packagesSnippet(heading: string, name: string, host: string): string {
  return snippet('docs/guides/packages.md', heading, name).replaceAll(
    /https:\/\/((?:[^\s/]*@)?)gateway\.example\.com/g,
    (_all, user: string) => `http://${user}${host}`,
  );
}

/** Runs a block of shell commands with this token; the folder of `program`, if given, is looked into first. */
export function runSnippet(
  place: { readonly heading: string; readonly name: string; readonly host: string },
  token: string,
  options: { readonly cwd: string; readonly program?: string; readonly env?: NodeJS.ProcessEnv },
): Promise<Outcome> {
  const script = packagesSnippet(place.heading, place.name, place.host);
  const folders = options.program === undefined ? [] : [dirname(options.program)];
  const env = {
    PATH: [...folders, process.env['PATH']].join(delimiter),
    HOME: options.cwd,
    GATEHOUSE_TOKEN: token,
    ...options.env,
  };
  return run('bash', ['-euo', 'pipefail', '-c', script], { cwd: options.cwd, env });
}
