import type { IssuerType } from '../../../core/issuers/issuer-presets.ts';
import { isLoopback } from '../../../util/http/listen-address.ts';
import { hostOf, sameUrl } from './issuers.ts';

/** A problem with the URL of an API that receives credentials. */
export function apiUrlProblem(
  type: IssuerType,
  url: string,
  publicUrl: string | undefined,
): string | undefined {
  if (url.startsWith('http:') && !isLoopback(hostOf(url))) {
    return 'must be https: credentials travel to it (http is for loopback)';
  }
  if (type === 'gitlab' && /\/api(\/v\d+)?\/?$/.test(url)) {
    return 'must be the URL of GitLab itself, without /api/v4';
  }
  return publicUrl !== undefined && sameUrl(url, publicUrl)
    ? 'must not be server.publicUrl: the gateway would call itself'
    : undefined;
}
