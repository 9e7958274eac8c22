import type { Forwarding } from '../../core/request/forwarding.ts';
import { GatehouseError } from '../../core/errors.ts';
import type { Assertions } from '../upstream-credentials/assertions.ts';
import {
  CredentialFault,
  type AttachedCredential,
  type RequestCredential,
} from '../upstream-credentials/request-credential.ts';

/** What the gateway adds to a request and may have to wait for. */
export interface InjectedHeaders {
  readonly presented: AttachedCredential | undefined;
  readonly assertion: string | undefined;
}

const NOTHING: InjectedHeaders = { presented: undefined, assertion: undefined };

/** Taking it out would make another body than the one that was checked. */
const IN_THE_BODY = new CredentialFault(
  'upstream_credential_missing',
  'the credential stands in the body, and this upstream is not meant to see it',
);

/** At once where everything is at hand. Rejects with a `CredentialFault`. */
export type PrepareInjectedHeaders = (
  forwarding: Forwarding,
) => InjectedHeaders | CredentialFault | Promise<InjectedHeaders>;

export function createHeaderInjection(
  credential: RequestCredential | undefined,
  assertions: Assertions | undefined,
  /** The upstream is shown what clients present. */
  forwardsCredential: boolean,
): PrepareInjectedHeaders {
  return function prepareInjectedHeaders(forwarding) {
    const { allow, presented: shown } = forwarding;
    if (shown?.credentialSource === 'form' && (!forwardsCredential || allow.basis !== 'grant'))
      return IN_THE_BODY;
    // In shadow, what policy refused gets neither identity nor credential.
    if (allow.basis === 'shadow') return NOTHING;
    const presented = credential?.attach(forwarding);
    if (presented instanceof CredentialFault) return presented;
    const assertion = allow.caller && assertions?.(allow.caller);
    if (presented instanceof Promise || assertion instanceof Promise) return gather(presented, assertion);
    if (presented === undefined && assertion === undefined) return NOTHING;
    return { presented, assertion };
  };
}

async function gather(
  presented: AttachedCredential | undefined | Promise<AttachedCredential>,
  assertion: string | undefined | Promise<string>,
): Promise<InjectedHeaders> {
  const signed = Promise.resolve(assertion).catch((cause: unknown) => {
    if (cause instanceof GatehouseError) throw new CredentialFault('store_unavailable', cause.message);
    throw cause;
  });
  const [had, made] = await Promise.all([presented, signed]);
  return { presented: had, assertion: made };
}
