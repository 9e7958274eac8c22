/** The likely intention, in the form of the type. */
export function correctPattern(type: string, pattern: string): string | undefined {
  const open = pattern.endsWith('/') ? `${pattern}**` : pattern;
  switch (type) {
    case 'oci':
      return open.replace(/[@:][^/]*$/, '').toLowerCase();
    case 'nuget':
      return open.toLowerCase();
    case 'pypi':
      return open.toLowerCase().replaceAll(/[_.]+/g, '-');
    case 'cargo':
      return open.toLowerCase().replaceAll('_', '-');
    case 'npm':
      if (/^@[^/]+$/.test(open)) return `${open}/*`;
      return open.includes('/') && !open.startsWith('@') ? `@${open}` : open.replace(/(?<=.)@.*$/, '');
    case 'go':
      return open
        .replace(/^https?:\/\//, '')
        .replace(/@[^/]*$/, '')
        .replaceAll(/!([a-z])/g, (_, letter: string) => letter.toUpperCase())
        .replace(/^[^/]+/, (domain) => domain.toLowerCase());
    case 'git':
      return open.replaceAll(/\.git(?=\/|$)/gi, '');
    case 'deb':
      return lastSegment(open).replace(/_.*$/, '').toLowerCase();
    case 'rpm':
      return lastSegment(open).replace(/-[^-]*-[^-]*\.rpm$/, '');
    case 'rubygems':
      return lastSegment(open).replace(/-\d[^-]*(?:-.*)?\.gem$/, '');
    case 'conan':
      return conanPattern(open.toLowerCase());
    case 'helm':
      return lastSegment(open);
    case 'maven': {
      const [, group, artifact] = /^([^/:]+):([^/:]+)(?::.*)?$/.exec(open) ?? [];
      return group === undefined
        ? open.replace(/(?:\.(?:md5|sha1|sha256|sha512|asc))+$/, '')
        : `${group.replaceAll('.', '/')}/${artifact ?? '**'}/**`;
    }
    case 'terraform': {
      const [, first = ''] = /^([^/]*)\/[^/]*\/[^/]*$/.exec(open) ?? [];
      if (first === '') return undefined;
      return first.includes('.') ? `providers/${open}` : `modules/${open}`;
    }
    default:
      return undefined;
  }
}

function lastSegment(pattern: string): string {
  return pattern.slice(pattern.lastIndexOf('/') + 1);
}

/** `NAME`, `NAME/VERSION` and `NAME/VERSION@USER`, as conan prints references. */
function conanPattern(pattern: string): string {
  const [, name = '', version = '*', user, channel = '_'] =
    /^([^/@]+)(?:\/([^/@]+)(?:@([^/@]+)(?:\/([^/]+))?)?)?$/.exec(pattern) ?? [];
  if (name === '') return pattern;
  return pattern.includes('/') ? `${name}/${version}@${user ?? '_'}/${channel}` : `${name}/*@*/*`;
}
