import { childOf, readForeignFile } from '../../../config/index.ts';
import type { Differences } from '../imported.ts';
import { refuseSource, SourceReader } from '../source-reader.ts';
import { readMount, type VaultMount } from './mount.ts';
import { readRole, type BrowserRole, type VaultRole } from './role.ts';

/** Reads the output of `vault read -format=json`. Throws `config_invalid` if it is malformed. */
export function readVaultFile(file: string, differences: Differences): VaultRole | VaultMount | BrowserRole {
  const source = readForeignFile(file);
  if (source.kind === 'invalid') return refuseSource(file, source.problems);
  const { root } = source;
  const reader = new SourceReader(file);
  const data = childOf(root, 'data');
  if (data?.kind !== 'mapping') {
    reader.refuse(
      root.mark,
      [],
      'has no data; create the file with: vault read -format=json auth/jwt/role/NAME',
    );
    return reader.fail();
  }
  const read =
    childOf(data, 'user_claim') === undefined
      ? readMount(reader, data, differences)
      : readRole(reader, data, differences);
  reader.finish();
  return read;
}
