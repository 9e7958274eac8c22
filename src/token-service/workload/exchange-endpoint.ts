import type { Handle } from '../../core/request/endpoint.ts';
import type { PresentedCredential, VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny, type Caller, type Deny, type Refusal } from '../../core/decision.ts';
import type { Log } from '../../core/ports.ts';
import { findHeader } from '../../util/http/header-name.ts';
import { parseJsonObject } from '../../util/json/object.ts';
import { apiErrorFormat, invalidArgument, unauthenticated } from './error-format.ts';
import { issueToken, type IssueTokenPorts } from '../issue-token.ts';
import { jsonResponse, createBuiltInEndpoint } from '../endpoint/built-in-endpoint.ts';
import { authenticateCaller, type VerifyCredential } from '../authenticate-caller.ts';

export const EXCHANGE_PATH = '/v1/auth:exchangeToken';

/** A name that clients may ask for. */
export interface Workload {
  readonly identity: string;
  /** By the audiences of this name alone. */
  readonly verify: (
    presented: PresentedCredential,
  ) => VerifiedCredential | Refusal | Promise<VerifiedCredential | Refusal>;
}

export interface WorkloadPorts extends IssueTokenPorts {
  readonly publicUrl: string;
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly present: (token: string) => PresentedCredential | Deny;
  /** By the audiences of any of the names. */
  readonly verifyCredential: VerifyCredential;
  readonly identifyAs: (identity: string, credential: VerifiedCredential) => Caller | Deny;
  readonly scopesOf: (caller: Caller) => readonly string[];
  readonly log: Log;
}

/** The one answer to whatever is wrong with a token or a name: who has neither learns of neither. */
const REFUSED = 'This token is not good for this workload identity. The audit trail of the gateway says why.';

/** `{token, email}` → `{accessToken}`: the token of a job for that of the workload identity that it names. */
export function createWorkloadEndpoint(ports: WorkloadPorts): Handle {
  async function find(token: string, email: string, verified: VerifiedCredential): Promise<Caller | Refusal> {
    const workload = ports.workloads.get(email);
    if (workload === undefined) return deny('no_matching_identity', `no workload identity is named ${email}`);
    const presented = ports.present(token);
    // Known by now to be a good token of one of our issuers: what is asked is whether it was made for this.
    const narrowed = 'kind' in presented ? presented : await workload.verify(presented);
    if ('kind' in narrowed) return narrowed;
    return ports.identifyAs(workload.identity, verified);
  }

  return createBuiltInEndpoint(
    {
      async POST(call, body) {
        const request = readRequest(findHeader(call.head.rawHeaders, 'content-type') ?? '', body);
        if (request.kind !== 'request') return request;
        const { token, email } = request;
        // The signature is checked whether or not there is such a name, so that time does not tell either.
        const verified = await authenticateCaller(call, ports.present(token), ports.verifyCredential);
        if ('kind' in verified) return verified;
        const caller = await find(token, email, verified);
        if ('kind' in caller) return caller;
        const scope = ports.scopesOf(caller).join(' ');
        const wanted = { audience: ports.publicUrl, workload: email, extra: { scope } };
        const minted = await issueToken(call, caller, wanted, ports);
        if (minted.kind !== 'minted') return minted;
        return jsonResponse('application/json', { accessToken: minted.token });
      },
    },
    apiErrorFormat(() => unauthenticated(REFUSED), false),
    ports.log,
  );
}

function readRequest(contentType: string, body: string) {
  if (!/^application\/json\s*(;|$)/i.test(contentType)) {
    return invalidArgument('Send the body as application/json.', 415);
  }
  const parsed = parseJsonObject(Buffer.from(body, 'utf8'));
  if (parsed.kind === 'problem') return invalidArgument(`The body ${parsed.problem}.`);
  const { token, email } = parsed.value;
  if (typeof token !== 'string' || token === '')
    return invalidArgument('"token" must be the token of the job.');
  if (typeof email !== 'string' || email === '') {
    return invalidArgument('"email" must be the name of a workload identity.');
  }
  return { kind: 'request', token, email } as const;
}
