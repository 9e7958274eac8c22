import type { Authenticator } from '../credentials/index.ts';
import type { Authorizer, Explanation } from '../policy/index.ts';
import type { Config } from '../config/index.ts';
import type { VerifiedCredential } from '../core/credentials/credential.ts';
import type { Refusal } from '../core/decision.ts';
import { GatehouseError } from '../core/errors.ts';
import type { Operation } from '../core/request/operation.ts';
import type { RequestedOperations, OperationsInBody } from '../core/request/protocol.ts';
import type { CanonicalPath, RequestHead } from '../core/request/request-head.ts';
import { readHead } from '../http/index.ts';
import { classify, createRoute, routeTarget, type ServicePipeline } from '../gateway/index.ts';
import { assumeVerified, refuseUntrusted, type AssumedCredential } from './assumed-credential.ts';

/** The request to explain. The credential is a token to verify, or claims or a deploy token that count as verified. */
export interface ExplainInput {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  /** The request is a WebSocket handshake. */
  readonly webSocket?: boolean;
  readonly credential: AssumedCredential | { readonly kind: 'token'; readonly token: string };
}

interface ExplainRefusal {
  readonly kind: 'refused';
  readonly stage: 'route' | 'classify' | 'extract' | 'authenticate';
  readonly refusal: Pick<Refusal, 'reason' | 'detail'>;
}

export type ExplainResult =
  | ExplainRefusal
  | {
      readonly kind: 'explained';
      readonly explanation: Explanation;
      /** The operation depends on the body. The explanation covers one possible operation, an allowed one if any. */
      readonly inBody: boolean;
    };

/** Throws `usage` for a relative URL and for an unknown issuer or deploy token. */
export type Explain = (input: ExplainInput) => Promise<ExplainResult>;

/** Runs the stages of the request lifecycle up to the decision. */
export function createExplain(
  config: Config,
  ports: { pipelines: readonly ServicePipeline[]; authenticator: Authenticator; authorizer: Authorizer },
): Explain {
  const route = createRoute(ports.pipelines);

  return async function explain(input) {
    const head = toRequestHead(input);
    if ('kind' in head) return refused('route', head);
    const routed = routeAndClassify(route, head);
    if (routed.kind === 'refused') return routed;
    const { pipeline, classification } = routed;
    const authenticated = await authenticate(config, pipeline, head, input.credential);
    if (authenticated.kind === 'refused') return authenticated;
    const { credential } = authenticated;
    const explanations = possibleOperations(classification).map((operations) =>
      ports.authorizer.explain({ service: pipeline.name, credential, operations }),
    );
    return {
      kind: 'explained',
      explanation: firstAllowed(explanations),
      inBody: classification.kind === 'in-body',
    };
  };
}

function toRequestHead({ method, url, webSocket, credential }: ExplainInput) {
  if (!URL.canParse(url)) throw new GatehouseError('usage', `--url ${url} is not an absolute URL`);
  const target = url.replace(/^[a-z]+:\/\/[^/?#]*/i, '') || '/';
  const rawHeaders = ['Host', new URL(url).host, ...(webSocket === true ? HANDSHAKE : [])];
  if (credential.kind === 'token') rawHeaders.push('Authorization', `Bearer ${credential.token}`);
  return readHead({ method, url: target, httpVersion: '1.1', rawHeaders }, Infinity);
}

/** RFC 6455 §4.1, with a key of zeros. */
const HANDSHAKE = Object.entries({
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': `${'A'.repeat(22)}==`,
}).flat();

interface Routed {
  readonly kind: 'routed';
  readonly pipeline: ServicePipeline;
  readonly classification: RequestedOperations | OperationsInBody;
}

function routeAndClassify(
  route: (host: string, path: string) => ServicePipeline | undefined,
  head: RequestHead,
): Routed | ExplainRefusal {
  const target = routeTarget<ServicePipeline>(route, head);
  if (target.kind === 'deny') {
    const { reason, detail } = target;
    return refused('route', { reason, detail: reason === 'no_service' ? `${detail}${head.path}` : detail });
  }
  const { pipeline, slashMissing } = target;
  const routed = slashMissing ? { ...head, path: pipeline.path as CanonicalPath } : head;
  const classification = pipeline.guard(routed, classify(pipeline.protocol, routed));
  switch (classification.kind) {
    case 'operations':
    case 'in-body':
      return { kind: 'routed', pipeline, classification };
    case 'deny':
      return refused('classify', classification);
    case 'unknown':
    case 'never-forwarded':
      return refused('classify', { reason: 'operation_unknown', detail: classification.detail });
    default:
      return classification satisfies never;
  }
}

interface Authenticated {
  readonly kind: 'authenticated';
  readonly credential: VerifiedCredential | undefined;
}

async function authenticate(
  config: Config,
  pipeline: ServicePipeline,
  head: RequestHead,
  credential: ExplainInput['credential'],
): Promise<Authenticated | ExplainRefusal> {
  if (credential.kind !== 'token') {
    const assumed = assumeVerified(config, credential);
    const untrusted = assumed && refuseUntrusted(config, pipeline.name, assumed);
    return untrusted === undefined
      ? { kind: 'authenticated', credential: assumed }
      : refused('authenticate', untrusted);
  }
  const presented = pipeline.extract(head);
  if (presented === undefined)
    return refused('extract', { reason: 'no_credential', detail: 'the token file is empty' });
  if ('kind' in presented) return refused('extract', presented);
  const verified = await pipeline.authenticate(presented, head.host);
  return 'kind' in verified
    ? refused('authenticate', verified)
    : { kind: 'authenticated', credential: verified };
}

/** The body is not available, so each operation that it can request is an alternative. */
function possibleOperations(
  classification: RequestedOperations | OperationsInBody,
): readonly (readonly Operation[])[] {
  return classification.kind === 'operations'
    ? [classification.operations]
    : classification.oneOf.map((operation) => [operation]);
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
