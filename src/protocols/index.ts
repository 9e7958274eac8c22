export { genericProtocol } from './generic.ts';
export { httpProtocol, type HttpSettings } from './http.ts';
export { npmProtocol } from './npm.ts';
export { ociProtocol, registryRoot } from './oci.ts';
export { operationsOf, readScopes } from './oci-scope.ts';
export { jsonRefusal } from './refusal.ts';
