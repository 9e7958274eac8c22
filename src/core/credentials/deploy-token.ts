import type { VerifiedCredential } from './credential.ts';

/** Issuer name of the deploy tokens of the configuration. A configured issuer cannot have this name. */
export const DEPLOY_TOKENS = ':deploy-tokens';

/** An issuer in a message. The configuration has no key with the name of its deploy tokens' issuer. */
export function describeIssuer(issuer: string): string {
  return issuer === DEPLOY_TOKENS ? 'the configuration' : `issuer "${issuer}"`;
}

/** Identity name of a deploy token of the configuration, in policy, identity headers and audit events. */
export function deployTokenIdentity(name: string): string {
  return `deploy-token:${name}`;
}

export const DEPLOY_SECRET_PREFIX = 'ghdt_';

/**
 * `ghdt_NAME_` and 256 bits in hex. The name makes one header sufficient for authentication, and identifies
 * the token if its secret leaks.
 */
const SECRET = /^ghdt_([A-Za-z0-9][A-Za-z0-9._-]{0,63})_[0-9a-f]{64}$/;

/**
 * Returns the deploy token's name contained in a secret. Undefined if the text is not a secret of this form.
 */
export function parseDeployTokenName(secret: string): string | undefined {
  return SECRET.exec(secret)?.[1];
}

/** User names of deploy tokens, in the character set of GitLab. */
export const DEPLOY_USERNAME = /^[A-Za-z0-9.+_-]{1,255}$/;

/** Whether a text is a calendar day `YYYY-MM-DD`. `Date` alone accepts 2027-02-30 as the second of March. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && new Date(startOfDay(text)).toJSON()?.startsWith(text) === true;
}

/** 00:00 UTC of a day, in milliseconds since the epoch. NaN if the text is not a day. */
export function startOfDay(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}

/** The verified credential that a client with the secret of this deploy token has. */
export function deployTokenCredential(
  token: {
    readonly name: string;
    readonly username: string;
    /** `sha256:` and 64 hex digits. */
    readonly secretHash: string;
    /** `YYYY-MM-DD`: the token expires at 00:00 UTC of that day. */
    readonly expires?: string | undefined;
  },
  issuerUrl: string,
): VerifiedCredential {
  const { name, username, secretHash, expires } = token;
  return {
    class: 'deploy_token',
    issuer: DEPLOY_TOKENS,
    issuerUrl,
    subject: name,
    jti: undefined,
    tokenHash: secretHash.slice('sha256:'.length),
    expiresAt: expires === undefined ? Infinity : startOfDay(expires),
    claims: { deploy_token: name, username },
  };
}
