import type { Authenticator } from './authenticate/index.ts';
import type { Authorizer, Explanation } from './authorize/index.ts';
import type { Config } from './config/index.ts';
import type { Claims, VerifiedCredential } from './contract/credential.ts';
import type { Refusal } from './contract/decision.ts';
import { GatehouseError } from './contract/errors.ts';
import { readHead } from './listener/index.ts';
import { createRoute, type ServiceLine } from './pipeline/index.ts';

/** A request as an operator thinks of it; the credential is a token, or claims as if they had been verified. */
export interface ExplainQuestion {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  readonly credential:
    | { readonly kind: 'none' }
    | { readonly kind: 'token'; readonly token: string }
    | { readonly kind: 'claims'; readonly claims: Claims; readonly issuer: string };
}

export type ExplainAnswer =
  | {
      readonly kind: 'refused';
      readonly stage: 'route' | 'classify' | 'extract' | 'authenticate';
      readonly refusal: Pick<Refusal, 'reason' | 'detail'>;
    }
  | { readonly kind: 'explained'; readonly explanation: Explanation };

export type Explain = (question: ExplainQuestion) => Promise<ExplainAnswer>;

/** Takes a question through the same stages as a request, up to the decision. */
export function createExplain(
  config: Config,
  rooms: { lines: readonly ServiceLine[]; authenticator: Authenticator; authorizer: Authorizer },
): Explain {
  const route = createRoute(rooms.lines);

  return async function explain({ method, url, credential }) {
    if (!URL.canParse(url)) throw new GatehouseError('usage', `--url ${url} is no absolute URL`);
    const { host } = new URL(url);
    const target = url.replace(/^[a-z]+:\/\/[^/?#]*/i, '') || '/';
    const rawHeaders = ['Host', host];
    if (credential.kind === 'token') rawHeaders.push('Authorization', `Bearer ${credential.token}`);
    const head = readHead({ method, url: target, httpVersion: '1.1', rawHeaders }, Infinity);
    if ('kind' in head) return refused('route', head);

    const line = route(head.host, head.path);
    if (line === undefined) return refused('route', { reason: 'no_service', detail: `nothing at ${host}` });
    const asked = line.protocol.classify(head);
    if (asked.kind === 'deny') return refused('classify', asked);
    if (asked.kind === 'unknown')
      return refused('classify', { reason: 'operation_unknown', detail: asked.detail });

    let verified: VerifiedCredential | undefined;
    if (credential.kind === 'claims') verified = asVerified(config, credential.issuer, credential.claims);
    if (credential.kind === 'token') {
      const presented = line.extract(head);
      if (presented === undefined)
        return refused('extract', { reason: 'no_credential', detail: 'the file is empty' });
      if ('kind' in presented) return refused('extract', presented);
      const result = await line.authenticate(presented);
      if ('kind' in result) return refused('authenticate', result);
      verified = result;
    }
    const question = { service: line.name, credential: verified, operations: asked.operations };
    return { kind: 'explained', explanation: rooms.authorizer.explain(question) };
  };
}

function refused(
  stage: Extract<ExplainAnswer, { kind: 'refused' }>['stage'],
  { reason, detail }: Pick<Refusal, 'reason' | 'detail'>,
): ExplainAnswer {
  return { kind: 'refused', stage, refusal: { reason, detail } };
}

function asVerified(config: Config, name: string, claims: Claims): VerifiedCredential {
  const issuer = config.issuers.find((candidate) => candidate.name === name);
  if (issuer === undefined) {
    const known = config.issuers.map((candidate) => candidate.name).join(', ');
    throw new GatehouseError('usage', `--issuer ${name}: the configuration has ${known || 'no issuers'}`);
  }
  return {
    class: 'id_token',
    issuer: name,
    issuerUrl: issuer.issuer,
    subject: typeof claims['sub'] === 'string' ? claims['sub'] : '',
    jti: undefined,
    tokenHash: '',
    expiresAt: Infinity,
    claims,
  };
}
