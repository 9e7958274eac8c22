import { MAX_FILE_START, type PackageFile } from '../shared/package-file.ts';
import { readPackageName } from './header.ts';
import { rpmName } from './names.ts';

/** Reads a package as rpmbuild creates it. */
export function readRpm(start: Buffer): PackageFile {
  const found = readPackageName(start);
  switch (found.kind) {
    case 'invalid':
      return found;
    case 'beyond':
      return start.length < MAX_FILE_START
        ? { kind: 'invalid', detail: 'an incomplete package' }
        : { kind: 'unreadable' };
    case 'name': {
      const name = rpmName(found.name);
      return name === undefined
        ? { kind: 'invalid', detail: 'a header without a valid package name' }
        : { kind: 'package', name };
    }
    default:
      return found satisfies never;
  }
}
