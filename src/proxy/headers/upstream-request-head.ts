import type { Forwarding } from '../../core/request/forwarding.ts';
import type { CleanQuery } from './credential-parameters.ts';
import { createPushIdentity, type IdentityHeaderTemplates } from './identity-headers.ts';
import type { InjectedHeaders } from './injected-headers.ts';
import type { AttachedCredential } from '../upstream-credentials/request-credential.ts';
import { createHeaderCleaner } from './request-headers.ts';

export interface OutgoingSettings {
  /** Public prefix; replaced by the path of `upstream.url`. */
  readonly path: string;
  readonly upstream: { readonly url: string; readonly hostHeader: 'upstream' | 'client' };
  readonly identityHeaders: IdentityHeaderTemplates;
  readonly keepCookies: boolean;
  readonly passHeaders?: readonly string[] | undefined;
}

export interface OutgoingHead {
  /** Including the query. */
  readonly path: string;
  /** Name, value, name, value … */
  readonly headers: string[];
  /** Bytes; undefined when the body is chunked or absent. */
  readonly contentLength: number | undefined;
}

/**
 * Builds the upstream request head from the client's remaining headers, the identity headers and the gateway's headers.
 * `credentialHeaders`: headers that may contain the upstream credential.
 */
export function createOutgoingHead(
  settings: OutgoingSettings,
  cleanQuery: CleanQuery,
  credentialHeaders: readonly string[],
): (forwarding: Forwarding, injectedHeaders: InjectedHeaders) => OutgoingHead {
  const { upstream, path } = settings;
  const target = new URL(upstream.url);
  const pushIdentity = createPushIdentity(settings.identityHeaders);
  const cleanHeaders = createHeaderCleaner({
    keepCookies: settings.keepCookies,
    cleanQuery,
    passHeaders: settings.passHeaders,
    reserved: [...Object.keys(settings.identityHeaders), ...credentialHeaders],
  });

  return function outgoing(forwarding, { attached, assertion }) {
    const { incoming, head, plan, buffered, verified } = forwarding;
    const { client } = incoming;
    const { headers, contentLength = buffered?.whole === true ? buffered.bytes.length : undefined } =
      cleanHeaders(head.rawHeaders);
    headers.push('Host', upstream.hostHeader === 'client' ? head.host : target.host);
    if (head.hasBody && contentLength !== undefined) headers.push('Content-Length', String(contentLength));
    headers.push(
      'X-Forwarded-For',
      client.address,
      'X-Forwarded-Host',
      head.host,
      'X-Forwarded-Proto',
      client.proto,
    );
    headers.push('X-Request-Id', incoming.requestId);
    if (attached?.credentialSource === 'header') headers.push(attached.name, attached.value);
    pushIdentity(forwarding, headers);
    if (assertion !== undefined) headers.push('X-Auth-Assertion', assertion);
    // The upstream wrote the query of a ticket, and the client's has nothing but the ticket.
    const clean = verified?.minted?.ticket?.query ?? cleanQuery(plan?.query ?? head.query);
    const query = withParameter(clean, attached);
    return { path: target.pathname + head.path.slice(path.length) + query, headers, contentLength };
  };
}

/** Appended after the client's parameters. */
function withParameter(query: string, attached: AttachedCredential | undefined): string {
  if (attached?.credentialSource !== 'query') return query;
  return `${query}${query === '' ? '?' : '&'}${attached.name}=${encodeURIComponent(attached.value)}`;
}
