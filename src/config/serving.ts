/** What the thread that serves requests uses. It loads neither the schema nor YAML: another thread does. */
export { loadConfigOffThread } from './load/off-thread.ts';
export { watchConfig } from './watch.ts';
export { formatProblem, type Problem } from './problems/problem.ts';
export type { LoadResult } from './load/load.ts';
export { certificateFiles, type CertificateFile } from './model/certificate-files.ts';
export { credentialHeadersOf, vaultFields, vaultFieldsOf } from './model/vault-fields.ts';
export { formatPath } from './problems/key-path.ts';
export type { Config } from './model/config.ts';
export { activeVersions, type DelegatedFile } from './model/delegated-files.ts';
export { scopesOfService } from './model/service-traits.ts';
