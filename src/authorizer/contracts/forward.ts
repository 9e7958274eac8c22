import { createHeaderReader } from '../header-reader.ts';
import { missing, schemeOf, type Contract } from './contract.ts';

/** ForwardAuth of Traefik, `forward_auth` of Caddy, and the Lua script for HAProxy: `X-Forwarded-*`. */
export const readForward: Contract = ({ rawHeaders }) => {
  const headers = readHeaders(rawHeaders);
  if (headers.refusal !== undefined) return headers.refusal;
  const {
    'x-forwarded-method': method,
    'x-forwarded-uri': target,
    'x-forwarded-host': host,
    'x-forwarded-proto': scheme,
    'x-forwarded-for': forwardedFor,
  } = headers.inputs;
  if (!method) return missing('X-Forwarded-Method');
  if (!target) return missing('X-Forwarded-Uri');
  if (!host) return missing('X-Forwarded-Host');
  if (!scheme) return missing('X-Forwarded-Proto');
  const proto = schemeOf(scheme);
  if (typeof proto !== 'string') return proto;
  headers.client.push('Host', host);
  return { method, target, proto, forwardedFor, headers };
};

const readHeaders = createHeaderReader(
  ['x-forwarded-method', 'x-forwarded-uri', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-for'],
  { lists: ['x-forwarded-for'] },
);
