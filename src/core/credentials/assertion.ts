/**
 * `typ` of the JWT that asserts the caller's identity to an upstream. No endpoint of the gateway accepts this
 * type.
 */
export const ASSERTION_TYPE = 'gatehouse-assertion+jwt';

/** Lifetime of an assertion, in seconds. */
export const ASSERTION_LIFETIME = 60;
