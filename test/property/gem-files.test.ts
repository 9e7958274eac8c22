/**
 * R8: the gem that is authorized is the one that RubyGems reads in the pushed file. Where the gateway finds one name in a
 * mutated gem, RubyGems finds the same one or refuses the file.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, expect } from 'vitest';
import { packageProtocols } from '../support/protocols.ts';
import { tarArchive, withTarName } from '../support/deb-archive.ts';
import { specification } from '../support/gem-archive.ts';
import { buildGem } from '../support/gem-server.ts';
import { needs } from '../support/needs.ts';
import { run } from '../support/run.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { findTool } from '../support/tools.ts';
import { headsAt } from '../unit/protocols/request-heads.ts';

const RUNS = 1_000;
const { path: folder, close } = temporaryFolder('gem-files');
afterAll(close);

/** Prints the name of the file that servers store for each gem, or an empty line. */
const READER = `
require "rubygems/package"
$stderr.reopen(File::NULL)
Dir.glob(File.join(ARGV[0], "*.gem")).sort.each do |file|
  spec = Gem::Package.new(file).spec rescue nil
  puts(spec.is_a?(Gem::Specification) ? spec.full_name.inspect : "")
rescue StandardError
  puts
end
`;

/** Lines and pieces of lines with a meaning in YAML. */
const PIECES = [
  'name: other',
  '  name: other',
  '"name": other',
  '? name\n: other',
  '<<: {name: other}',
  '!!str name: other',
  '&a name: other',
  '- name: other',
  'version: 2-1.0',
  "  version: '2-1.0'",
  "platform: '1.0'",
  'full_name: other-1.0',
  '--- !ruby/object:Gem::Specification',
  '...',
  '- !ruby/object:Gem::Dependency',
  'description: "a',
  '  b"',
  "'",
  'x: |',
  '  text',
  '',
  '#',
  '\r',
  '\t',
  '\u0085',
  '\u2028',
  'null',
  '0x1f',
];

interface Change {
  readonly kind: 'insert' | 'append' | 'remove' | 'repeat';
  readonly line: number;
  readonly from: number;
  readonly piece: string;
}

/** Lines are inserted, appended to, removed and repeated. */
const CHANGES: fc.Arbitrary<readonly Change[]> = fc.array(
  fc.record({
    kind: fc.constantFrom<Change['kind'][]>('insert', 'insert', 'append', 'remove', 'repeat'),
    line: fc.nat(60),
    from: fc.nat(60),
    piece: fc.constantFrom(...PIECES),
  }),
  { minLength: 1, maxLength: 4 },
);

function mutate(yaml: string, changes: readonly Change[]): string {
  const lines = yaml.split('\n');
  for (const { kind, line, from, piece } of changes) {
    const at = line % lines.length;
    if (kind === 'insert') lines.splice(at, 0, piece);
    if (kind === 'append') lines[at] += piece;
    if (kind === 'remove') lines.splice(at, 1);
    if (kind === 'repeat') lines.splice(at, 0, lines[from % lines.length] ?? '');
  }
  return lines.join('\n');
}

/** The gems for which the push needs a grant; undefined if it is refused or needs more. */
async function authorized(body: Buffer): Promise<readonly string[] | undefined> {
  const rawHeaders = ['Content-Type', 'application/octet-stream'];
  const push = packageProtocols
    .rubygems({ path: '/' })
    .classify({ ...headsAt('h', '/')('POST', 'api/v1/gems'), rawHeaders });
  if (push.kind !== 'in-body') throw new Error(push.kind);
  const found = await push.read(body.subarray(0, push.maxBytes));
  if (found.kind !== 'operations' || found.plan?.watch?.()(body) !== undefined) return undefined;
  return found.operations.every(({ extent }) => extent === 'one')
    ? found.operations.map(({ resource }) => resource)
    : undefined;
}

/** The data of RubyGems 0.8, behind a mark in the first 20 bytes. */
function oldFormat(data: Buffer): Buffer {
  const hidden = `\n__END__\n${specification('other')}\n---\n`;
  const archive = tarArchive([
    { name: 'metadata.gz', content: gzipSync(specification('acme')) },
    { name: 'data.tar.gz', content: data },
    { name: 'data.tar.gz.sig', content: hidden },
  ]);
  return withTarName(archive, 'metadata.gz\0MD5SUM =');
}

needs('gem').test(
  'RubyGems reads the gem that is authorized',
  async () => {
    const built = readFileSync(await buildGem(folder, 'acme'));
    const metadata = built.subarray(512, 512 + Number.parseInt(built.toString('latin1', 124, 135), 8));
    const yaml = gunzipSync(metadata).toString('utf8');
    const data = gzipSync(tarArchive([{ name: 'lib', content: '' }]));
    const gemOf = (text: string): Buffer =>
      tarArchive([
        { name: 'metadata.gz', content: gzipSync(text) },
        { name: 'data.tar.gz', content: data },
      ]);
    const gems = [
      gemOf(yaml),
      oldFormat(data),
      ...fc.sample(CHANGES, RUNS).map((changes) => gemOf(mutate(yaml, changes))),
    ];
    gems.forEach((gem, i) => writeFileSync(join(folder, `${String(i).padStart(5, '0')}.gem`), gem));
    const ruby = findTool('gem')?.replace(/gem$/, 'ruby') ?? 'ruby';
    const { stdout, stderr } = await run(ruby, ['-e', READER, folder]);
    const read = stdout.split('\n');
    expect([read[0], read[1], read.length], stderr).toEqual(['"acme-1.0"', '"other-1.0"', gems.length + 1]);
    let agreed = 0;
    for (const [i, gem] of gems.entries()) {
      const names = await authorized(gem);
      const file = read[i] ?? '';
      if (names === undefined || file === '') continue;
      // A change may append to the name, which both then read.
      const owners = names.filter((name) => new RegExp(`^"${name}-\\d[\\w.]*(?:-[\\w.]+)*"$`).test(file));
      expect(owners, `${file} of ${names.join(', ')}`).not.toEqual([]);
      agreed += 1;
    }
    expect(agreed).toBeGreaterThan(20);
  },
  120_000,
);
