export type { Config } from './model/config.ts';
export { configJsonSchema } from './reference/json-schema.ts';
export { configReference } from './reference/markdown.ts';
export { loadConfig, type LoadResult } from './load/load.ts';
export { SERVICE_TRAITS } from './schema/service.ts';
export { loadConfigOffThread } from './load/off-thread.ts';
export { watchConfig } from './watch.ts';
export { formatProblem, type Problem } from './problems/problem.ts';
