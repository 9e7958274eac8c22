import type { Clock, EgressBodyClient, Log } from '../../../core/ports.ts';
import {
  createFaultPauses,
  PAUSE_AFTER_FAULT,
  PAUSE_AFTER_REJECTION,
} from '../../../util/limits/fault-pauses.ts';
import { createRenewedTokens, obtainedToken, SINGLE_KEY, type GrantedToken } from '../renewed-tokens.ts';
import { attachedHeader, type CredentialFault, type RequestCredential } from '../request-credential.ts';
import { openTextFile } from '../secret-source.ts';
import type { AwsSettings } from './aws-settings.ts';

export interface AwsPorts {
  readonly egress: EgressBodyClient;
  readonly clock: Clock;
  readonly log: Log;
}

/** The upstream credential is a token of an AWS service, requested with the role of a web identity. */
export function createAwsToken(
  service: string,
  settings: AwsSettings,
  { egress, clock, log }: AwsPorts,
): RequestCredential {
  const identity = openTextFile(service, settings.webIdentityTokenFile, log);
  const pauses = createFaultPauses<CredentialFault>(clock);

  async function fetchToken(): Promise<GrantedToken | CredentialFault> {
    const current = identity.current();
    const paused = pauses.active(SINGLE_KEY, current);
    if (paused !== undefined) return paused;
    // Loaded on demand, because the signer takes 14 MiB.
    const { requestAwsToken } = await import('./request-token.ts');
    const result = await requestAwsToken(service, settings, current, { egress, clock });
    if (result.kind === 'credential-fault') {
      const { reason, detail } = result;
      const pause = reason === 'upstream_unauthorized' ? PAUSE_AFTER_REJECTION : PAUSE_AFTER_FAULT;
      pauses.note(SINGLE_KEY, current, { fault: result, pause });
      log.error('no token for an upstream from AWS', { service, reason, detail });
    }
    return result;
  }

  const tokens = createRenewedTokens(fetchToken, clock, (token) =>
    attachedHeader('Authorization', `Basic ${token}`),
  );
  return {
    headers: ['authorization'],
    attach: () => tokens.attach(SINGLE_KEY),
    rejected: (_forwarding, attached) => tokens.rejected(SINGLE_KEY, attached),
    probe: {
      holder: `role ${settings.roleArn}`,
      settings: {
        endpoint: 'region and endpoints',
        login: 'roleArn, its trust policy and permissions, and webIdentityTokenFile',
      },
      obtain: async () =>
        obtainedToken(await fetchToken(), `a session, and a token of ${settings.service.toUpperCase()}`),
    },
    close: () => identity.close(),
  };
}
