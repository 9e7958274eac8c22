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
