import { createRequire } from 'node:module';
import type * as nodeHttp from 'node:http';

const require = createRequire(import.meta.url);

/**
 * An `import` of node:http evaluates its getters, and the one of WebSocket loads undici: 15 ms of CPU time and 8 MiB
 * at every start, for a client that the gateway does not use.
 */
export const http = require('node:http') as typeof nodeHttp;
