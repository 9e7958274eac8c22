import { GatehouseError } from '../../core/errors.ts';
import type { Deny } from '../../core/decision.ts';
import type { OperationsInBody, RequestedOperations, UnknownOperation } from '../../core/request/protocol.ts';
import type { NeverForwarded } from '../../core/request/protocol.ts';
import type { CanonicalPath, RequestHead } from '../../core/request/request-head.ts';
import { classify, refuseHeaders, routeTarget, type ServicePipeline } from '../../gateway/index.ts';
import { readHead } from '../../http/index.ts';

/** The head of a request to explain. */
export interface ExplainedHead {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  /** The request is a WebSocket handshake. */
  readonly webSocket?: boolean;
  /** Names and values, in addition to those that the URL and the body imply. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: Buffer | undefined;
}

/** Throws `usage` for a relative URL. */
export function toRequestHead(
  { method, url, webSocket, headers = [], body }: ExplainedHead,
  token: string | undefined,
): RequestHead | Deny {
  if (!URL.canParse(url)) throw new GatehouseError('usage', `--url ${url} is not an absolute URL`);
  const target = url.replace(/^[a-z]+:\/\/[^/?#]*/i, '') || '/';
  const rawHeaders = ['Host', new URL(url).host, ...(webSocket === true ? HANDSHAKE : []), ...headers.flat()];
  if (token !== undefined) rawHeaders.push('Authorization', `Bearer ${token}`);
  if (body !== undefined) rawHeaders.push('Content-Length', String(body.length));
  return readHead({ method, url: target, httpVersion: '1.1', rawHeaders }, Infinity);
}

/** RFC 6455 §4.1, with a key of zeros. */
const HANDSHAKE = Object.entries({
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': `${'A'.repeat(22)}==`,
}).flat();

export interface ClassifiedHead {
  readonly kind: 'classified';
  readonly pipeline: ServicePipeline;
  readonly classification: RequestedOperations | OperationsInBody | UnknownOperation | NeverForwarded;
}

interface RefusedHead {
  readonly kind: 'refused';
  readonly stage: 'route' | 'classify';
  readonly refusal: Pick<Deny, 'reason' | 'detail'>;
}

/** Routes and classifies a request, as the request lifecycle does. */
export function routeAndClassify(
  route: (host: string, path: string) => ServicePipeline | undefined,
  head: RequestHead,
): ClassifiedHead | RefusedHead {
  const target = routeTarget<ServicePipeline>(route, head);
  if (target.kind === 'deny') {
    const { reason, detail } = target;
    const named = reason === 'no_service' ? `${detail}${head.path}` : detail;
    return { kind: 'refused', stage: 'route', refusal: { reason, detail: named } };
  }
  const { pipeline, slashMissing } = target;
  const routed = slashMissing ? { ...head, path: pipeline.path as CanonicalPath } : head;
  const refused = refuseHeaders(pipeline, routed);
  if (refused !== undefined) return refuse(refused);
  const classification = pipeline.guard(routed, classify(pipeline.protocol, routed));
  return classification.kind === 'deny'
    ? refuse(classification)
    : { kind: 'classified', pipeline, classification };
}

function refuse({ reason, detail }: Deny): RefusedHead {
  return { kind: 'refused', stage: 'classify', refusal: { reason, detail } };
}
