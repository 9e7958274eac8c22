import type { RecordedRequest } from '../../policy/index.ts';
import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import type { Decision } from '../../core/decision.ts';
import type { Operation } from '../../core/request/operation.ts';
import type { Classification } from '../../core/request/protocol.ts';
import { authorize, classify, type ServicePipeline } from '../../gateway/index.ts';
import { toRequestHead } from './explain-head.ts';

/** Undefined: the recorded URL is not valid. */
export function evaluateRecorded(
  request: RecordedRequest,
  credential: VerifiedCredential | undefined,
  pipeline: ServicePipeline,
): Decision | undefined {
  const { operations } = request;
  if (pipeline.type === 'http') {
    const classification = classifyAgain(request, pipeline);
    if (classification === undefined || classification.kind === 'deny') return classification;
    return authorize({ operations: [], plan: undefined }, pipeline, classification, credential);
  }
  if (isUnknown(request)) return pipeline.authorizeUnknown(credential, 'no operation of the service');
  const decision = pipeline.authorize(credential, operations);
  const plain = decision.kind === 'deny' ? withoutMount(request) : operations;
  return plain === operations ? decision : pipeline.authorize(credential, plain);
}

/** The operations of a recorded request under the configuration; undefined for a request that is none. */
export function operationsAgain(
  request: RecordedRequest,
  pipeline: ServicePipeline,
): readonly Operation[] | undefined {
  if (pipeline.type !== 'http') return isUnknown(request) ? undefined : request.operations;
  const classification = classifyAgain(request, pipeline);
  return classification?.kind === 'operations' ? classification.operations : undefined;
}

function classifyAgain(request: RecordedRequest, pipeline: ServicePipeline): Classification | undefined {
  const { method, url } = request;
  if (!URL.canParse(url)) return undefined;
  const head = toRequestHead({ method, url, webSocket: isHandshake(request) }, undefined);
  return 'kind' in head ? undefined : pipeline.guard(head, classify(pipeline.protocol, head));
}

/** A registry forwards an upload without its mount if the policy denies the source. */
function withoutMount({ serviceType, method, operations }: RecordedRequest): readonly Operation[] {
  const [first] = operations;
  if (serviceType !== 'oci' || method !== 'POST' || first === undefined) return operations;
  return operations.every(({ resource }) => resource === first.resource)
    ? operations
    : operations.filter(({ resource }) => resource === first.resource);
}

function isUnknown({ reason, relaxed }: RecordedRequest): boolean {
  return (relaxed ?? reason) === 'operation_unknown';
}

function isHandshake({ status, operations }: RecordedRequest): boolean {
  return status === 101 || operations.some(({ scope }) => scope === 'websocket');
}

/** Requests with equal keys have the same decision for the same credential. */
export function operationKey(request: RecordedRequest): string {
  const { service = '', serviceType = '', method, url, operations } = request;
  const flags = `${request.operationsCut ? 'c' : ''}${request.claimsOmitted ? 'o' : ''}${isUnknown(request) ? 'u' : ''}`;
  if (serviceType === 'http') return `${flags} ${service} ${isHandshake(request) ? 'ws' : method} ${url}`;
  let key = `${flags} ${service} ${serviceType} ${serviceType === 'oci' ? method : ''}`;
  for (const { scope, resource, extent } of operations) key += `\0${scope}\0${extent}\0${resource}`;
  return key;
}
