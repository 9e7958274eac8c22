import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';

const require = createRequire(import.meta.url);

/**
 * Loads the YAML parser at the first file that the simple reader leaves to it: the 72 files of the parser are a fifth
 * of the files that load a configuration. Synchronous, as the readers that call it.
 */
export function yamlPackage(): typeof Yaml {
  return require('yaml') as typeof Yaml;
}
