import type { Keyring } from '../../core/credentials/keyring.ts';
import type { Clock } from '../../core/ports.ts';
import type { Forwarding, UpstreamHeaders } from '../../core/request/forwarding.ts';
import { createAssertions } from '../upstream-credentials/assertions.ts';
import {
  failCredential,
  type CredentialFault,
  type RequestCredential,
} from '../upstream-credentials/request-credential.ts';
import { createPushIdentity, type IdentityHeaderTemplates } from './identity-headers.ts';
import { createHeaderInjection, type InjectedHeaders } from './injected-headers.ts';

export interface ProxiedServiceSettings {
  readonly name: string;
  readonly publicUrl: string;
  readonly identityHeaders: IdentityHeaderTemplates;
  readonly assertion: boolean;
}

/**
 * The headers that a proxy adds to a request which it forwards itself: request id, identity, assertion, and the upstream
 * credential if one is given. Anonymous requests and requests that only shadow mode allows get no credential.
 */
export function createHeadersForProxy(
  settings: ProxiedServiceSettings,
  credential: RequestCredential | undefined,
  ports: { readonly keyring: Pick<Keyring, 'sign'>; readonly clock: Clock },
): UpstreamHeaders {
  const pushIdentity = createPushIdentity(settings.identityHeaders);
  const prepareInjectedHeaders = createHeaderInjection(
    credential && grantedOnly(credential),
    settings.assertion ? createAssertions(settings, ports) : undefined,
    false,
  );

  return function headersForProxy(forwarding, use) {
    const finish = (injected: InjectedHeaders | CredentialFault): void => {
      if (injected.kind === 'credential-fault') return failCredential(forwarding, injected);
      const { attached, assertion } = injected;
      const headers = ['X-Request-Id', forwarding.incoming.requestId];
      if (attached !== undefined) headers.push(attached.name, attached.value);
      pushIdentity(forwarding, headers);
      if (assertion !== undefined) headers.push('X-Auth-Assertion', assertion);
      use(headers);
    };
    const injected = prepareInjectedHeaders(forwarding);
    if (!(injected instanceof Promise)) return finish(injected);
    const finishIfAllowed = (ready: InjectedHeaders | CredentialFault): void => {
      // The credential or the policy can have changed during the wait.
      const refusal = forwarding.reauthorize();
      if (refusal === undefined) finish(ready);
      else forwarding.refused(refusal);
    };
    injected.then(finishIfAllowed).catch((error: unknown) => {
      forwarding.failed('internal_error', error instanceof Error ? error.name : 'unknown');
    });
  };
}

/** Withholds the credential from anonymous requests. */
function grantedOnly(credential: RequestCredential): RequestCredential {
  const attach = (forwarding: Forwarding): ReturnType<RequestCredential['attach']> =>
    forwarding.allow.basis === 'grant' ? credential.attach(forwarding) : undefined;
  return { ...credential, attach };
}
