import { createDecisionRecorder } from '../../src/observability/index.ts';
import { stage, type Stage } from './measure.ts';
import type { Forwarded } from './pipeline.ts';

/** The end of a request whose decision is recorded for the console, without an open page. */
export function createDecisionStage(forwarded: () => Forwarded): Stage {
  const recorder = createDecisionRecorder({
    now: Date.now,
    config: () => 'hash',
    candidate: () => undefined,
  });
  return stage('recorded decision', forwarded, (each) => recorder.write(each));
}
