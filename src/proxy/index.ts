export { createForwarder, type Forwarder } from './relay/forwarder.ts';
export type { ForwardSettings } from './relay/forward-settings.ts';
export { createEgressClient } from './transport/upstream-client.ts';
export type { CredentialProbe } from './upstream-credentials/request-credential.ts';
export { credentialTemplates } from './upstream-credentials/credential-templates.ts';
export { createHeadersForProxy } from './headers/headers-for-proxy.ts';
export { createRemovedParameter } from './headers/credential-parameters.ts';
export { StallWatch } from './relay/stall-watch.ts';
