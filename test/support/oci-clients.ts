import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { needing } from './needs.ts';
import { ROOT } from './repository.ts';
import { run, type Outcome } from './run.ts';

/** Clients of registries that CI builds with Go, by their installer. */
const INSTALLERS = { crane: '.ci/crane', oras: '.ci/oci-clients', regctl: '.ci/oci-clients' } as const;

type OciClient = keyof typeof INSTALLERS;

/** `describe` and `test` for tests that run these clients. */
export const needsCrane = needsClient('crane');
export const needsOras = needsClient('oras');
export const needsRegctl = needsClient('regctl');

/** One command of a client, whose logins are in the folder `home`. */
export const crane = commandsOf('crane');
export const oras = commandsOf('oras');
export const regctl = commandsOf('regctl');

function program(name: OciClient): string {
  return join(ROOT, 'node_modules/.cache/gatehouse', name, name);
}

function needsClient(name: OciClient): ReturnType<typeof needing> {
  return needing(existsSync(program(name)) ? undefined : `${name} not installed: ${INSTALLERS[name]}`);
}

function commandsOf(name: OciClient) {
  return (home: string, ...args: readonly string[]): Promise<Outcome> =>
    run(program(name), args, { cwd: home, env: { HOME: home, DOCKER_CONFIG: join(home, '.docker') } });
}
