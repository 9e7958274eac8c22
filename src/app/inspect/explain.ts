import type { Authenticator } from '../../credentials/index.ts';
import type { Authorizer, Explanation } from '../../policy/index.ts';
import type { Config } from '../../config/index.ts';
import type { AssumedCredential } from '../../core/credentials/assumed-credential.ts';
import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import type { Decision, Refusal } from '../../core/decision.ts';
import type { Operation } from '../../core/request/operation.ts';
import type { NeverForwarded, RequestedOperations, UnknownOperation } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { authorize, createRoute, type EndpointPipeline, type ServicePipeline } from '../../gateway/index.ts';
import { withLimits } from './applied-limits.ts';
import { assumeVerified, refuseUntrusted } from './assumed-credential.ts';
import { assumeExchanged } from './exchanged-credential.ts';
import { createDescribeUnrouted } from './explain-unrouted.ts';
import { routeAndClassify, toRequestHead, type ClassifiedHead, type ExplainedHead } from './explain-head.ts';

/** The request to explain. A credential other than a token counts as verified. */
export interface ExplainInput extends ExplainedHead {
  readonly credential:
    | AssumedCredential
    | { readonly kind: 'token'; readonly token: string }
    /** The credential of a recorded request. */
    | { readonly kind: 'verified'; readonly credential: VerifiedCredential };
}

interface ExplainRefusal {
  readonly kind: 'refused';
  readonly stage: 'route' | 'classify' | 'extract' | 'authenticate' | 'forward';
  readonly refusal: Pick<Refusal, 'reason' | 'detail'>;
}

export type ExplainResult =
  | ExplainRefusal
  | {
      readonly kind: 'explained';
      readonly explanation: Explanation;
      /**
       * The operation depends on a missing body. The explanation covers one possible operation, an
       * allowed one if any.
       */
      readonly inBody: boolean;
    };

/** Throws `usage` for a relative URL and for an unknown issuer or deploy token. */
export type Explain = (input: ExplainInput) => Promise<ExplainResult>;

/** Runs the stages of the request lifecycle up to the decision. */
export function createExplain(
  config: Config,
  ports: {
    readonly pipelines: readonly ServicePipeline[];
    readonly endpoints: readonly EndpointPipeline[];
    readonly authenticator: Authenticator;
    readonly authorizer: Authorizer;
  },
): Explain {
  const route = createRoute(ports.pipelines);
  const describeUnrouted = createDescribeUnrouted(ports.pipelines, ports.endpoints);

  return async function explain(input) {
    const { credential: given } = input;
    const head = toRequestHead(input, given.kind === 'token' ? given.token : undefined);
    if ('kind' in head) return refused('route', head);
    const routed = routeAndClassify(route, head);
    if (routed.kind === 'refused') {
      const { reason, detail } = routed.refusal;
      return reason === 'no_service'
        ? refused('route', { reason, detail: describeUnrouted(head, detail) })
        : routed;
    }
    const { pipeline } = routed;
    const authenticated =
      given.kind === 'token'
        ? await authenticate(pipeline, head)
        : assume(config, ports.authorizer, pipeline.name, given);
    if (authenticated.kind === 'refused') return authenticated;
    const { credential, token } = authenticated;
    const decided = await decide(routed.classification, input.body, {
      pipeline,
      credential,
      authorizer: ports.authorizer,
    });
    const ended = await refuseEnded(pipeline, credential, token, decided);
    if (ended !== undefined) return ended;
    return decided.kind === 'refused'
      ? decided
      : { ...decided, explanation: withLimits(config, decided.explanation) };
  };
}

interface DecisionPorts {
  readonly pipeline: ServicePipeline;
  readonly credential: VerifiedCredential | undefined;
  readonly authorizer: Authorizer;
}

/** The last step before forwarding. It reads operations from the body only if one of the possible ones is allowed. */
async function decide(
  classification: ClassifiedHead['classification'],
  body: Buffer | undefined,
  ports: DecisionPorts,
): Promise<ExplainResult> {
  const { pipeline, credential, authorizer } = ports;
  const explainOperations = (operations: readonly Operation[]): Explanation =>
    authorizer.explain({ service: pipeline.name, credential, operations });

  if (classification.kind === 'in-body') {
    const possible = firstAllowed(classification.oneOf.map((operation) => explainOperations([operation])));
    if (body === undefined || possible.verdict.kind !== 'allow')
      return { kind: 'explained', explanation: possible, inBody: body === undefined };
    const read = await classification.read(body.subarray(0, classification.maxBytes));
    return read.kind === 'deny' ? refused('classify', read) : decide(read, body, ports);
  }
  // `authorize` tries the alternatives of the protocol too, and notes the operations that it decided.
  const decided: { operations: readonly Operation[]; plan: RequestedOperations['plan'] } = {
    operations: [],
    plan: undefined,
  };
  const decision = authorize(decided, pipeline, classification, credential);
  if (classification.kind !== 'operations') return refused('classify', refusalOf(decision, classification));
  const invalid = decision.kind === 'allow' && body !== undefined ? decided.plan?.watch?.()(body) : undefined;
  if (invalid !== undefined)
    return refused('forward', { reason: 'request_malformed', detail: invalid.detail });
  const explained = explainOperations(decided.operations);
  const { unnamed } = classification;
  const explanation = unnamed === undefined ? explained : { ...explained, unnamed };
  const isPublic = classification.public === true && credential === undefined;
  return {
    kind: 'explained',
    explanation: isPublic ? { ...explanation, verdict: PUBLIC } : explanation,
    inBody: false,
  };
}

/** The policy has no part in a request that needs no credential. */
const PUBLIC: Explanation['verdict'] = { kind: 'allow', basis: 'anonymous', identity: undefined };

/** Shadow mode allows a request that is no operation; policy denies it. */
function refusalOf(
  decision: Decision,
  { detail }: UnknownOperation | NeverForwarded,
): Pick<Refusal, 'reason' | 'detail'> {
  if (decision.kind !== 'allow') return decision;
  return decision.relaxed ?? { reason: 'operation_unknown', detail };
}

interface Authenticated {
  readonly kind: 'authenticated';
  readonly credential: VerifiedCredential | undefined;
  /** Undefined for a credential that counts as verified: whether its job runs is unknown. */
  readonly token?: string;
}

async function authenticate(
  pipeline: ServicePipeline,
  head: RequestHead,
): Promise<Authenticated | ExplainRefusal> {
  const presented = pipeline.extract(head);
  if (presented === undefined)
    return refused('extract', { reason: 'no_credential', detail: 'the token file is empty' });
  if ('kind' in presented) return refused('extract', presented);
  const verified = await pipeline.authenticate(presented, head.host);
  return 'kind' in verified
    ? refused('authenticate', verified)
    : { kind: 'authenticated', credential: verified, token: presented.token };
}

/** As in the request lifecycle, the issuer is asked only about the token of an allowed request. */
async function refuseEnded(
  pipeline: ServicePipeline,
  credential: VerifiedCredential | undefined,
  token: string | undefined,
  decided: ExplainResult,
): Promise<ExplainRefusal | undefined> {
  if (decided.kind !== 'explained' || decided.explanation.verdict.kind !== 'allow') return undefined;
  if (credential === undefined || token === undefined) return undefined;
  const ended = await pipeline.refuseEnded?.(credential, token, undefined);
  return ended && refused('authenticate', ended);
}

/** Treats the credential as verified, within the issuers and credential classes that the service accepts. */
function assume(
  config: Config,
  authorizer: Authorizer,
  service: string,
  credential: Exclude<ExplainInput['credential'], { readonly kind: 'token' }>,
): Authenticated | ExplainRefusal {
  const source = credential.kind === 'exchanged' ? credential.source : credential;
  const assumed = source.kind === 'verified' ? source.credential : assumeVerified(config, source);
  const untrusted = assumed && refuseUntrusted(config, service, assumed);
  if (untrusted !== undefined) return refused('authenticate', untrusted);
  if (credential.kind !== 'exchanged' || assumed === undefined)
    return { kind: 'authenticated', credential: assumed };
  const exchanged = assumeExchanged(authorizer, service, assumed, credential.scopes);
  return 'kind' in exchanged
    ? refused('authenticate', exchanged)
    : { kind: 'authenticated', credential: exchanged };
}

function firstAllowed([first, ...others]: readonly Explanation[]): Explanation {
  const allowed = [first, ...others].find((explanation) => explanation?.verdict.kind === 'allow') ?? first;
  if (allowed === undefined) throw new TypeError('the classification has no operations');
  return allowed;
}

function refused(
  stage: ExplainRefusal['stage'],
  { reason, detail }: Pick<Refusal, 'reason' | 'detail'>,
): ExplainRefusal {
  return { kind: 'refused', stage, refusal: { reason, detail } };
}

/** Explains whether a credential may perform operations of a service, without a request. Throws as `Explain`. */
export type ExplainOperations = (input: {
  readonly service: string;
  readonly credential: AssumedCredential;
  readonly operations: readonly Operation[];
}) => ExplainResult;

export function createExplainOperations(config: Config, authorizer: Authorizer): ExplainOperations {
  return ({ service, credential, operations }) => {
    const assumed = assume(config, authorizer, service, credential);
    if (assumed.kind === 'refused') return assumed;
    const explanation = authorizer.explain({ service, credential: assumed.credential, operations });
    return { kind: 'explained', explanation, inBody: false };
  };
}
