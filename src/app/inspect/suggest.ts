import { createAuthorizer, createSuggest, type Suggest } from '../../policy/index.ts';
import type { Config } from '../../config/index.ts';
import type { ServicePipeline } from '../../gateway/index.ts';
import { refuseUntrusted } from './assumed-credential.ts';
import { operationsAgain } from './recorded-evaluation.ts';

/** Suggests additions to the policy of the configuration. `recordedWith`: as for `createReplay`. */
export function createSuggestFor(
  config: Config,
  pipelines: readonly ServicePipeline[],
  recordedWith?: Config,
): Suggest {
  const pipelineOf = new Map(pipelines.map((pipeline) => [pipeline.name, pipeline]));
  return createSuggest(config, {
    recordedClaims: recordedWith && createAuthorizer(recordedWith).claimsUsed,
    operationsOf(request) {
      const pipeline = pipelineOf.get(request.service ?? '');
      return pipeline && operationsAgain(request, pipeline);
    },
    untrusted(service, credential) {
      const refused = refuseUntrusted(config, service, credential);
      return refused && `${refused.reason}: ${refused.detail}`;
    },
  });
}
