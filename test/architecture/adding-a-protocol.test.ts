/** docs/guides/adding-a-protocol.md: its rules hold for every format, and its worked example works as the page is followed. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageServices } from '../../src/config/schema/services/packages.ts';
import { packageProtocols } from '../support/protocols.ts';
import { snippet } from '../support/docs.ts';
import { applyDiff, readPageEdits } from '../support/page-edits.ts';
import { readText, repositoryFiles, ROOT } from '../support/repository.ts';
import { run, type Outcome } from '../support/run.ts';

const PAGE = 'docs/guides/adding-a-protocol.md';
const page = readText(PAGE);
const files = await repositoryFiles();
const types = packageServices.map(({ shape }) => shape.type.value);

test('every format is a line in each of two files', () => {
  expect(Object.keys(packageProtocols).toSorted()).toEqual(types.toSorted());
});

test.each(types)('%s has a protocol and a unit test, and no other module depends on it', (type) => {
  expect(
    files.filter(
      (file) => file === `src/protocols/${type}.ts` || file === `src/protocols/${type}/${type}.ts`,
    ),
  ).toHaveLength(1);
  expect(files).toContain(`test/unit/protocols/${type}.test.ts`);
  const comparison = new RegExp(`(?:type\\s*[!=]==\\s*|case\\s+)'${type}'`);
  const modules = files.filter(
    (file) => /^src\/.*\.ts$/.test(file) && !/^src\/(?:protocols|config)\//.test(file),
  );
  expect(modules.length).toBeGreaterThan(50);
  expect(modules.filter((file) => comparison.test(readText(file)))).toEqual([]);
});

describe('the page', () => {
  test('describes every member of Protocol, and no other', () => {
    const source = readText('src/core/request/protocol.ts');
    const [, body = ''] = /export interface Protocol \{(.*?)\n\}/s.exec(source) ?? [];
    const members = [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[(:]/gm)].map(([, name]) => name);
    const described = [...page.matchAll(/^\| `(\w+)` /gm)].map(([, name]) => name);
    expect(members.length).toBeGreaterThan(3);
    expect(described).toEqual(members);
  });

  test('names functions and files that exist', () => {
    const source = readText('src/protocols/shared/package-operations.ts');
    const functions = [...page.matchAll(/^- `(\w+)\(/gm)].map(([, name]) => name);
    expect(functions).toHaveLength(5);
    for (const name of functions) expect(source).toContain(`function ${name}(`);
    const edited = new Set(readPageEdits(page).map(({ path }) => path));
    const named = [...page.matchAll(/`((?:src|test|docs|config)\/[\w./-]+\.(?:ts|md|yaml))`/g)].map(
      ([, path = '']) => path,
    );
    expect(named.length).toBeGreaterThan(10);
    for (const path of named) if (!edited.has(path)) expect(files).toContain(path);
  });
});

describe('the worked example, in a copy of the repository', () => {
  const edits = readPageEdits(page);
  let copy: string;

  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'gatehouse-format-'));
    for (const file of files) {
      mkdirSync(dirname(join(copy, file)), { recursive: true });
      cpSync(join(ROOT, file), join(copy, file));
    }
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    for (const { kind, path, text } of edits) {
      const target = join(copy, path);
      if (kind === 'create' && existsSync(target)) throw new Error(`${path} exists`);
      writeFileSync(target, kind === 'create' ? text : applyDiff(readFileSync(target, 'utf8'), text));
    }
  }, 60_000);
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  /** Runs a shell command with the pinned Node, without the variables of the test runner around it. */
  function shell(command: string): Promise<Outcome> {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(?:VITEST|NODE_|TEST$|CI$)/.test(name),
    );
    const path = [join(ROOT, 'node_modules/.bin'), process.env['PATH']].join(delimiter);
    return run('sh', ['-e', '-c', command], {
      cwd: copy,
      env: { ...Object.fromEntries(inherited), PATH: path },
    });
  }

  test('touches at most four hand-written files', () => {
    expect(edits.map(({ path }) => path)).toEqual([
      'src/protocols/cran.ts',
      'src/protocols/index.ts',
      'src/config/schema/services/packages.ts',
      'test/unit/protocols/cran.test.ts',
    ]);
  });

  test('passes the commands of the page', { timeout: 240_000 }, async () => {
    const commands = snippet(PAGE, '5. Test it', 'commands').trim().split('\n');
    expect(commands).toHaveLength(5);
    for (const command of commands) {
      const outcome = await shell(command);
      expect(outcome.code, `${command}\n${outcome.stdout}${outcome.stderr}`).toBe(0);
    }
    expect(readFileSync(join(copy, 'config/gatehouse.schema.json'), 'utf8')).toContain('"cran"');
  });

  test('passes the tests that cover every service type', { timeout: 240_000 }, async () => {
    const covering = files.filter(
      (file) =>
        /^test\/(?:security|pipeline|unit)\/.*\.test\.ts$/.test(file) &&
        readText(file).includes('SERVICE_TYPES'),
    );
    expect(covering.length).toBeGreaterThan(0);
    const outcome = await shell(`npx vitest run ${covering.join(' ')}`);
    expect(outcome.code, `${outcome.stdout}${outcome.stderr}`.slice(-8_000)).toBe(0);
  });
});
