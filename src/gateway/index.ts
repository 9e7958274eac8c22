export { createPipeline, type Pipeline, type Stages } from './handle-request.ts';
export { classify } from './classify.ts';
export { createAdmit, type Admit } from './verify-with-rate-limit.ts';
export { refuseRevoked } from './check-revocation.ts';
export { createRoute } from './route.ts';
export type { EndpointLine, ServiceLine } from './service-pipeline.ts';
export type { OriginOf, Standing } from './reauthorize.ts';
