/** `typ` of the JWT that asserts the caller to an upstream. The gateway never accepts this type. */
export const ASSERTION_TYPE = 'gatehouse-assertion+jwt';

/** Lifetime of an assertion, in seconds. */
export const ASSERTION_LIFETIME = 60;
