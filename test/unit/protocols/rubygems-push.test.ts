import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { packageProtocols } from '../../support/protocols.ts';
import { watchGem } from '../../../src/protocols/rubygems/gem-file.ts';
import { tarArchive, withTarName } from '../../support/deb-archive.ts';
import { attestedForm, gemArchive, specification } from '../../support/gem-archive.ts';
import { describeOperations } from './describe-operations.ts';
import { headsAt } from './request-heads.ts';

const { classify } = packageProtocols.rubygems({ path: '/' });
const head = headsAt('packages.example.com', '/');

async function read(body: Buffer, type = 'application/octet-stream'): Promise<readonly string[]> {
  const push = classify({ ...head('POST', 'api/v1/gems'), rawHeaders: ['Content-Type', type] });
  return describeOperations(push.kind === 'in-body' ? await push.read(body) : push);
}

const acme = gemArchive(specification('acme'));
const spec = specification('acme');

describe('the gem is the one in the specification', () => {
  test.each(['acme', "'acme'", '"acme"'])('name: %s', async (name) => {
    expect(await read(gemArchive(specification(name)))).toEqual(['write one acme']);
  });

  test('with texts that contain a name', async () => {
    const more = [
      'description: |\n  a\n\n  name: other\n   \n  version: 2\n',
      'homepage: a\n  name\n',
      'email:\n-\n- a@example.com\n',
      'dependencies:\n- !ruby/object:Gem::Dependency\n  name: other\n  requirement: !ruby/object:Gem::Requirement\n    requirements:\n    - - ">="\n      - !ruby/object:Gem::Version\n        version: \'0\'\n',
      // RubyGems 4.
      'dependencies:\n  - !ruby/object:Gem::Dependency\n    name: other\n    requirement: !ruby/object:Gem::Requirement\n      requirements:\n        -\n          - ">="\n          - !ruby/object:Gem::Version\n            version: "0"\n',
    ];
    for (const text of more)
      expect(await read(gemArchive(specification('acme', text)))).toEqual(['write one acme']);
  });

  test.each([
    ['ruby', '1.0', ['acme']],
    ['x86_64-linux', '1.0.0.pre.1', ['acme']],
    ['universal-darwin-20', '1.0', ['acme', 'acme-1.0-universal-darwin']],
    // The file has the name of acme-2, version 1.0.
    ["'1.0'", '2', ['acme', 'acme-2']],
  ])('of the platform %s and the version %s', async (platform, version, names) => {
    const yaml = spec.replace('platform: ruby', `platform: ${platform}`).replace("'1.0'", `'${version}'`);
    expect(await read(gemArchive(yaml))).toEqual(names.map((name) => `write one ${name}`));
  });

  test('with a name that ends like a version', async () => {
    expect(await read(gemArchive(specification('acme-2')))).toEqual(['write one acme-2']);
  });

  test('with only the start of the data', async () => {
    const large = gemArchive(spec, { name: 'data.tar.gz.sig', content: Buffer.alloc(2 * 1024 ** 2) });
    expect(await read(large.subarray(0, 1024 ** 2))).toEqual(['write one acme']);
  });
});

describe('a specification that parsers could read differently needs a grant for all gems', () => {
  test.each([
    ['a second name', specification('acme', 'name: other\n')],
    ['a quoted second name', specification('acme', '"name": other\n')],
    ['a tagged second name', specification('acme', '!!str name: other\n')],
    ['a complex key', specification('acme', '? name\n: other\n')],
    ['a merged mapping', specification('acme', '<<: {name: other}\n')],
    ['a second document', `${spec}--- !ruby/object:Gem::Specification\nname: other\n`],
    ['a carriage return', specification('acme', 'email: a\rname: other\n')],
    ['a line separator', specification('acme', 'email: a\u2028name: other\n')],
    ['a next line', specification('acme', 'email: a\u0085name: other\n')],
    ['a continued name', spec.replace('version:', '  continued\nversion:')],
    ['an indented mapping', spec.replace('\nname: acme', '\n name: other\n x: "\nname: acme')],
    ['a name on a later line', spec.replace('name: acme\n', 'platform: ruby\nname: acme\n')],
    ['another object', spec.replace('Specification', 'Version')],
    ['an anchor', specification('&a acme')],
    // RubyGems 4 adds a mapping behind a text that ends at a blank line.
    ...[
      'name: other',
      'name : other',
      '\tname: other',
      '&a name: other',
      '"name": other',
      "'name': other",
      '"n\\x61me": other',
      '!binary bmFtZQ==: other',
      '&a\n  name: other',
      'version: 2-1',
    ].flatMap((line) => [
      [`a quoted text with ${line}`, specification('acme', `description: "a\n\n  ${line}\n  b"\n`)],
      [`a value with ${line}`, specification('acme', `homepage: true\n  ${line}\n`)],
      [`an entry with ${line}`, specification('acme', `files:\n- []\n  ${line}\n`)],
      [`a block scalar and an entry with ${line}`, specification('acme', `email: |\n  a\n- []\n  ${line}\n`)],
    ]),
    [
      'the name of a dependency elsewhere',
      specification('acme', 'email: "- !ruby/object:Gem::Dependency\n\n  name: x"\n'),
    ],
    ['an indented tag', specification('acme', 'email: "a\n    - !ruby/object:Gem::Dependency\n  name: x"\n')],
    ['a line indented by one', specification('acme', 'description: "a\n name: other"\n')],
    ...['null', 'Yes', 'off', 'y', '0x1f', '1e3'].map((name) => [`the scalar ${name}`, specification(name)]),
    ['a version with a hyphen', spec.replace('1.0', '2-1.0')],
    ['a version with a path', spec.replace('1.0', '1/../../other-1.0')],
    ['a long version', spec.replace('1.0', `1${'.1'.repeat(1024 ** 2)}`)],
    ['a long platform', spec.replace('ruby', `x${'-1'.repeat(1024 ** 2)}`)],
    ['a platform with a path', spec.replace('ruby', 'x/../y')],
    ['a platform that continues', spec.replace('platform: ruby', 'platform: ruby\n  1.0')],
    ['no platform', spec.replace('platform: ruby\n', '')],
    [
      'more members than RubyGems writes',
      specification('acme', Array.from({ length: 200 }, (_, i) => `${'a'.repeat(i + 1)}:\n`).join('')),
    ],
    ['an invalid name', specification('../acme')],
    ['no name', ''],
  ])('%s', async (_case, yaml = '') => {
    expect(await read(gemArchive(yaml))).toEqual(['write every']);
  });

  test('two gzip members', async () => {
    const [first, second] = ['name: acme\n', 'name: acme-other\n'].map((line) =>
      gzipSync(`--- !ruby/object:Gem::Specification\n${line}version: 1\n`),
    );
    expect(await read(gemArchive(Buffer.concat([first ?? acme, second ?? acme])))).toEqual(['write every']);
  });

  test('data that is not gzip, or too long', async () => {
    expect(await read(gemArchive(Buffer.from(spec)))).toEqual(['write every']);
    expect(await read(gemArchive(Buffer.alloc(0)))).toEqual(['write every']);
    expect(await read(gemArchive(gzipSync(Buffer.alloc(9 * 1024 ** 2))))).toEqual(['write every']);
  });

  test('a megabyte of line feeds does not hide the name', async () => {
    expect(await read(gemArchive(specification('acme', '\n'.repeat(1024 ** 2))))).toEqual(['write one acme']);
  });

  test('an archive that starts with another file, or with a long specification', async () => {
    expect(await read(tarArchive([{ name: 'metadata', content: spec }]))).toEqual(['write every']);
    const long = gemArchive(Buffer.alloc(2 * 1024 ** 2));
    expect(await read(long.subarray(0, 1024 ** 2))).toEqual(['write every']);
  });

  test('bytes after the gzip member', async () => {
    // Python skips zeros and reads the next member.
    const second = gzipSync(specification('evil'));
    for (const more of [Buffer.alloc(4), Buffer.concat([Buffer.alloc(1), second])])
      expect(await read(gemArchive(Buffer.concat([gzipSync(spec), more])))).toEqual(['write every']);
  });

  // Rack reads a body without a type as a form.
  test.each(['', 'application/x-www-form-urlencoded'])('the media type "%s"', async (type) => {
    expect(await read(acme, type)).toEqual(['write every']);
  });
});

test.each([
  ['another format', Buffer.from('PK'.padEnd(600))],
  ['nothing', Buffer.alloc(0)],
  ['a truncated header', acme.subarray(0, 300)],
  ['a truncated specification', acme.subarray(0, 600)],
  // Gem::Package.new looks for it in the first 20 bytes, and finds the specification of RubyGems 0.8 in the data.
  [
    'the mark of the oldest format after the name of its first file',
    withTarName(acme, 'metadata.gz\0MD5SUM ='),
  ],
])('a gem with %s is refused', async (_case, body) => {
  expect(await read(body)).toEqual(['request_malformed']);
});

describe('all members are checked while the gem streams', () => {
  const inChunks = (gem: Buffer, size: number): readonly string[] => {
    const watch = watchGem();
    for (let at = 0; at < gem.length; at += size) {
      const problem = watch(gem.subarray(at, at + size));
      if (problem !== undefined) return [problem.detail];
    }
    return [];
  };

  test.each([1, 511, 512, 100_000])('in chunks of %i bytes', (size) => {
    const signed = gemArchive(spec, { name: 'data.tar.gz.sig', content: 'x'.repeat(700) });
    expect(inChunks(signed, size)).toEqual([]);
    for (const [name, detail] of [
      ['metadata.gz', 'member 3 of the gem is "metadata.gz"'],
      ['metadata', 'member 3 of the gem is "metadata"'],
      ['data.tar.gz', 'member 3 of the gem is "data.tar.gz"'],
      ['a/../metadata.gz', 'a gem with an invalid tar header'],
    ] as const)
      expect(inChunks(gemArchive(spec, { name, content: specification('other') }), size)).toEqual([detail]);
    expect(inChunks(Buffer.concat([acme, gemArchive(specification('other'))]), size)).toEqual([
      'data after the end of the gem',
    ]);
  });
});

describe('a form with attestations', () => {
  const FORM = 'multipart/form-data; boundary=b';
  const gem = { name: 'gem', filename: 'acme-1.0.gem', content: acme };
  const attestations = { name: 'attestations', content: '[{"a":1}]' };

  test('the gem is the one in the first field', async () => {
    expect(await read(attestedForm(gem, attestations), FORM)).toEqual(['write one acme']);
    expect(await read(attestedForm(gem), FORM)).toEqual(['write one acme']);
  });

  test.each([
    ['a second gem', attestedForm(gem, { ...gem, content: gemArchive(specification('other')) })],
    ['a gem behind the attestations', attestedForm(attestations, gem)],
    ['another field', attestedForm(gem, attestations, { name: 'x', content: '1' })],
    ['attestations that are not JSON', attestedForm(gem, { ...attestations, content: acme })],
    ['no end', attestedForm(gem, attestations).subarray(0, -10)],
    ['no fields', attestedForm()],
    [
      'more bytes than the limit',
      attestedForm(gem, { ...attestations, content: `["${'x'.repeat(2 ** 20)}"]` }),
    ],
  ])('with %s needs a grant for all gems', async (_case, body) => {
    expect(await read(body, FORM)).toEqual(['write every']);
  });

  test('with two specifications is refused', async () => {
    const content = gemArchive(spec, { name: 'metadata', content: specification('other') });
    expect(await read(attestedForm({ ...gem, content }, attestations), FORM)).toEqual(['request_malformed']);
  });
});
