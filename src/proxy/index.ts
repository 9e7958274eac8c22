export { createForwarder, type Forwarder, type ForwardSettings } from './relay/forwarder.ts';
export { createOutbound } from './transport/upstream-client.ts';
export { StallWatch } from './relay/stall-watch.ts';
