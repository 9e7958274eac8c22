export { readSubrequest } from './read-subrequest.ts';
export { createSubrequestRules, PROXIED_TYPES } from './subrequest-rules.ts';
