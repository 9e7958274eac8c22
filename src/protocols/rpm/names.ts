/** Characters that rpmbuild accepts in names (rpm, build/parsePreamble.c, ALLOWED_CHARS_NAME). */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._+-]*$/;

/** `VERSION-RELEASE` has no other hyphen (rpm-version(7)). */
const FILE = /^(.+)-[A-Za-z0-9._+~^]+-[A-Za-z0-9._+~^]+\.[A-Za-z0-9_]+\.rpm$/;

/** `NAME-OLDVERSION-OLDRELEASE_VERSION-RELEASE.ARCH.drpm` (createrepo_c, deltarpms.c). */
const DELTA =
  /^(.+)-[A-Za-z0-9._+~^]+-[A-Za-z0-9._+~^]+_[A-Za-z0-9._+~^]+-[A-Za-z0-9._+~^]+\.[A-Za-z0-9_]+\.drpm$/;

/** Public keys: of Gitea, and in the formats of `gpgkey` (dnf.conf(5)). */
const KEY = /^(?:repository\.key|RPM-GPG-KEY[A-Za-z0-9._-]*|[A-Za-z0-9-]+\.(?:gpg|asc))$/;

/** Characters of a file name; no file system stores a longer one. */
const MAX_FILE_NAME = 255;

/** The name in the name of a package file: name, version, release and architecture. */
export function readRpmFile(escaped: string): string | undefined {
  const file = decodeURIComponent(escaped);
  if (file.length > MAX_FILE_NAME) return undefined;
  const [, name = ''] = FILE.exec(file) ?? DELTA.exec(file) ?? [];
  return NAME.test(name) ? name : undefined;
}

/** The name, if it is one that rpmbuild accepts. */
export function rpmName(name: string): string | undefined {
  return NAME.test(name) ? name : undefined;
}

/** Whether the path is an index file or a public key. */
export function isRepodata(segments: readonly string[]): boolean {
  const last = segments.at(-1) ?? '';
  if (last === '' || /\.d?rpm$/i.test(decodeURIComponent(last))) return false;
  return segments.at(-2) === 'repodata' || KEY.test(last);
}
