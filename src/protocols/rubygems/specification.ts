import { gemName, gemsOfVersion } from './names.ts';

/** The first members (Gem::Specification#encode_with). The line after a plain scalar could continue it. */
const START =
  /^--- !ruby\/object:Gem::Specification *\nname: (.*)\nversion: !ruby\/object:Gem::Version *\n {2}version: (.*)\nplatform: (.*)\n(?=[a-z_]+:)/;

/** A scalar in the style that Psych chooses for it. */
const SCALAR = /^(?:([A-Za-z0-9._-]+)|'([A-Za-z0-9._-]+)'|"([A-Za-z0-9._-]+)")$/;

/** Plain scalars that are no strings in YAML 1.1 or 1.2. */
const NO_STRING =
  /^(?:null|true|false|yes|no|on|off|y|n|0x[\da-f_]+|0b[01_]+|0o[0-7_]+|[\d_]+(?:\.[\d_]*)?(?:e-?\d+)?)$/i;

/** Line ends of YAML 1.1 other than a line feed, and NUL. */
const UNUSUAL = /[\r\0\u0085\u2028\u2029]/;

/** Members of the root and entries of their sequences start at the first column; other lines are indented by two. */
const OTHER_LINE = /^(?![a-z_]+:(?: |$)|-(?: |$)| {2}|$)/m;

const MEMBER = /^([a-z_]+):(.*)$/gm;

/** Members of the root. RubyGems writes about 40. */
const MAX_MEMBERS = 100;

/** Members in which a version or a dependency starts with a line that `INDENTED` finds. */
const NESTED = /^( *)- !ruby\/object:Gem::(?:Version *\n\1 {2}version|Dependency *\n\1 {2}name):/gm;

/**
 * An indented member that could belong to the root: RubyGems 4 ends a text at a blank line, and adds the mapping after it
 * to the root (Gem::YAMLSerializer::Parser#parse). It decodes keys in double quotes and with a tag.
 */
const INDENTED =
  /^[ \t\v\f]+(?:[&!]|"[^\n]*\\|["']?(?:name|version|platform|original_platform)["']?[ \t\v\f]*:)/m;

/**
 * The gem in the YAML of a specification, and others that its file could belong to. Undefined if it is not in the form
 * that RubyGems writes (Gem::Specification#to_yaml): YAML parsers could read another name.
 */
export function gemsIn(yaml: Buffer): readonly string[] | undefined {
  const text = yaml.toString('utf8');
  const start = START.exec(text);
  if (start === null || UNUSUAL.test(text) || !isUnambiguous(text.slice(start[0].length))) return undefined;
  const [name, version, platform] = start.slice(1).map(scalar);
  if (name === undefined || version === undefined || platform === undefined) return undefined;
  return gemName(name) === undefined ? undefined : gemsOfVersion({ name, version, platform });
}

function scalar(text: string): string | undefined {
  const [, plain, single, double] = SCALAR.exec(text) ?? [];
  return plain !== undefined && NO_STRING.test(plain) ? undefined : (plain ?? single ?? double);
}

/** Whether all parsers find the same members of the root behind the first ones. */
function isUnambiguous(text: string): boolean {
  if (OTHER_LINE.test(text)) return false;
  const names = new Set(['name', 'version', 'platform']);
  const starts: number[] = [];
  for (const { 1: name = '', index } of text.matchAll(MEMBER)) {
    if (names.has(name) || names.size > MAX_MEMBERS) return false;
    names.add(name);
    starts.push(index);
  }
  return starts.every((start, i) => hasOwnMembers(text.slice(start, starts[i + 1])));
}

/** Whether indented members in the lines of this member of the root are part of its value. */
function hasOwnMembers(lines: string): boolean {
  // A block scalar ends at a line that is not indented.
  if (/^[a-z_]+: \|/.test(lines)) return !lines.includes('\n-');
  return !INDENTED.test(lines.replaceAll(NESTED, ''));
}
