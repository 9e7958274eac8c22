/** Form of the names of issuers, identities, roles and services in the configuration. */
export const CONFIGURED_NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/;

/**
 * Form of the names of deploy tokens in the configuration. The name is part of the secret (`ghdt_NAME_…`).
 */
export const DEPLOY_TOKEN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
