import { assumedMinted } from '../../core/credentials/assumed-credential.ts';
import { ANONYMOUS_ISSUER } from '../../core/credentials/minted-token.ts';
import {
  CREDENTIAL_CLASSES,
  type Claims,
  type CredentialClass,
  type VerifiedCredential,
} from '../../core/credentials/credential.ts';
import type { Operation } from '../../core/request/operation.ts';
import { isRecord } from '../../util/json/object.ts';
import { expandPointers, hasUsableNames, withSubject } from './recorded-claims.ts';
import { readRecordedOperations } from './recorded-operations.ts';

/** A request as its audit event describes it. */
export interface RecordedRequest {
  readonly kind: 'recorded';
  readonly requestId: string;
  readonly time: string;
  readonly method: string;
  /** The URL without its query, which audit events do not contain. */
  readonly url: string;
  readonly status: number;
  readonly service: string | undefined;
  readonly serviceType: string | undefined;
  readonly decision: string | undefined;
  /** Of an allowed request. */
  readonly basis: string | undefined;
  /** The denial that shadow mode did not enforce. */
  readonly relaxed: string | undefined;
  readonly reason: string;
  readonly detail: string | undefined;
  readonly identity: string | undefined;
  /** Undefined: a request without a verified credential. */
  readonly credential: VerifiedCredential | undefined;
  /** The recorded claims, by the names of the policy of that time. */
  readonly claimNames: readonly string[];
  /** Empty: the request was refused before its operations were known. */
  readonly operations: readonly Operation[];
  /** The event does not contain all operations. */
  readonly operationsCut: boolean;
  /** The event does not contain all claims that the policy referred to. */
  readonly claimsOmitted: boolean;
  /** What the event does not contain; the evaluation may differ because of it. */
  readonly notes: readonly string[];
}

/** Result of reading an audit event. */
export type RecordedRead =
  | RecordedRequest
  /** Another event, such as an access line. */
  | { readonly kind: 'other' }
  /** An audit event that cannot be evaluated again. */
  | {
      readonly kind: 'unusable';
      readonly requestId: string;
      readonly detail: string;
      readonly recorded: RecordedResponse;
    };

/** The recorded response and its cause. */
type RecordedResponse = Pick<RecordedRequest, 'status' | 'reason' | 'detail'>;

/** Reads one event of docs/reference/audit.md. */
export function readRecordedRequest(event: unknown): RecordedRead {
  const facts = objectAt(event, 'event');
  const request = objectAt(event, 'http', 'request');
  const [url, user, gatehouse] = [
    objectAt(event, 'url'),
    objectAt(event, 'user'),
    objectAt(event, 'gatehouse'),
  ];
  const requestId = request['id'];
  if (facts['dataset'] !== 'gatehouse.audit' || typeof requestId !== 'string') return { kind: 'other' };
  const recorded: RecordedResponse = {
    status: Number(objectAt(event, 'http', 'response')['status_code']),
    reason: textOr(facts['reason'], ''),
    detail: optionalText(gatehouse['detail']),
  };
  const read = readCredential(gatehouse, user);
  if (read.kind === 'unusable') return { kind: 'unusable', requestId, detail: read.detail, recorded };
  const listed = readRecordedOperations(gatehouse);
  if (listed.kind === 'unusable') return { kind: 'unusable', requestId, detail: listed.detail, recorded };
  const { operations } = listed;
  const unlisted = withoutOperations(gatehouse, facts);
  if (operations.length === 0 && unlisted)
    return { kind: 'unusable', requestId, detail: 'the event does not contain the operations', recorded };
  return {
    kind: 'recorded',
    requestId,
    time: textOr(objectAt(event)['@timestamp'], ''),
    method: textOr(request['method'], 'GET'),
    url: `https://${textOr(url['domain'], '')}${textOr(url['path'], '/')}`,
    ...recorded,
    service: optionalText(gatehouse['service']),
    serviceType: optionalText(gatehouse['type']),
    basis: optionalText(gatehouse['basis']),
    relaxed: optionalText(objectAt(gatehouse, 'relaxed')['reason']),
    decision: optionalText(gatehouse['decision']),
    identity: optionalText(user['name']),
    credential: withLimits(read.credential, operations),
    claimNames: Object.keys(objectAt(gatehouse, 'claims')),
    operations,
    operationsCut: listed.notes.length > 0,
    claimsOmitted: gatehouse['claims_omitted'] !== undefined,
    notes: [...listed.notes, ...read.notes],
  };
}

/** These denials are about operations, so an event without operations is not complete. */
function withoutOperations({ type }: Claims, { reason }: Claims): boolean {
  return type !== 'http' && (reason === 'scope_not_granted' || reason === 'resource_not_granted');
}

type CredentialRead =
  | {
      readonly kind: 'credential';
      readonly credential: VerifiedCredential | undefined;
      readonly notes: readonly string[];
    }
  | { readonly kind: 'unusable'; readonly detail: string };

function readCredential(gatehouse: Claims, user: Claims): CredentialRead {
  const { credential: kind, issuer, claims } = gatehouse;
  if (kind === undefined || issuer === ANONYMOUS_ISSUER)
    return { kind: 'credential', credential: undefined, notes: [] };
  if (!isClass(kind)) return { kind: 'unusable', detail: 'the credential class is unknown' };
  // Only a verified credential has an issuer in its event.
  if (typeof issuer !== 'string') return { kind: 'unusable', detail: 'the credential was not verified' };
  if (!isRecord(claims)) {
    return {
      kind: 'unusable',
      detail: 'the event has no gatehouse.claims: audit.claims is none, or an earlier version wrote it',
    };
  }
  if (!hasUsableNames(claims))
    return { kind: 'unusable', detail: 'the name of a recorded claim is not usable' };
  const omitted = gatehouse['claims_omitted'];
  const credential: VerifiedCredential = {
    class: kind,
    issuer,
    issuerUrl: textOr(gatehouse['issuer_url'], ''),
    subject: textOr(user['id'], ''),
    jti: optionalText(gatehouse['jti']),
    tokenHash: textOr(gatehouse['token_sha256'], ''),
    expiresAt: Infinity,
    claims: withSubject(expandPointers(claims), kind, user),
  };
  const notes =
    typeof omitted === 'number'
      ? [`${omitted} of the claims that the policy referred to are not recorded`]
      : [];
  return kind === 'access_token'
    ? readMinted(credential, gatehouse, user, notes)
    : { kind: 'credential', credential, notes };
}

/** A minted token matches its identity only. Its limits are not recorded. */
function readMinted(
  credential: VerifiedCredential,
  gatehouse: Claims,
  user: Claims,
  notes: readonly string[],
): CredentialRead {
  const source = objectAt(gatehouse, 'source');
  const identity = user['name'] ?? objectAt(gatehouse, 'nearest')['identity'];
  const kind = source['credential'];
  if (typeof identity !== 'string' || !isClass(kind)) {
    return { kind: 'unusable', detail: 'the event does not name the identity that the token was minted for' };
  }
  return {
    kind: 'credential',
    credential: {
      ...credential,
      minted: assumedMinted(
        {
          identity,
          source: {
            class: kind,
            jti: optionalText(source['jti']),
            tokenHash: textOr(source['token_sha256'], ''),
          },
        },
        [],
      ),
    },
    notes: [...notes, 'the limits of the minted token are not recorded; the evaluation assumes none'],
  };
}

/** The limits that the recorded operations need. */
function withLimits(
  credential: VerifiedCredential | undefined,
  operations: readonly Operation[],
): VerifiedCredential | undefined {
  if (credential?.minted === undefined) return credential;
  const scopes = new Set(operations.map(({ scope }) => scope));
  return { ...credential, minted: { ...credential.minted, limits: { kind: 'scopes', scopes } } };
}

function isClass(value: unknown): value is CredentialClass {
  return CREDENTIAL_CLASSES.some((known) => known === value);
}

/** The object at a path of member names; an empty object if there is none. */
function objectAt(value: unknown, ...path: readonly string[]): Claims {
  let found: unknown = value;
  for (const name of path) found = isRecord(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  return isRecord(found) ? found : {};
}

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function textOr(value: unknown, otherwise: string): string {
  return optionalText(value) ?? otherwise;
}
