import type { IncomingMessage } from 'node:http';
import type { Deny } from '../../core/decision.ts';
import { headerValues } from '../../util/http/header-name.ts';
import { createHeaderReader } from '../header-reader.ts';
import { schemeOf, type DescribedRequest } from './contract.ts';

/**
 * The HTTP service of Envoy's `ext_authz`, which Gateway API `ExternalAuth` uses too: it repeats the method, the
 * target (after the path prefix) and `Host` of the client. Other headers arrive if `allowed_headers` lists them.
 */
export function readEnvoy(
  { method = '', rawHeaders }: Pick<IncomingMessage, 'method' | 'rawHeaders'>,
  target: string,
): DescribedRequest | Deny {
  const headers = readHeaders(rawHeaders);
  if (headers.refusal !== undefined) return headers.refusal;
  const { 'x-forwarded-proto': scheme = 'http', 'x-forwarded-for': forwardedFor } = headers.inputs;
  const proto = schemeOf(scheme);
  if (typeof proto !== 'string') return proto;
  for (const host of headerValues(rawHeaders, 'host')) headers.client.push('Host', host);
  return { method, target, proto, forwardedFor, headers };
}

const readHeaders = createHeaderReader(['x-forwarded-proto', 'x-forwarded-for'], {
  lists: ['x-forwarded-for'],
});
