import { isZeroed, readTarEntry, TAR_BLOCK, tarBlocks } from '../shared/tar.ts';
import { debName } from './names.ts';

/** Files of a control archive. Packages have about a dozen. */
const MAX_ENTRIES = 1000;

/**
 * The package in the file `control` of an uncompressed control archive. Undefined if the archive or the file is not as
 * dpkg-deb writes it: programs could then read another name.
 */
export function packageOf(archive: Buffer): string | undefined {
  let control: Buffer | undefined;
  let at = 0;
  for (let count = 0; !isZeroed(archive.subarray(at, at + TAR_BLOCK)); count += 1) {
    const entry = count < MAX_ENTRIES ? readTarEntry(archive.subarray(at, at + TAR_BLOCK)) : undefined;
    if (entry === undefined) return undefined;
    const content = archive.subarray(at + TAR_BLOCK, at + TAR_BLOCK + entry.size);
    if (content.length < entry.size) return undefined;
    if (entry.name.toLowerCase() === 'control') {
      if (control !== undefined || !entry.isFile) return undefined;
      control = content;
    }
    at += TAR_BLOCK + tarBlocks(entry.size);
  }
  // The end is two blocks of zeros; nothing follows it.
  const end = archive.subarray(at);
  const ended = end.length >= 2 * TAR_BLOCK && isZeroed(end);
  return ended && control !== undefined ? nameIn(control) : undefined;
}

/** Lines of a control file, most of them a description. Splitting megabytes of line feeds takes seconds. */
const MAX_LINES = 10_000;

/** A field, or a line that continues one (deb822(5)). */
const LINE = /^(?:(?![#-])[!-9;-~]+[ \t]*:|[ \t]+[^ \t])/;

/** Control characters, and the other ends of lines in Unicode, as bytes of UTF-8: Python's str.splitlines. */
const OTHER_CONTROLS = /[\0-\x08\x0b-\x1f\x7f]|\xc2\x85|\xe2\x80[\xa8\xa9]/;

/** The field `Package` of a file with one paragraph (deb-control(5)). */
function nameIn(control: Buffer): string | undefined {
  const text = control.toString('latin1');
  const lines = text.trimEnd().split('\n', MAX_LINES + 1);
  // Gitea finds a field after any white space of Unicode, such as a form feed.
  if (OTHER_CONTROLS.test(text) || lines.length > MAX_LINES || !lines.every((line) => LINE.test(line)))
    return undefined;
  const names = lines.filter((line) => /^package[ \t]*:/i.test(line));
  const [, name = ''] = /^Package:[ \t]*([^ \t]+)[ \t]*$/.exec(names[0] ?? '') ?? [];
  return names.length === 1 ? debName(name) : undefined;
}
