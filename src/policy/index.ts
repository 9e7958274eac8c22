export { createAuthorizer } from './evaluate/authorizer.ts';
export type { Authorizer } from './evaluate/authorizer.ts';
export type { Question } from './explain/explain.ts';
export type { Explanation } from './explain/explanation.ts';
export { formatExplanation } from './explain/format-explanation.ts';
export type { ServiceAuthorizer } from './evaluate/service-authorizer.ts';
export type { HeldGrant } from './evaluate/effective-grants.ts';
export type { PolicySettings } from './settings.ts';
