/** `typ` of the JWT that asserts the caller to one recipient. A gateway accepts it only by `tokenTypes` of an issuer. */
export const ASSERTION_TYPE = 'gatehouse-assertion+jwt';

/** Lifetime of an assertion, in seconds. */
export const ASSERTION_LIFETIME = 60;
