import { deny, type Deny } from '../core/decision.ts';
import type { RefusableHeader, RequestHead } from '../core/request/request-head.ts';
import type { ServicePipeline } from './service-pipeline.ts';

/** Refuses headers that make the upstream act on another resource than the path, or as another user. */
export function refuseHeaders(
  { acceptedHeaders }: Pick<ServicePipeline, 'acceptedHeaders'>,
  { refusable }: RequestHead,
): Deny | undefined {
  const header = refusable?.find(({ folded }) => acceptedHeaders?.has(folded) !== true);
  return header && { ...deny('header_refused', `the header ${header.name}`), message: messageOf(header) };
}

function messageOf({ kind, name }: RefusableHeader): string {
  switch (kind) {
    case 'acting':
      return (
        `The header ${name} makes an upstream act on a resource that the path does not name, so policy cannot authorize it. ` +
        'Send the request without it, or ask the operator of the gateway to add it to passHeaders of the service.'
      );
    case 'impersonation':
      return (
        `Impersonation headers (${name}) are not forwarded: the gateway sets the identity. ` +
        'Send the request without them; with kubectl, remove --as, --as-group and --as-uid.'
      );
    default:
      return kind satisfies never;
  }
}
