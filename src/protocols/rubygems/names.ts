import { namesBeforeVersion } from '../shared/name-version.ts';

/** Gem::Specification::VALID_NAME_PATTERN and Gem::SpecificationPolicy#validate_name. */
const NAME = /^(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** A version, with a platform or without (Gem::Version::VERSION_PATTERN, Gem::Platform#to_s). */
const VERSION = /^\d+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z_.-]+)?$/;

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
