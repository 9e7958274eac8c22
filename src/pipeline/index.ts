export { createPipeline, type Pipeline, type Stages } from './handle-request.ts';
export { classify } from './classify.ts';
export { createAdmit, type Admit } from './admission.ts';
export { refuseRevoked } from './revoked.ts';
export { createRoute } from './route.ts';
export type { EndpointLine, ServiceLine } from './service-line.ts';
export type { OriginOf, Standing } from './standing.ts';
