import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A volume as the kubelet writes it (kubernetes pkg/volume/util/atomic_writer.go): files are symlinks through `..data`,
 * itself a symlink to a dated folder, and an update is one rename over `..data`.
 */
export function createConfigMap(folder: string): {
  readonly folder: string;
  write(files: Readonly<Record<string, string>>): void;
} {
  let serial = 0;
  let previous: string | undefined;
  mkdirSync(folder, { recursive: true });
  return {
    folder,
    write(files) {
      serial += 1;
      const dated = `..2026_11_25_12_00_00.${serial}`;
      mkdirSync(join(folder, dated));
      for (const [name, content] of Object.entries(files)) {
        writeFileSync(join(folder, dated, name), content, { mode: 0o600 });
      }
      symlinkSync(dated, join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
      for (const name of Object.keys(files)) {
        rmSync(join(folder, name), { force: true });
        symlinkSync(join('..data', name), join(folder, name));
      }
      if (previous !== undefined) rmSync(join(folder, previous), { recursive: true });
      previous = dated;
    },
  };
}
