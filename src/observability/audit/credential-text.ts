import { scalarClaim } from '../../core/credentials/claims.ts';
import type { MintedFrom, VerifiedCredential } from '../../core/credentials/credential.ts';
import type { Caller } from '../../core/decision.ts';
import { ISSUER_PRESETS, type IssuerType } from '../../core/issuers/issuer-presets.ts';
import { jsonText } from '../../util/json/text.ts';
import { remember } from '../../util/text/remember.ts';
import { loggedText } from '../logged-text.ts';
import { claimsText } from './claims-text.ts';
import { LIMITS } from './limits.ts';

/** The caller fields of an audit event; identical for every request with the same credential. */
export interface CredentialText {
  /** `,"user":{…},"cicd":{…}` */
  readonly top: string;
  /** `,"credential":…` and the following fields of the `gatehouse` object. */
  readonly inner: string;
}

/** Length of the logged hash prefix: identifies a token, but does not reveal the whole hash. */
const HASH_PREFIX = 16;

export function credentialText(
  credential: VerifiedCredential,
  caller: Caller | undefined,
  type: IssuerType | undefined,
  audited: ReadonlySet<string> | undefined,
): CredentialText {
  const claims = type === undefined ? {} : ISSUER_PRESETS[type].trace;
  const project = claimText(credential, claims.project);
  const job = claimText(credential, claims.job);
  const pipeline = claimText(credential, claims.pipeline);

  // join() makes one flat string; `+` makes a rope that is flattened for every line.
  return {
    top: [
      ',"user":{',
      caller === undefined ? '' : `"name":${jsonText(caller.identity)},`,
      `"id":${loggedText(LIMITS.claim, credential.subject)}`,
      caller === undefined || caller.roles.length === 0
        ? ''
        : `,"roles":[${caller.roles.map(jsonText).join(',')}]`,
      '}',
      pipelineText(pipeline, job),
    ].join(''),
    inner: [
      `,"credential":"${credential.class}","issuer":${jsonText(credential.issuer)}`,
      `,"issuer_url":${issuerUrlText(credential.issuerUrl)}`,
      credential.jti === undefined ? '' : `,"jti":${loggedText(LIMITS.claim, credential.jti)}`,
      `,"token_sha256":"${credential.tokenHash.slice(0, HASH_PREFIX)}"`,
      credential.minted === undefined ? '' : sourceText(credential.minted),
      project === undefined ? '' : `,"project":${project}`,
      job === undefined ? '' : `,"job":${job}`,
      audited === undefined ? '' : claimsText(credential.claims, audited),
    ].join(''),
  };
}

/** The pattern of credentials runs for every URL, and the credentials of an issuer have the same one. */
const issuerUrlText = remember((url) => loggedText(LIMITS.claim, url));

/** The source credential of a minted token; the audit event of its login has the same hash. */
function sourceText({ source, identity }: MintedFrom): string {
  if (identity === undefined) return '';
  const jti = source.jti === undefined ? '' : `,"jti":${loggedText(LIMITS.claim, source.jti)}`;
  return `,"source":{"credential":"${source.class}"${jti},"token_sha256":"${source.tokenHash.slice(0, HASH_PREFIX)}"}`;
}

function claimText(credential: VerifiedCredential, name: string | undefined): string | undefined {
  const value = name === undefined ? undefined : scalarClaim(credential.claims, name);
  return value === undefined ? undefined : loggedText(LIMITS.claim, value);
}

/** Names of the OpenTelemetry CI/CD conventions, which call a job a task. */
function pipelineText(pipeline: string | undefined, job: string | undefined): string {
  const parts = [
    ...(pipeline === undefined ? [] : [`"run":{"id":${pipeline}}`]),
    ...(job === undefined ? [] : [`"task":{"run":{"id":${job}}}`]),
  ];
  return parts.length === 0 ? '' : `,"cicd":{"pipeline":{${parts.join(',')}}}`;
}
