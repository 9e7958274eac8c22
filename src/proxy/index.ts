export { createForwarder, type Forwarder } from './relay/forwarder.ts';
export type { ForwardSettings } from './relay/forward-settings.ts';
export { createEgressClient } from './transport/upstream-client.ts';
export { StallWatch } from './relay/stall-watch.ts';
