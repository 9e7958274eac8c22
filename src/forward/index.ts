export { createForwarder, type Forwarder, type ForwardSettings } from './forwarder.ts';
export { createOutbound } from './outbound.ts';
export { StallWatch } from './stall-watch.ts';
