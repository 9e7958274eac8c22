import type { VerifiedCredential } from './credential.ts';

/** Stands for the issuer of the deploy tokens that the configuration holds; no configured issuer has this name. */
export const DEPLOY_TOKENS = ':deploy-tokens';

/** The name under which policy, headers and audit know a deploy token of the configuration. */
export function deployTokenIdentity(name: string): string {
  return `deploy-token:${name}`;
}

export const DEPLOY_SECRET_PREFIX = 'ghdt_';

/** `ghdt_NAME_` and 256 bits in hex: the name is in it, so that one header is enough and a leaked one can be told. */
const SECRET = /^ghdt_([A-Za-z0-9][A-Za-z0-9._-]{0,63})_[0-9a-f]{64}$/;

/** The name that one of our secrets carries, or undefined where it has another form. */
export function deployTokenName(secret: string): string | undefined {
  return SECRET.exec(secret)?.[1];
}

/** What clients give as user name, in GitLab's charset. */
export const DEPLOY_USERNAME = /^[A-Za-z0-9.+_-]{1,255}$/;

/** `YYYY-MM-DD` that is on the calendar; `Date` takes 2027-02-30 for the second of March. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && new Date(startOfDay(text)).toJSON()?.startsWith(text) === true;
}

/** 00:00 UTC of a day, milliseconds since the epoch; NaN where there is no such day. */
export function startOfDay(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}

/** A deploy token of the configuration, as the credential that its secret proves. */
export function deployTokenCredential(
  token: {
    readonly name: string;
    readonly username: string;
    /** `sha256:` and 64 hex digits. */
    readonly secretHash: string;
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
