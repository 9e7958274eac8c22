/** Debian Policy §5.6.1 and §5.6.7. */
const NAME = /^[a-z0-9][a-z0-9+.-]+$/;

/** `NAME_VERSION_ARCHITECTURE.deb`; `udeb` of the installer, `ddeb` with debug symbols. */
const BINARY = /^([^_]+)_[A-Za-z0-9.+~:-]+_[a-z0-9-]+\.(?:deb|udeb|ddeb)$/;

/** Files of a source package, or of its build (dpkg-source(1), dpkg-genbuildinfo(1)). */
const SOURCE =
  /^([^_]+)_[A-Za-z0-9.+~:_-]+\.(?:dsc|buildinfo|diff\.gz|tar\.(?:gz|bz2|lzma|xz|zst)(?:\.asc)?)$/;

/** Index files of a flat repository, and the folders of their differences. */
const RELEASE = /^(?:InRelease|Release|Release\.gpg)$/;
const INDEX =
  /^(?:Packages|Sources|Contents-[a-z0-9-]+|Translation-[A-Za-z_-]+)(?:\.(?:gz|bz2|lzma|lz4|xz|zst|(diff)))?$/;

/** Public keys: of Gitea, and keyrings in the formats of `Signed-By` (sources.list(5)). */
const KEY = /^(?:repository\.key|[A-Za-z0-9-]+\.(?:gpg|asc))$/;

/** Endings of packages, which are never metadata. */
const PACKAGE = /\.(?:u|d)?deb$/i;

export interface DebFile {
  readonly kind: 'binary' | 'source';
  /** Of a source file: the name of the source package. */
  readonly name: string;
}

/** The package that the name of a file shows; the folder is the folder of the source package. */
export function readDebFile(escaped: string): DebFile | undefined {
  // apt encodes `+` as `%2b`.
  const file = decodeURIComponent(escaped);
  for (const [kind, pattern] of [
    ['binary', BINARY],
    ['source', SOURCE],
  ] as const) {
    const [, name = ''] = pattern.exec(file) ?? [];
    if (NAME.test(name)) return { kind, name };
  }
  return undefined;
}

/** The name, if it is one that dpkg accepts. */
export function debName(name: string): string | undefined {
  return NAME.test(name) ? name : undefined;
}

/** Whether the path is an index file, a difference of two index files, or a public key. */
export function isMetadata(segments: readonly string[]): boolean {
  const last = segments.at(-1) ?? '';
  if (last === '' || PACKAGE.test(decodeURIComponent(last))) return false;
  if (segments.slice(0, -1).includes('dists') || RELEASE.test(last) || KEY.test(last)) return true;
  const [, ofFolder] = INDEX.exec(segments.at(-2) ?? '') ?? [];
  return INDEX.test(last) || ofFolder !== undefined || segments.at(-3) === 'by-hash';
}
