import type { Contract } from './contract.ts';
import { createInputReader, schemeOf, single } from './inputs.ts';

/** ForwardAuth of Traefik, `forward_auth` of Caddy, and the Lua script for HAProxy: `X-Forwarded-*`. */
export const readForward: Contract = ({ rawHeaders }) => {
  const inputs = readInputs(rawHeaders);
  if ('kind' in inputs) return inputs;
  const method = single(inputs, 'x-forwarded-method');
  if (typeof method !== 'string') return method;
  const target = single(inputs, 'x-forwarded-uri');
  if (typeof target !== 'string') return target;
  const host = single(inputs, 'x-forwarded-host');
  if (typeof host !== 'string') return host;
  const scheme = single(inputs, 'x-forwarded-proto');
  const proto = typeof scheme === 'string' ? schemeOf(scheme) : scheme;
  if (typeof proto !== 'string') return proto;
  return { method, target, hosts: [host], proto, forwardedFor: inputs.get('x-forwarded-for') ?? [] };
};

const readInputs = createInputReader([
  'x-forwarded-method',
  'x-forwarded-uri',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-for',
]);
