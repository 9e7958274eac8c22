import { genericProtocol } from './generic.ts';
import { goProtocol } from './go.ts';
import { mavenProtocol } from './maven.ts';
import { npmProtocol } from './npm.ts';
import { nugetProtocol } from './nuget.ts';

export { httpProtocol, type HttpSettings } from './http.ts';
export { ociProtocol, registryRoot } from './oci.ts';
export { operationsOf, readScopes } from './oci-scope.ts';
export { jsonRefusal } from './refusal.ts';

/** Feeds of packages and files, by service type: a format is a file here, and a line. */
export const packageProtocols = {
  generic: genericProtocol,
  go: goProtocol,
  maven: mavenProtocol,
  npm: npmProtocol,
  nuget: nugetProtocol,
} as const;
