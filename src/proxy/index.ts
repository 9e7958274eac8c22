export { createForwarder, type Forwarder, type ForwardSettings } from './relay/forwarder.ts';
export { createEgressClient } from './transport/upstream-client.ts';
export { StallWatch } from './relay/stall-watch.ts';
