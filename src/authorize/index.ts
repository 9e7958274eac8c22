export { createAuthorizer } from './authorizer.ts';
export type { Authorizer } from './authorizer.ts';
export type { Question } from './explain.ts';
export type { Explanation } from './explanation.ts';
export { formatExplanation } from './format-explanation.ts';
export type { ServiceAuthorizer } from './service-authorizer.ts';
export type { HeldGrant } from './held-grants.ts';
export type { PolicySettings } from './settings.ts';
