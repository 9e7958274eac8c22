import { startGitlab, type TestGitlab, type TestJob } from '../gitlab.ts';
import { startScenario, type Backends, type Scenario, type ScenarioOptions } from '../scenario.ts';
import { temporaryFolder, type TemporaryFolder } from '../temporary-folder.ts';
import { useStarted } from '../use-started.ts';
import type { GatewayTls } from './tls.ts';

type JobBackends = { readonly gitlab: TestGitlab; readonly files: TemporaryFolder };

/** A GitLab server, one of its jobs, the servers of the options, and the gateway between them. */
export type JobScenario<B extends Backends> = Scenario<B & JobBackends> & {
  /** A job of project 20, acme/payments. */
  readonly job: TestJob;
  /** A folder for the files of clients. */
  readonly folder: string;
};

export interface JobOptions<B extends Backends> extends Omit<
  ScenarioOptions<B & JobBackends>,
  'backends' | 'config'
> {
  /** `aud` of ID tokens. Default: https://gateway.example.com. */
  readonly audience?: string;
  readonly backends: (gitlab: TestGitlab) => ScenarioOptions<B>['backends'];
  /** A certificate of the gateway, created before it starts. */
  readonly tls?: () => GatewayTls;
  /** The configuration below `server`, as YAML. */
  readonly config: (backends: B & JobBackends, job: TestJob) => string;
}

/** Longer than the default: package indexes and registries take seconds to start on a loaded machine. */
const START_TIMEOUT = 120_000;

/** Starts GitLab, then the other servers, then the gateway, before the tests of this file or `describe` block. */
export function useJobScenario<B extends Backends>(options: JobOptions<B>): JobScenario<B> {
  return useStarted(() => startJobScenario(options), START_TIMEOUT);
}

async function startJobScenario<B extends Backends>(options: JobOptions<B>): Promise<JobScenario<B>> {
  const { audience, backends, config, tls, ...others } = options;
  const gitlab = await startGitlab(audience === undefined ? {} : { audience });
  const job = gitlab.job({ project: { id: 20, path: 'acme/payments' } });
  const files = temporaryFolder('job');
  const started = {
    ...backends(gitlab),
    gitlab: () => Promise.resolve(gitlab),
    files: () => Promise.resolve(files),
  } as ScenarioOptions<B & JobBackends>['backends'];
  const { files: tlsFiles, server } = tls?.() ?? {};
  const scenario = await startScenario<B & JobBackends>({
    ...others,
    ...(tlsFiles && server && { files: tlsFiles, server }),
    backends: started,
    config: (all) => config(all, job),
  });
  return { ...scenario, job, folder: files.path };
}
