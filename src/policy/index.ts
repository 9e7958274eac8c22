export { compileAuthorizer, createAuthorizer } from './evaluate/authorizer.ts';
export type { Authorizer } from './evaluate/authorizer.ts';
export type { ExplainedRequest } from './explain/explain.ts';
export type { Explanation } from './explain/explanation.ts';
export { formatExplanation } from './explain/format-explanation.ts';
export type { ServiceAuthorizer } from './evaluate/service-authorizer.ts';
export type { EffectiveGrant } from './evaluate/effective-grants.ts';
export type { PolicySettings } from './settings.ts';
