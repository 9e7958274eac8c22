import { createCandidateEvaluation } from '../../src/app/candidate/candidate.ts';
import { createCandidatePolicy } from '../../src/app/candidate/candidate-policy.ts';
import type { EndedRequest } from '../../src/core/candidate.ts';
import type { StageBed } from './bed.ts';
import { stage, type Stage } from './measure.ts';
import type { Forwarded } from './pipeline.ts';

/** The end of a request with a candidate policy, which equals the active one. */
export function createCandidateStages(
  { config, authorizer, ports }: StageBed,
  forwarded: () => Forwarded,
): readonly Stage[] {
  const policy = createCandidatePolicy(config, config, authorizer);
  const meter = { differs: () => undefined, skipped: () => undefined, loaded: () => undefined };
  const evaluation = createCandidateEvaluation(() => policy, { meter, log: ports.log });
  // The request context implements both.
  const ended = (): EndedRequest => forwarded() as unknown as EndedRequest;
  policy.evaluate(ended());
  return [
    stage('candidate, cached token', ended, (each) => evaluation.ended(each, () => undefined)),
    stage(
      'candidate, new token',
      () => withNewCredential(ended()),
      (each) => policy.evaluate(each),
    ),
  ];
}

/** The results of a policy are cached by the object of the credential. */
function withNewCredential({
  service,
  head,
  classification,
  verified,
  decision,
}: EndedRequest): EndedRequest {
  return {
    service,
    head,
    classification,
    verified: verified && { ...verified },
    decision,
    candidate: undefined,
  };
}
