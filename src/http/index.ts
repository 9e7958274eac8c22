export { createListener, createSubrequestListener } from './listeners.ts';
export type { Handlers, Listener } from './server.ts';
export type { ListenerSettings } from './server-options.ts';
export { readHead } from './read-head.ts';
