import { cargoProtocol } from './cargo/cargo.ts';
import { conanProtocol } from './conan/conan.ts';
import { debProtocol } from './deb/deb.ts';
import { genericProtocol } from './generic.ts';
import { goProtocol } from './go.ts';
import { helmProtocol } from './helm.ts';
import { mavenProtocol } from './maven.ts';
import { npmProtocol } from './npm/npm.ts';
import { nugetProtocol } from './nuget/nuget.ts';
import { pypiProtocol } from './pypi/pypi.ts';
import { rpmProtocol } from './rpm/rpm.ts';
import { rubygemsProtocol } from './rubygems/rubygems.ts';
import { terraformProtocol } from './terraform/terraform.ts';

export { gitProtocol } from './git/git.ts';
export { gitlabProtocol } from './gitlab/gitlab.ts';
export { httpProtocol, httpScopes, type HttpSettings } from './http/http.ts';
export { npmPackageName } from './npm/npm.ts';
export { ociProtocol, registryRoot } from './oci/oci.ts';
export { operationsForAccess, readScopes } from './oci/scope.ts';
export { jsonRefusal } from './shared/refusal.ts';
export { createTokenRouteGuard } from './token-routes/guard.ts';

/** Package and file formats by service type. */
export const packageProtocols = {
  cargo: cargoProtocol,
  conan: conanProtocol,
  deb: debProtocol,
  generic: genericProtocol,
  go: goProtocol,
  helm: helmProtocol,
  maven: mavenProtocol,
  npm: npmProtocol,
  nuget: nugetProtocol,
  pypi: pypiProtocol,
  rpm: rpmProtocol,
  rubygems: rubygemsProtocol,
  terraform: terraformProtocol,
} as const;
