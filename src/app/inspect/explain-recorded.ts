import {
  createFindUnrecorded,
  type Authorizer,
  type FindUnrecorded,
  type RecordedRequest,
} from '../../policy/index.ts';
import type { Config } from '../../config/index.ts';
import type { Operation } from '../../core/request/operation.ts';
import { refuseUntrusted } from './assumed-credential.ts';
import type { Explain, ExplainResult } from './explain.ts';

/** The explanation of a recorded request under the configuration. */
export type RecordedResult = ExplainResult | { readonly kind: 'not-evaluated'; readonly detail: string };

/** `claimNames`: of an audit event, which contains the claims only that the recording policy referred to. */
type ExplainableRecord = Pick<RecordedRequest, 'credential' | 'service' | 'operations' | 'method' | 'url'> &
  Partial<Pick<RecordedRequest, 'claimNames' | 'reason'>>;

/** `unrecordedClaim`: the decision depends on it, and the event does not contain it. */
export type ExplainRecorded = (
  request: ExplainableRecord,
) => Promise<RecordedResult & { readonly unrecordedClaim?: string }>;

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

  let find: FindUnrecorded | undefined;
  function unrecordedIn(
    { credential, claimNames }: ExplainableRecord,
    result: RecordedResult,
  ): string | undefined {
    if (result.kind !== 'explained' || credential === undefined || claimNames === undefined) return undefined;
    const { service, identities } = result.explanation;
    const matched = identities.find(({ outcome }) => outcome === 'matched')?.identity;
    find ??= createFindUnrecorded(config);
    return find(credential, service, matched, (claim) => claimNames.includes(claim));
  }

  async function explainOne(request: ExplainableRecord): Promise<RecordedResult> {
    const { service, operations, method, url, credential } = request;
    if (service !== undefined && operations.length > 0) return evaluate(request, service, operations);
    if (!URL.canParse(url)) return { kind: 'not-evaluated', detail: 'the event has no valid host and path' };
    const given = credential === undefined ? NO_CREDENTIAL : ({ kind: 'verified', credential } as const);
    const classified = await explain({ method, url, credential: given });
    if (classified.kind === 'refused')
      return isBuiltIn(request, classified.refusal.reason) ? BUILT_IN_ENDPOINT : classified;
    const { explanation, inBody } = classified;
    const listed = explanation.operations.map(({ operation }) => operation);
    const evaluated = evaluate(request, explanation.service, listed);
    return evaluated.kind === 'explained' ? { ...evaluated, inBody } : evaluated;
  }

  return async (request) => {
    const result = await explainOne(request);
    const unrecordedClaim = unrecordedIn(request, result);
    return unrecordedClaim === undefined ? result : { ...result, unrecordedClaim };
  };
}

/** The gateway responds to such a request itself; the recorded reason is of its endpoint, not of a service. */
function isBuiltIn({ service, reason = 'no_service' }: ExplainableRecord, refusedNow: string): boolean {
  return service === undefined && refusedNow === 'no_service' && reason !== 'no_service';
}

const NO_CREDENTIAL = { kind: 'none' } as const;

const BUILT_IN_ENDPOINT: RecordedResult = {
  kind: 'not-evaluated',
  detail: 'a request to an endpoint of the gateway, such as the token exchange, needs no grant',
};
