import { serviceAudience, UNMATCHED_IDENTITY } from '../core/credentials/minted-token.ts';
import type { IssueServiceToken } from '../core/credentials/service-token.ts';
import type { Mint } from './mint.ts';
import { storeUnavailable } from './store-unavailable.ts';

/**
 * Issues tokens to clients that log in before other requests. Every use of a token authorizes its source again.
 */
export function createServiceTokens(mint: Mint): IssueServiceToken {
  return async function issue({ service, credential, presented, identity = UNMATCHED_IDENTITY, scopes }) {
    // A derived token would have to repeat the limits of its parent.
    if (credential.minted !== undefined)
      return { kind: 'issued', token: presented, detail: 'returned the presented token' };
    const minted = await mint({
      source: credential,
      identity,
      audience: serviceAudience(service),
      extra: { scope: scopes.join(' ') },
    }).catch(storeUnavailable);
    if (minted.kind !== 'minted') return minted;
    const { token, jti, expiresIn } = minted;
    return { kind: 'issued', token, detail: `issued token ${jti}, valid for ${expiresIn} s` };
  };
}
