export { createPipeline, type Pipeline, type Stages } from './handle-request.ts';
export { createRoute } from './route.ts';
export type { ServiceLine } from './service-line.ts';
