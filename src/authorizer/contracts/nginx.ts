import { deny } from '../../core/decision.ts';
import type { Contract } from './contract.ts';
import { createInputReader, schemeOf, single } from './inputs.ts';

/**
 * `auth_request` of nginx and `auth-url` of ingress controllers: `X-Original-Method`, `X-Original-URL` and
 * `X-Forwarded-For`. nginx discards the body of the response, so that a refusal repeats it in a header.
 */
export const readNginx: Contract = ({ rawHeaders }) => {
  const inputs = readInputs(rawHeaders);
  if ('kind' in inputs) return inputs;
  const method = single(inputs, 'x-original-method');
  if (typeof method !== 'string') return method;
  const url = single(inputs, 'x-original-url');
  if (typeof url !== 'string') return url;
  const [, scheme = '', host = '', target = ''] = URL_PARTS.exec(url) ?? [];
  if (scheme === '') return deny('request_malformed', 'x-original-url is not an absolute URL');
  const proto = schemeOf(scheme);
  if (typeof proto !== 'string') return proto;
  const forwardedFor = inputs.get('x-forwarded-for') ?? [];
  return {
    method,
    target,
    hosts: [host],
    proto,
    forwardedFor,
    bodyHeader: 'X-Gatehouse-Body',
    setsOriginal: true,
  };
};

const readInputs = createInputReader(['x-original-method', 'x-original-url', 'x-forwarded-for']);

/** Without decoding: the target consists of the bytes that nginx forwards. */
const URL_PARTS = /^([A-Za-z]+):\/\/([^/?#]*)(.*)$/s;
