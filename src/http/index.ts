export { createListener, type Handlers, type Listener, type ListenerSettings } from './server.ts';
export { readHead } from './read-head.ts';
