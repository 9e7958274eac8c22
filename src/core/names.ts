/** Names of issuers, identities, roles and services in the configuration. */
export const CONFIGURED_NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/;

/** Names of deploy tokens in the configuration: each is part of a secret (`ghdt_NAME_…`). */
export const DEPLOY_TOKEN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
