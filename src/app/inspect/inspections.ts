import type { Authenticator } from '../../credentials/index.ts';
import type { Config } from '../../config/index.ts';
import type { EndpointPipeline, ServicePipeline } from '../../gateway/index.ts';
import type { Authorizer, Suggest } from '../../policy/index.ts';
import { createExplain, createExplainOperations, type Explain, type ExplainOperations } from './explain.ts';
import { createExplainRecorded, type ExplainRecorded } from './explain-recorded.ts';
import { createReplay, type Replay } from './replay.ts';
import { createSuggestFor } from './suggest.ts';

/** Evaluations of the policy for commands and the console, without a request of a client. */
export interface Inspections {
  readonly explain: Explain;
  readonly explainOperations: ExplainOperations;
  readonly explainRecorded: ExplainRecorded;
  /** A new replay of requests that a gateway with the other configuration recorded. */
  replay(recordedWith?: Config): Replay;
  /** Collects recorded requests for additions to the policy. */
  suggest(recordedWith?: Config): Suggest;
}

export function createInspections(
  config: Config,
  ports: {
    readonly pipelines: readonly ServicePipeline[];
    readonly endpoints: readonly EndpointPipeline[];
    readonly authenticator: Authenticator;
    readonly authorizer: Authorizer;
  },
): Inspections {
  const { pipelines, authorizer } = ports;
  const explain = createExplain(config, ports);
  return {
    explain,
    explainOperations: createExplainOperations(config, authorizer),
    explainRecorded: createExplainRecorded(config, { authorizer, explain }),
    replay: (recordedWith) => createReplay(config, pipelines, recordedWith),
    suggest: (recordedWith) => createSuggestFor(config, pipelines, recordedWith),
  };
}
