import type { IncomingMessage } from 'node:http';
import type { Deny } from '../../core/decision.ts';
import { headerValues } from '../../util/http/header-name.ts';
import type { DescribedRequest } from './contract.ts';
import { createInputReader, schemeOf, single } from './inputs.ts';

/**
 * The HTTP service of Envoy's `ext_authz`, which Gateway API `ExternalAuth` uses too: the method, the target after the
 * path prefix, and `Host` are those of the client. Other headers arrive if `allowed_headers` lists them.
 */
export function readEnvoy(
  { method = '', rawHeaders }: Pick<IncomingMessage, 'method' | 'rawHeaders'>,
  target: string,
): DescribedRequest | Deny {
  const inputs = readInputs(rawHeaders);
  if ('kind' in inputs) return inputs;
  const scheme = inputs.has('x-forwarded-proto') ? single(inputs, 'x-forwarded-proto') : 'http';
  const proto = typeof scheme === 'string' ? schemeOf(scheme) : scheme;
  if (typeof proto !== 'string') return proto;
  const forwardedFor = inputs.get('x-forwarded-for') ?? [];
  return { method, target, hosts: headerValues(rawHeaders, 'host'), proto, forwardedFor };
}

const readInputs = createInputReader(['x-forwarded-proto', 'x-forwarded-for']);
