import { namesBeforeVersion } from '../shared/name-version.ts';

/** Gem::Specification::VALID_NAME_PATTERN and Gem::SpecificationPolicy#validate_name. */
const NAME = /^(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** A version, with a platform or without (Gem::Version::VERSION_PATTERN, Gem::Platform#to_s). */
const VERSION = /^\d+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z_.-]+)?$/;

/** A version as RubyGems writes it: with `.pre.` in place of a hyphen (Gem::Version#initialize). */
const NUMBER = /^(?=.{1,200}$)\d+(?:\.[0-9A-Za-z]+)*$/;

/** The name, if it is one that RubyGems accepts. */
export function gemName(name: string): string | undefined {
  return NAME.test(name) ? name : undefined;
}

/** All gems that `NAME-VERSION[-PLATFORM]` can name: names and platforms can contain `-` and digits. */
export function gemsOfFile(stem: string): readonly string[] {
  return namesBeforeVersion(stem).filter(
    (name) => NAME.test(name) && VERSION.test(stem.slice(name.length + 1)),
  );
}

export interface GemVersion {
  readonly name: string;
  readonly version: string;
  /** `ruby`, or empty: all platforms. */
  readonly platform: string;
}

/**
 * The gem, and others that the file of this version could belong to: version 2 of `acme` for the platform `1.0` has the
 * file of version 1.0 of `acme-2`. Undefined if the version or the platform is not valid.
 */
export function gemsOfVersion({ name, version, platform }: GemVersion): readonly string[] | undefined {
  if (!NUMBER.test(version)) return undefined;
  const names = gemsOfFile(platform === '' ? `${name}-${version}` : `${name}-${version}-${platform}`);
  // A shorter name would have a platform that starts with a version.
  return names.includes(name) ? names.filter((other) => other.length >= name.length) : undefined;
}
