export { createPipeline, type Pipeline, type Stages } from './handle-request.ts';
export { classify } from './classify.ts';
export { createRateLimitedVerify, type RateLimitedVerify } from './verify-with-rate-limit.ts';
export { refuseRevoked } from './check-revocation.ts';
export { createRoute } from './route.ts';
export { routeTarget } from './route-target.ts';
export type { EndpointPipeline, ServicePipeline } from './service-pipeline.ts';
export type { TokenSourceOf, Reauthorize } from './reauthorize.ts';
