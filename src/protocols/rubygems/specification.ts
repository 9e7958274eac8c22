import { gemName } from './names.ts';

const FIRST_LINE = /^--- !ruby\/object:Gem::Specification *$/;

/** A scalar in the style that Psych chooses for it. */
const NAME_LINE = /^name: (?:([A-Za-z0-9._-]+)|'([A-Za-z0-9._-]+)'|"([A-Za-z0-9._-]+)")$/;

/** Members of the root start at the first column; so do the entries of their sequences. */
const LINE = /^(?:([a-z_]+):(?: .*)?|- .*| .*|)$/;

/** Line ends of YAML 1.1 other than a line feed, and NUL. */
const UNUSUAL = /[\r\0\u0085\u2028\u2029]/;

/**
 * The name in the YAML of a specification. Undefined if it is not in the form that RubyGems writes
 * (Gem::Specification#to_yaml): YAML parsers could read another name.
 */
export function nameIn(yaml: Buffer): string | undefined {
  const text = yaml.toString('utf8');
  const [first = '', second = '', ...others] = text.split('\n');
  if (UNUSUAL.test(text) || !FIRST_LINE.test(first)) return undefined;
  const [, plain, single, double] = NAME_LINE.exec(second) ?? [];
  const name = gemName(plain ?? single ?? double ?? '');
  // The line after a plain scalar could continue it.
  if (name === undefined || !others[0]?.startsWith('version:')) return undefined;
  const members = new Set(['name']);
  for (const line of others) {
    const found = LINE.exec(line);
    if (found === null) return undefined;
    const [, member] = found;
    if (member === undefined) continue;
    if (members.has(member)) return undefined;
    members.add(member);
  }
  return name;
}
