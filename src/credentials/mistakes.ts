import { MAX_CREDENTIAL_LENGTH, type PresentedCredential } from '../core/credentials/credential.ts';
import type { Deny } from '../core/decision.ts';
import { looksLikeJws } from './extract/token-class.ts';

/** A refused credential; `class` is undefined if its text has none. */
export type RefusedCredential = Pick<PresentedCredential, 'token' | 'username' | 'credentialSource'> & {
  readonly class?: PresentedCredential['class'] | undefined;
};

/**
 * Names the mistake behind a refused credential, from its text only. Called after a refusal, never before a decision.
 * The messages do not contain the text, because it can be a token.
 */
export function recognizeMistake(refused: RefusedCredential): string | undefined {
  return MISTAKES.find(({ matches }) => matches(refused))?.message;
}

/** A refusal with the mistake in the credential, if it is recognised. */
export function withMistake(refusal: Deny, refused: RefusedCredential): Deny {
  const mistake = recognizeMistake(refused);
  return mistake === undefined ? refusal : { ...refusal, mistake };
}

/** Mistakes in an Authorization header that contains no readable credential. */
export const HEADER_MISTAKES = {
  scheme:
    'The scheme of the Authorization header is neither Bearer nor Basic. Send "Authorization: Bearer TOKEN".',
  noScheme: 'The Authorization header has no scheme. Send "Authorization: Bearer TOKEN".',
  notBase64:
    'The value of the Basic scheme is not Base64. Send the Base64 text of "USER:TOKEN", or the token alone as "Authorization: Bearer TOKEN".',
  noColon:
    'The Basic credential has no colon between user name and password. Send the Base64 text of "USER:TOKEN".',
} as const;

interface Mistake {
  readonly matches: (refused: RefusedCredential) => boolean;
  readonly message: string;
}

/** `${VAR}`, `$VAR`, `${{ secrets.VAR }}` of GitHub, `$(VAR)` of Azure DevOps, `$env:VAR` of PowerShell, `%VAR%` of cmd. */
const VARIABLE =
  /^["']?(?:\$\{\{?[^{}]*\}?\}|\$[A-Za-z_]\w*|\$\([A-Za-z_][\w.]*\)|\$env:\w+|%[A-Za-z_]\w*%)["']?$/;

/** The name of a scheme alone: the variable after it is empty, and HTTP removes the final space. */
const SCHEME_ONLY = /^(?:bearer|basic|token)$/i;

/** Prefixes of tokens that no credential class accepts; `gldt-` reaches this list where GitLab's deploy tokens are off. */
const FOREIGN = /^(?:gl(?:pat|oas|rt|ptt|ft|dt)-|gh[oprsu]_|github_pat_|npm_|pypi-|dckr_pat_|hv[bs]\.)/;

/** `eyJ` and `glcbt-` in Base64. */
const ENCODED_TOKEN = /^(?:ZXlK|Z2xjYnQt)/;

/** In order: the first that matches is the most specific. */
const MISTAKES: readonly Mistake[] = [
  {
    matches: ({ token }) => token.length > MAX_CREDENTIAL_LENGTH,
    message: 'The token is too long: at most 16 KiB are accepted. Send one token, and only the token.',
  },
  {
    matches: ({ username, token }) => isUsername(username) && (token === '' || token === 'x-oauth-basic'),
    message: 'The token was sent as the user name. Send it as the password, with any user name.',
  },
  {
    matches: ({ token }) => token === '' || SCHEME_ONLY.test(token),
    message:
      'The credential is empty. Check that the variable with the token is set in this job: a protected variable is empty on an unprotected branch.',
  },
  {
    matches: ({ token }) => VARIABLE.test(token),
    message:
      'The credential is the name of an unexpanded variable, not its value. Check the quotes around it, and that the variable is set in this job.',
  },
  {
    matches: ({ token }) => /^(?:\[(?:masked|filtered|redacted)\]|\*{3,})$/i.test(token),
    message:
      'The credential is the placeholder of a masked value in a job log. Send the value of the variable.',
  },
  {
    matches: ({ token }) => /^(?:null|undefined|none)$/i.test(token),
    message:
      'The credential is the word for a missing value, such as "null" of jq. Check the command that obtains the token.',
  },
  {
    matches: ({ token }) => /^\s*(?:bearer|basic)\s/i.test(token),
    message:
      'The credential contains the name of a scheme. Send "Authorization: Bearer TOKEN" with the name once.',
  },
  {
    matches: ({ token }) => /^\s*["'`]|["'`]\s*$/.test(token),
    message: 'The credential has quotes around it. Send the token without quotes.',
  },
  {
    matches: ({ token }) => /\s/.test(token),
    message:
      'The credential contains white space or a line break. Send the token on one line, for example with "printf %s" instead of "echo".',
  },
  {
    matches: ({ class: kind, token }) => kind === 'job_token' && token.startsWith('eyJ'),
    message:
      'An ID token was sent as a CI job token. Send an ID token as "Authorization: Bearer TOKEN", or as the password of a user name other than "gitlab-ci-token".',
  },
  {
    matches: ({ username }) => isUsername(username),
    message: 'The token was sent as the user name. Send it as the password, with any user name.',
  },
  {
    matches: ({ token }) => ENCODED_TOKEN.test(token),
    message: 'The token is Base64-encoded. Send it as the CI system issued it.',
  },
  {
    matches: ({ credentialSource, token }) => credentialSource !== 'basic' && isEncodedPair(token),
    message:
      'The credential is the Base64 text of a user name and a password. Send it as "Authorization: Basic TEXT".',
  },
  {
    matches: ({ class: kind, token }) => kind === undefined && FOREIGN.test(token),
    message:
      'The gateway does not accept this kind of token, such as a personal access token. Send the ID token of the job.',
  },
  {
    matches: ({ class: kind, token }) =>
      kind === undefined && token.startsWith('eyJ') && !looksLikeJws(token),
    message: 'The token is incomplete: an ID token has three parts with dots between them. Send all of it.',
  },
  {
    matches: ({ class: kind, credentialSource, username, token }) =>
      kind === undefined && username === undefined && credentialSource !== 'form' && !looksLikeJws(token),
    message:
      'The credential is neither an ID token nor a token with a known prefix. Send a CI job token without a prefix in the header JOB-TOKEN, or as the password of the user name "gitlab-ci-token".',
  },
];

/** Whether a user name is a token. */
function isUsername(username: string | undefined): boolean {
  return username !== undefined && (looksLikeJws(username) || /(?:^|-)glcbt-|^ghdt_/.test(username));
}

function isEncodedPair(text: string): boolean {
  if (text.length > MAX_CREDENTIAL_LENGTH || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return false;
  return /^[\x21-\x39\x3b-\x7e]*:(?:eyJ|glcbt-|ghdt_)/.test(Buffer.from(text, 'base64').toString('latin1'));
}
