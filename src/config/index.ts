export type { Config } from './config.ts';
export { configJsonSchema } from './json-schema.ts';
export { configReference } from './reference.ts';
export { loadConfig, type LoadResult } from './load.ts';
export { watchConfig } from './watch.ts';
export { formatProblem, type Problem } from './problem.ts';
