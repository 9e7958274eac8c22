import type { Handle } from '../../core/request/endpoint.ts';
import type { PresentedCredential, VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny, type Caller, type Deny, type Refusal } from '../../core/decision.ts';
import type { Log } from '../../core/ports.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { parseJsonObject } from '../../util/json/object.ts';
import { apiErrorFormat, invalidArgument, unauthenticated } from './error-format.ts';
import { issueToken, type IssueTokenPorts } from '../issue-token.ts';
import { createBuiltInEndpoint } from '../endpoint/built-in-endpoint.ts';
import { hasMediaType } from '../endpoint/media-type.ts';
import { credentialMessage, jsonResponse, type EndpointRefusal } from '../endpoint/outcome.ts';
import { authenticateCaller, type VerifyCredential } from '../authenticate-caller.ts';

export const EXCHANGE_PATH = '/v1/auth:exchangeToken';

/** A workload identity that clients can name. */
export interface Workload {
  readonly identity: string;
  /** Verifies against the audiences of this workload identity only. */
  readonly verify: (
    presented: PresentedCredential,
  ) => VerifiedCredential | Refusal | Promise<VerifiedCredential | Refusal>;
}

export interface WorkloadPorts extends IssueTokenPorts {
  readonly publicUrl: string;
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly present: (token: string) => PresentedCredential | Deny;
  /** Verifies against the audiences of all workload identities. */
  readonly verifyCredential: VerifyCredential;
  readonly identifyAs: (identity: string, credential: VerifiedCredential) => Caller | Deny;
  readonly scopesOf: (caller: Caller) => readonly string[];
  readonly log: Log;
}

/** One message for every refused token or name, so that a caller learns nothing about either. */
const REFUSED =
  'The token is not accepted for this workload identity. The audit log of the gateway contains the reason.';

/** `{token, email}` → `{accessToken}`: exchanges a CI token for a token of the named workload identity. */
export function createWorkloadEndpoint(ports: WorkloadPorts): Handle {
  async function resolveCaller(
    token: string,
    email: string,
    verified: VerifiedCredential,
  ): Promise<Caller | Refusal> {
    const workload = ports.workloads.get(email);
    if (workload === undefined) return deny('no_matching_identity', `unknown workload identity ${email}`);
    const presented = ports.present(token);
    // The token is valid for some workload identity; this checks the issuer and audiences of the named one.
    const narrowed = 'kind' in presented ? presented : await workload.verify(presented);
    if ('kind' in narrowed) return narrowed;
    return ports.identifyAs(workload.identity, verified);
  }

  return createBuiltInEndpoint(
    {
      async POST(call, body) {
        const request = readExchangeRequest(call.head, body);
        if (request.kind === 'refused') return request;
        const { token, email } = request;
        // Verified even for an unknown name, so that the response time does not reveal which names exist.
        const verified = await authenticateCaller(call, ports.present(token), ports.verifyCredential);
        if ('kind' in verified) return verified;
        const caller = await resolveCaller(token, email, verified);
        if ('kind' in caller) return caller;
        const scope = ports.scopesOf(caller).join(' ');
        const tokenRequest = { audience: ports.publicUrl, workload: email, extra: { scope } };
        const minted = await issueToken(call, caller, tokenRequest, ports);
        if (minted.kind !== 'minted') return minted;
        return jsonResponse('application/json', { accessToken: minted.token });
      },
    },
    apiErrorFormat((refusal) => unauthenticated(credentialMessage(refusal, REFUSED)), false),
    ports.log,
  );
}

interface ExchangeRequest {
  readonly kind: 'request';
  readonly token: string;
  /** The name of the workload identity. */
  readonly email: string;
}

function readExchangeRequest(head: RequestHead, body: string): ExchangeRequest | EndpointRefusal {
  if (!hasMediaType(head, 'application/json')) {
    return invalidArgument('Send the body as application/json.', 415);
  }
  const parsed = parseJsonObject(Buffer.from(body, 'utf8'));
  if (parsed.kind === 'invalid') return invalidArgument(`The body ${parsed.detail}.`);
  const { token, email } = parsed.value;
  if (typeof token !== 'string' || token === '')
    return invalidArgument('"token" must be the ID token of the CI job.');
  if (typeof email !== 'string' || email === '') {
    return invalidArgument('"email" must be the name of a workload identity.');
  }
  return { kind: 'request', token, email };
}
