import type { Authorizer, RecordedRequest } from '../../policy/index.ts';
import type { Config } from '../../config/index.ts';
import type { Operation } from '../../core/request/operation.ts';
import { refuseUntrusted } from './assumed-credential.ts';
import type { Explain, ExplainResult } from './explain.ts';

/** The explanation of a recorded request under the configuration. */
export type RecordedResult = ExplainResult | { readonly kind: 'not-evaluated'; readonly detail: string };

export type ExplainRecorded = (
  request: Pick<RecordedRequest, 'credential' | 'service' | 'operations' | 'method' | 'url'>,
) => Promise<RecordedResult>;

/** Evaluates the recorded credential and operations. Without operations it classifies the recorded URL. */
export function createExplainRecorded(
  config: Config,
  { authorizer, explain }: { readonly authorizer: Authorizer; readonly explain: Explain },
): ExplainRecorded {
  const known = new Set(config.services.map(({ name }) => name));

  function evaluate(
    { credential }: Pick<RecordedRequest, 'credential'>,
    service: string,
    operations: readonly Operation[],
  ): RecordedResult {
    if (!known.has(service))
      return { kind: 'not-evaluated', detail: `the configuration has no service "${service}"` };
    const untrusted = credential && refuseUntrusted(config, service, credential);
    if (untrusted !== undefined) return { kind: 'refused', stage: 'authenticate', refusal: untrusted };
    return {
      kind: 'explained',
      explanation: authorizer.explain({ service, credential, operations }),
      inBody: false,
    };
  }

  return async (request) => {
    const { service, operations, method, url } = request;
    if (service !== undefined && operations.length > 0) return evaluate(request, service, operations);
    if (!URL.canParse(url)) return { kind: 'not-evaluated', detail: 'the event has no valid host and path' };
    const classified = await explain({ method, url, credential: { kind: 'none' } });
    if (classified.kind === 'refused') return classified;
    const { explanation, inBody } = classified;
    const listed = explanation.operations.map(({ operation }) => operation);
    const evaluated = evaluate(request, explanation.service, listed);
    return evaluated.kind === 'explained' ? { ...evaluated, inBody } : evaluated;
  };
}
