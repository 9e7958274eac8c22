/** Names of a service type, or a superset of them. The classes are those of a regular expression. */
export interface NameForm {
  readonly characters: string;
  /** First and last character of each segment. */
  readonly first: string;
  readonly last: string;
  /** `scoped`: `name` or `@scope/name`. `domain`: the first of the segments is a domain. */
  readonly segments: 'one' | 'many' | 'scoped' | 'domain';
  /** Patterns that no name matches, beyond the form. */
  readonly refused?: RegExp;
  /** Verb phrases: about the characters, and about the whole name. */
  readonly spelling: string;
  readonly shape: string;
}

const LOWER = 'a-z0-9';
const MIXED = 'A-Za-z0-9';

/** The names that src/protocols/ accepts. Types that are missing accept any path. */
export const NAME_FORMS: Readonly<Record<string, NameForm>> = {
  // OCI distribution specification 1.1, "Pulling manifests".
  oci: {
    characters: `${LOWER}._\\-`,
    first: LOWER,
    last: LOWER,
    segments: 'many',
    spelling: 'are lowercase',
    shape: 'have segments of lowercase letters and digits, separated by ".", "_" or "-"',
  },
  // PEP 503.
  pypi: {
    characters: `${LOWER}\\-`,
    first: LOWER,
    last: LOWER,
    segments: 'one',
    spelling: 'are lowercase, with "-" for "_" and "."',
    shape: 'start and end with a letter or digit',
  },
  cargo: {
    characters: `${LOWER}\\-`,
    first: 'a-z',
    last: `${LOWER}\\-`,
    segments: 'one',
    spelling: 'are lowercase, with "-" for "_"',
    shape: 'start with a letter',
  },
  // validate-npm-package-name, with legacy names.
  npm: {
    characters: `${MIXED}._~\\-`,
    first: `${MIXED}~`,
    last: `${MIXED}._~\\-`,
    segments: 'scoped',
    spelling: 'are "name" or "@scope/name" of letters, digits, ".", "_", "~" and "-"',
    shape: 'are "name" or "@scope/name"',
  },
  // Ids are case-insensitive, and lowercase here.
  nuget: {
    characters: `${LOWER}_.\\-`,
    first: `${LOWER}_`,
    last: `${LOWER}_`,
    segments: 'one',
    spelling: 'are package ids in lowercase',
    shape: 'start and end with a letter, a digit or "_"',
  },
  // golang.org/x/mod/module, CheckPath.
  go: {
    characters: `${MIXED}._~\\-`,
    first: `${MIXED}_~\\-`,
    last: `${MIXED}_~\\-`,
    segments: 'domain',
    spelling: 'are module paths without scheme, version and escapes',
    shape: 'start with a domain in lowercase, such as gitlab.example.com/acme/lib',
  },
  git: {
    characters: `${MIXED}._~@+\\-`,
    first: `${MIXED}_~@+\\-`,
    last: `${MIXED}._~@+\\-`,
    segments: 'many',
    refused: /\.git(?:\/|$)/i,
    spelling: 'are repository paths of letters, digits, ".", "_", "~", "@", "+" and "-"',
    shape: 'are repository paths without ".git", and no segment starts with "."',
  },
  // Debian Policy §5.6.7.
  deb: {
    characters: `${LOWER}+.\\-`,
    first: LOWER,
    last: `${LOWER}+.\\-`,
    segments: 'one',
    spelling: 'are package names in lowercase, without version and architecture',
    shape: 'start with a letter or digit',
  },
  rpm: {
    characters: `${MIXED}._+\\-`,
    first: `${MIXED}_`,
    last: `${MIXED}._+\\-`,
    segments: 'one',
    spelling: 'are package names without version, release and architecture',
    shape: 'start with a letter, a digit or "_"',
  },
  // Gem::Specification::VALID_NAME_PATTERN, Gem::SpecificationPolicy#validate_name.
  rubygems: {
    characters: `${MIXED}._\\-`,
    first: MIXED,
    last: `${MIXED}._\\-`,
    segments: 'one',
    spelling: 'are gem names without version and platform',
    shape: 'start with a letter or digit',
  },
  // conan/api/model/refs.py, `validate_ref`; the paths of the API have `_` for no user and no channel.
  conan: {
    characters: `${LOWER}_+.@\\-`,
    first: `${LOWER}_`,
    last: `${LOWER}_+.@\\-`,
    segments: 'many',
    // `*` stops at `/`, and a claim can contain one.
    refused: /^(?!.*(?:\*\*|\{))(?![^/]+\/[^/]*[@*][^/]*\/[^/]+$)/,
    spelling: 'are lowercase references NAME/VERSION@USER/CHANNEL',
    shape: 'are NAME/VERSION@USER/CHANNEL, with _ for no user and no channel',
  },
  // Chart.yaml, `name` (chart.Metadata.Validate).
  helm: {
    characters: `${MIXED}._\\-`,
    first: `${MIXED}._\\-`,
    last: `${MIXED}._\\-`,
    segments: 'one',
    spelling: 'are chart names without repository',
    shape: 'are chart names',
  },
  // The Maven 2 layout; `;` starts a path parameter.
  maven: {
    characters: `${MIXED}_.+~;=\\-`,
    first: `${MIXED}_.+~;=\\-`,
    // Without its signature, `a..asc` is `a.`.
    last: `${MIXED}_.+~;=\\-`,
    segments: 'many',
    refused: /[^/*}]\.(?:md5|sha1|sha256|sha512|asc)$/,
    spelling: 'are file paths of the Maven 2 layout, such as com/acme/app/**',
    shape: 'are file paths; a checksum or signature has the name of its file',
  },
  // src/protocols/terraform/.
  terraform: {
    characters: `${MIXED}._~+@=:\\-`,
    first: MIXED,
    last: `${MIXED}._~+@=\\-`,
    segments: 'many',
    refused: /^(?!(?:modules|providers|states)\/)[^/*{}]+(?:\/|$)/,
    spelling: 'are source addresses or names of states',
    shape: 'start with "modules/", "providers/" or "states/"',
  },
};
