/** `typ` of what tells an upstream who calls: no endpoint of the gateway takes one. */
export const ASSERTION_TYPE = 'gatehouse-assertion+jwt';

/** Seconds. */
export const ASSERTION_LIFETIME = 60;
