import type { IssueTicket } from '../../core/credentials/ticket.ts';
import type { Forwarding } from '../../core/request/forwarding.ts';
import type { Assertions } from '../upstream-credentials/assertions.ts';
import {
  credentialFault,
  signingFault,
  type AttachedCredential,
  type CredentialFault,
  type RequestCredential,
} from '../upstream-credentials/request-credential.ts';

/** The upstream credential and the assertion of one request. */
export interface InjectedHeaders {
  readonly kind: 'injected-headers';
  readonly attached: AttachedCredential | undefined;
  readonly assertion: string | undefined;
  /** Set if the plan of the request has tickets. */
  readonly issueTicket?: IssueTicket;
}

const NOTHING: InjectedHeaders = { kind: 'injected-headers', attached: undefined, assertion: undefined };

/** Removing the credential would change the body that policy authorized. */
const IN_THE_BODY = credentialFault(
  'upstream_credential_missing',
  'the credential is a form field of the body, and the service does not set forwardCredential',
);

/** Synchronous when the credential and the assertion are cached. Rejects on unexpected errors only. */
export type PrepareInjectedHeaders = (
  forwarding: Forwarding,
) => InjectedHeaders | CredentialFault | Promise<InjectedHeaders | CredentialFault>;

/** `forwardsCredential`: the service forwards the client's credential. */
export function createHeaderInjection(
  credential: RequestCredential | undefined,
  assertions: Assertions | undefined,
  forwardsCredential: boolean,
): PrepareInjectedHeaders {
  function prepareInjectedHeaders(forwarding: Forwarding): ReturnType<PrepareInjectedHeaders> {
    const { allow, presented } = forwarding;
    if (presented?.credentialSource === 'form' && (!forwardsCredential || allow.basis !== 'grant'))
      return IN_THE_BODY;
    // A request that only shadow mode allows carries neither identity nor upstream credential.
    if (allow.basis === 'shadow') return NOTHING;
    const attached = credential?.attach(forwarding);
    if (isFault(attached)) return attached;
    const assertion = allow.caller && assertions?.(allow.caller);
    if (attached instanceof Promise || assertion instanceof Promise) return gather(attached, assertion);
    if (attached === undefined && assertion === undefined) return NOTHING;
    return { kind: 'injected-headers', attached, assertion };
  }

  return (forwarding) => {
    const injected = prepareInjectedHeaders(forwarding);
    return forwarding.plan?.tickets === true ? withTickets(forwarding, injected) : injected;
  };
}

async function withTickets(
  forwarding: Forwarding,
  preparing: ReturnType<PrepareInjectedHeaders>,
): Promise<InjectedHeaders | CredentialFault> {
  const [injected, issueTicket] = await Promise.all([
    preparing,
    forwarding.prepareTickets().catch(signingFault),
  ]);
  if (injected.kind === 'credential-fault') return injected;
  return 'kind' in issueTicket ? issueTicket : { ...injected, issueTicket };
}

async function gather(
  attaching: AttachedCredential | undefined | Promise<AttachedCredential | CredentialFault>,
  signing: string | undefined | Promise<string>,
): Promise<InjectedHeaders | CredentialFault> {
  const [attached, assertion] = await Promise.all([attaching, Promise.resolve(signing).catch(signingFault)]);
  if (attached?.kind === 'credential-fault') return attached;
  if (typeof assertion === 'object') return assertion;
  return { kind: 'injected-headers', attached, assertion };
}

function isFault(attached: ReturnType<RequestCredential['attach']> | undefined): attached is CredentialFault {
  return attached !== undefined && 'kind' in attached && attached.kind === 'credential-fault';
}
