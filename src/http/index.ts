export { createListener, type Handlers, type Listener } from './server.ts';
export type { ListenerSettings } from './server-options.ts';
export { readHead } from './read-head.ts';
