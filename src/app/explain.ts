import type { Authenticator } from '../credentials/index.ts';
import type { Authorizer, Explanation } from '../policy/index.ts';
import type { Config } from '../config/index.ts';
import type { Claims, VerifiedCredential } from '../core/credentials/credential.ts';
import type { Refusal } from '../core/decision.ts';
import { deployTokenCredential } from '../core/credentials/deploy-token.ts';
import { GatehouseError } from '../core/errors.ts';
import type { Operation } from '../core/request/operation.ts';
import type { RequestedOperations, OperationsInBody } from '../core/request/protocol.ts';
import { readHead } from '../http/index.ts';
import { classify, createRoute, type ServicePipeline } from '../gateway/index.ts';

/** A request as an operator thinks of it; the credential is a token, or claims as if they had been verified. */
export interface ExplainQuestion {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  /** The request is a WebSocket handshake. */
  readonly webSocket?: boolean;
  readonly credential:
    | { readonly kind: 'none' }
    | { readonly kind: 'token'; readonly token: string }
    | {
        readonly kind: 'claims';
        readonly class: 'id_token' | 'job_token';
        readonly claims: Claims;
        /** As the configuration names it. */
        readonly issuer: string;
      }
    /** One of the configuration's, by its name. */
    | { readonly kind: 'deploy-token'; readonly name: string };
}

export type ExplainAnswer =
  | {
      readonly kind: 'refused';
      readonly stage: 'route' | 'classify' | 'extract' | 'authenticate';
      readonly refusal: Pick<Refusal, 'reason' | 'detail'>;
    }
  | {
      readonly kind: 'explained';
      readonly explanation: Explanation;
      /** What is asked for stands in the body: shown is one thing that it can be, an allowed one if there is any. */
      readonly inBody: boolean;
    };

export type Explain = (question: ExplainQuestion) => Promise<ExplainAnswer>;

/** Takes a question through the same stages as a request, up to the decision. */
export function createExplain(
  config: Config,
  ports: { pipelines: readonly ServicePipeline[]; authenticator: Authenticator; authorizer: Authorizer },
): Explain {
  const route = createRoute(ports.pipelines);

  return async function explain({ method, url, webSocket, credential }) {
    if (!URL.canParse(url)) throw new GatehouseError('usage', `--url ${url} is no absolute URL`);
    const { host } = new URL(url);
    const target = url.replace(/^[a-z]+:\/\/[^/?#]*/i, '') || '/';
    const rawHeaders = ['Host', host, ...(webSocket === true ? HANDSHAKE : [])];
    if (credential.kind === 'token') rawHeaders.push('Authorization', `Bearer ${credential.token}`);
    const head = readHead({ method, url: target, httpVersion: '1.1', rawHeaders }, Infinity);
    if ('kind' in head) return refused('route', head);

    const pipeline = route(head.host, head.path);
    if (head.encodedSlash === true && pipeline?.protocol.encodedSlash !== true)
      return refused('route', { reason: 'path_ambiguous', detail: '%2F' });
    if (pipeline === undefined)
      return refused('route', { reason: 'no_service', detail: `nothing at ${host}` });
    const classification = pipeline.guard(head, classify(pipeline.protocol, head));
    if (classification.kind === 'deny') return refused('classify', classification);
    if (classification.kind === 'unknown' || classification.kind === 'never-forwarded')
      return refused('classify', { reason: 'operation_unknown', detail: classification.detail });

    let verified = takenAsVerified(config, credential);
    const untrusted = verified && whyNotTrusted(config, pipeline.name, verified);
    if (untrusted !== undefined) return refused('authenticate', untrusted);
    if (credential.kind === 'token') {
      const presented = pipeline.extract(head);
      if (presented === undefined)
        return refused('extract', { reason: 'no_credential', detail: 'the file is empty' });
      if ('kind' in presented) return refused('extract', presented);
      const result = await pipeline.authenticate(presented, head.host);
      if ('kind' in result) return refused('authenticate', result);
      verified = result;
    }
    const explanations = alternatives(classification).map((operations) =>
      ports.authorizer.explain({ service: pipeline.name, credential: verified, operations }),
    );
    return {
      kind: 'explained',
      explanation: firstAllowed(explanations),
      inBody: classification.kind === 'in-body',
    };
  };
}

/** RFC 6455 §4.1, with a key of zeros. */
const HANDSHAKE = Object.entries({
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': `${'A'.repeat(22)}==`,
}).flat();

/** Where the body decides, which is not at hand here: each of what it can be for. */
function alternatives(
  classification: RequestedOperations | OperationsInBody,
): readonly (readonly Operation[])[] {
  return classification.kind === 'operations'
    ? [classification.operations]
    : classification.oneOf.map((operation) => [operation]);
}

function firstAllowed([first, ...others]: readonly Explanation[]): Explanation {
  const allowed = [first, ...others].find((explanation) => explanation?.verdict.kind === 'allow') ?? first;
  if (allowed === undefined) throw new TypeError('a body that can be for nothing');
  return allowed;
}

function refused(
  stage: Extract<ExplainAnswer, { kind: 'refused' }>['stage'],
  { reason, detail }: Pick<Refusal, 'reason' | 'detail'>,
): ExplainAnswer {
  return { kind: 'refused', stage, refusal: { reason, detail } };
}

/** What the operator says that a credential is; nothing for a token, which has to prove it. */
function takenAsVerified(
  config: Config,
  credential: ExplainQuestion['credential'],
): VerifiedCredential | undefined {
  switch (credential.kind) {
    case 'none':
    case 'token':
      return undefined;
    case 'claims': {
      const { issuer } = find(config.issuers, credential.issuer, '--issuer');
      const { sub } = credential.claims;
      return unproven(
        credential.class,
        credential.issuer,
        issuer,
        typeof sub === 'string' ? sub : '',
        credential.claims,
      );
    }
    case 'deploy-token': {
      const token = find(config.deployTokens, credential.name, '--deploy-token');
      return deployTokenCredential(token, config.server.publicUrl);
    }
    default:
      return credential satisfies never;
  }
}

/** What `authenticate` would look at beside the signature. */
function whyNotTrusted(
  config: Config,
  service: string,
  { class: kind, issuer, expiresAt }: VerifiedCredential,
): Pick<Refusal, 'reason' | 'detail'> | undefined {
  const trusted = config.services.find(({ name }) => name === service)?.issuers;
  if (kind !== 'deploy_token' && trusted?.includes(issuer) === false) {
    return { reason: 'issuer_unknown', detail: `issuer ${issuer} is not one of service ${service}` };
  }
  if (kind === 'job_token' && config.issuers.find(({ name }) => name === issuer)?.jobTokens === undefined) {
    return { reason: 'credential_invalid', detail: `issuer ${issuer} does not accept job tokens` };
  }
  if (expiresAt <= Date.now()) return { reason: 'token_expired', detail: 'it has expired' };
  return undefined;
}

function unproven(
  kind: VerifiedCredential['class'],
  issuer: string,
  issuerUrl: string,
  subject: string,
  claims: Claims,
): VerifiedCredential {
  return {
    class: kind,
    issuer,
    issuerUrl,
    subject,
    jti: undefined,
    tokenHash: '',
    expiresAt: Infinity,
    claims,
  };
}

function find<T extends { readonly name: string }>(entries: readonly T[], name: string, option: string): T {
  const entry = entries.find((candidate) => candidate.name === name);
  if (entry !== undefined) return entry;
  const known = entries.map((candidate) => candidate.name).join(', ');
  throw new GatehouseError('usage', `${option} ${name}: the configuration has ${known || 'none'}`);
}
