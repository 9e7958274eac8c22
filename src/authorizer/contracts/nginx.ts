import { deny } from '../../core/decision.ts';
import { createHeaderReader } from '../header-reader.ts';
import { missing, schemeOf, type Contract } from './contract.ts';

/**
 * `auth_request` of nginx and `auth-url` of ingress controllers: `X-Original-Method`, `X-Original-URL` and
 * `X-Forwarded-For`. nginx discards the body of the response, so that a refusal repeats it in a header.
 */
export const readNginx: Contract = ({ rawHeaders }) => {
  const headers = readHeaders(rawHeaders);
  if (headers.refusal !== undefined) return headers.refusal;
  const {
    'x-original-method': method,
    'x-original-url': url,
    'x-forwarded-for': forwardedFor,
  } = headers.inputs;
  if (!method) return missing('X-Original-Method');
  if (!url) return missing('X-Original-URL');
  const [, scheme = '', host = '', target = ''] = URL_PARTS.exec(url) ?? [];
  if (scheme === '') return deny('request_malformed', 'X-Original-URL is not an absolute URL');
  const proto = schemeOf(scheme);
  if (typeof proto !== 'string') return proto;
  headers.client.push('Host', host);
  return { method, target, proto, forwardedFor, bodyHeader: 'X-Gatehouse-Body', headers };
};

const readHeaders = createHeaderReader(['x-original-method', 'x-original-url', 'x-forwarded-for'], {
  lists: ['x-forwarded-for'],
  ignored: ['X-Original-*'],
});

/** Without decoding: the target consists of the bytes that nginx forwards. */
const URL_PARTS = /^([A-Za-z]+):\/\/([^/?#]*)(.*)$/s;
