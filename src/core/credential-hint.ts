import { compilePublicOrigin } from './public-origin.ts';
import { withoutPort } from './request/without-port.ts';

/** The endpoint that describes the credential of the request. */
export const ME_PATH = '/v1/users/me';

/** The sentence of every 401 and 403 that names the endpoint, for the host and the scheme of a request. */
export type CredentialHint = (host: string, proto: 'http' | 'https') => string;

/** A message with the hint, if there is one. */
export function withHint({
  message,
  hint,
}: {
  readonly message: string;
  readonly hint?: string | undefined;
}): string {
  return hint === undefined ? message : `${message} ${hint}`;
}

/** `serviceHosts`: the hosts that services name, lowercase; the endpoint is not available there. */
export function compileCredentialHint(publicUrl: string, serviceHosts: ReadonlySet<string>): CredentialHint {
  const originOf = compilePublicOrigin({ publicUrl });
  const publicOrigin = new URL(publicUrl).origin;

  return (host, proto) => {
    const named = serviceHosts.has(host) || serviceHosts.has(withoutPort(host));
    const origin = named ? publicOrigin : originOf(host, proto);
    return `To see how the gateway understands a credential, send it to ${origin}${ME_PATH}.`;
  };
}
