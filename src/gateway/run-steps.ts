import type { RequestContext } from './request-context.ts';
import type { Responder } from './responder.ts';
import type { Step, StepOutcome, StepPorts } from './steps/step.ts';

/** Runs the steps in order until one handles or refuses the request. */
export function createStepRunner(
  steps: readonly Step[],
  ports: StepPorts,
  { refuse, failClosed }: Pick<Responder, 'refuse' | 'failClosed'>,
): (context: RequestContext) => void {
  function runFrom(context: RequestContext, first: number): void {
    let index = first;
    for (const step of first === 0 ? steps : steps.slice(first)) {
      index += 1;
      const outcome = step(context, ports);
      if (outcome instanceof Promise) return resume(context, index, outcome);
      if (outcome !== undefined) return finish(context, outcome);
    }
  }

  function resume(context: RequestContext, next: number, pending: Promise<StepOutcome>): void {
    pending
      .then((outcome) => {
        // The step may have taken a while; a client that has left needs no decision.
        if (context.incoming.res.destroyed) return;
        if (outcome !== undefined) return finish(context, outcome);
        context.waited();
        runFrom(context, next);
      })
      .catch((error: unknown) => failClosed(context, error));
  }

  function finish(context: RequestContext, outcome: NonNullable<StepOutcome>): void {
    switch (outcome.kind) {
      case 'handled':
        return;
      case 'deny':
      case 'unable':
        return refuse(context, outcome);
      default:
        return outcome satisfies never;
    }
  }

  return (context) => runFrom(context, 0);
}
