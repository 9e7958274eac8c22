import { redactCredentials } from './credentials/credential-pattern.ts';
import type { CredentialSource } from './credentials/credential.ts';
import type { Deny, Refusal } from './decision.ts';
import { REASONS } from './reasons.ts';
import type { Operation } from './request/operation.ts';

/**
 * The texts that replace the message of a reason (reasons.ts) where the refusal depends on values of the client: its
 * identity, what it requested, the text it sent as its credential. They contain no other value of the policy.
 */

/** The message of the response: the most specific one. */
export function refusalMessage(refusal: Refusal): string {
  const general = REASONS[refusal.reason].message;
  return refusal.kind === 'deny'
    ? (refusal.mistake ?? refusal.message ?? messageOfOperation(refusal) ?? general)
    : general;
}

/** Names the caller's identity, the scope and the resource. */
function messageOfOperation({ reason, caller, operation }: Deny): string | undefined {
  if (caller === undefined || operation === undefined) return undefined;
  const identity = `identity ${quotedName(caller.identity)}`;
  const scope = `the scope ${quotedName(operation.scope)}`;
  const target = targetOf(operation);
  const { nextStep } = REASONS[reason];
  switch (reason) {
    case 'scope_not_granted':
      return `Your ${identity} does not have ${scope}, which this request needs for ${target}. ${nextStep}`;
    case 'resource_not_granted':
      return operation.extent === 'one'
        ? `Your ${identity} has ${scope}, but not for this resource: ${target}. ${nextStep}`
        : `Your ${identity} has ${scope}, but not for ${target}, which this request needs. ${nextStep}`;
    case 'insufficient_scope':
      return `This token of your ${identity} is limited and does not include ${scope} for ${target}. ${nextStep}`;
    case 'job_token_not_allowlisted':
      return (
        `The job token allowlist of the target project does not include the project of your ${identity}, ` +
        `so it does not have ${scope} for ${target}. ${nextStep}`
      );
    default:
      return undefined;
  }
}

/** GitLab excludes the scope for job tokens, so a grant would have no effect. */
export function jobTokenCannotHave(identity: string, operation: Operation): string {
  return (
    `A CI job token cannot have the scope ${quotedName(operation.scope)}, which this request needs for ` +
    `${targetOf(operation)}, whatever your identity ${quotedName(identity)} is granted. Send an ID token instead.`
  );
}

/** `accepted`: the audiences that the service accepts from the issuer of the token. */
export function audienceMismatch(accepted: ReadonlySet<string> | undefined): string {
  const [first, ...others] = [...(accepted ?? [])].slice(0, MAX_AUDIENCES).map(quotedName);
  if (first === undefined) return REASONS.audience_mismatch.message;
  const wanted = others.length === 0 ? first : `one of ${[first, ...others].join(', ')}`;
  return `${REASONS.audience_mismatch.problem} Request a token whose "aud" is ${wanted}.`;
}

/** `how`: the way in which a job requests these claims, which the token does not contain. */
export function claimsNotRequested(missing: readonly string[], how: string): string {
  return `${REASONS.no_matching_identity.problem} The token does not contain ${missing.join(' and ')}: ${how}.`;
}

export const MINTED_FOR_ANOTHER_SERVICE =
  'The gateway issued this access token for another service. Request an access token for this service.';

export function issuerUnknown(issuerUrl: string): string {
  return `This service does not trust the issuer ${quotedName(issuerUrl)} of the token. ${REASONS.issuer_unknown.nextStep}`;
}

export function sourceNotAccepted(source: CredentialSource, accepted: readonly CredentialSource[]): string {
  return `This service does not accept a credential as ${quotedName(source)}. Send it as one of: ${accepted.join(', ')}.`;
}

/** The names that the path and the contents of an uploaded package contain. */
export function otherPackageInFile(named: string, contained: string): string {
  return `The path names the package ${quotedName(named)}, but the file is the package ${quotedName(contained)}. Upload the file under its name.`;
}

export const PACKAGE_IN_FORM =
  'The body is a multipart form. Send the package file itself as the body, for example with curl --upload-file.';

export const PACKAGE_ENCODED = 'The package has a Content-Encoding. Send the file without Content-Encoding.';

/** `detail`: the problem of an uploaded file. */
export function invalidPackage(detail: string): string {
  return `The upload is no valid package: ${onOneLine(detail)}. Send one complete package file, as it was built.`;
}

/** `bound`: the package of the first push of the token. */
export function boundToPackage(bound: string): string {
  return `This publishing token covers ${quotedName(bound)} only, the package of its first push. ${REASONS.package_not_covered.nextStep}`;
}

export const PACKAGE_NOT_READABLE =
  'A publishing token covers one package, and the gateway cannot determine the package of this request: it is too large or in a form that the gateway does not read, or the file name can belong to several packages. Send another token of the job, or ask the operators of the gateway to set trustedPublishing.packages: granted.';

export const DEPLOY_TOKEN_EXPIRED =
  'The deploy token has expired. Ask the operators of the gateway for a new one.';

/** For the holder of the secret only, which is a valid credential without a user name. */
export const DEPLOY_TOKEN_OF_ANOTHER_USER =
  'The secret belongs to a deploy token with another user name. Send the user name of the deploy token.';

export const ACCESS_TOKEN_EXPIRED =
  'The access token of the gateway has expired. Exchange the credential of your job for a new one.';

const MAX_AUDIENCES = 3;

function targetOf({ extent, resource }: Operation): string {
  switch (extent) {
    case 'one':
      return quotedName(resource);
    case 'any':
      return 'any resource';
    case 'every':
      return 'all resources';
    default:
      return extent satisfies never;
  }
}

/** Bounded and on one line, because the text can be part of a header. */
function quotedName(text: string): string {
  return `"${onOneLine(text).replaceAll('"', '?')}"`;
}

function onOneLine(client: string): string {
  const text = redactCredentials(client);
  const shown = text.length <= MAX_NAME ? text : `${text.slice(0, MAX_NAME)}...`;
  return shown.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
}

const MAX_NAME = 200;
