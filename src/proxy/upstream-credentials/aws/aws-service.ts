import type { EgressResult } from '../../../core/ports.ts';
import type { GrantedToken } from '../renewed-tokens.ts';
import type { CredentialFault } from '../request-credential.ts';

/** A POST that the session of the role signs. */
export interface SignedCall {
  readonly url: string;
  readonly signingName: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An AWS service that issues tokens for an upstream. */
export interface AwsService {
  /** First labels of the regional endpoint. */
  readonly endpointPrefix: string;
  /** `token` is the Base64 text of a Basic credential. */
  readonly requestToken: (request: {
    /** URL of the endpoint. */
    readonly url: string;
    /** Milliseconds since the epoch. */
    readonly now: number;
    readonly call: (call: SignedCall) => Promise<EgressResult>;
  }) => Promise<GrantedToken | CredentialFault>;
}
