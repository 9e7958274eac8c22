import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../support/repository.ts';
import { run } from '../support/run.ts';

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

interface Summary {
  readonly totalCruised: number;
  readonly violations: readonly Violation[];
  readonly ruleSetUsed: {
    readonly forbidden: readonly { readonly name: string; readonly comment?: string }[];
  };
}

async function cruise(folder: string, targets: readonly string[]): Promise<Summary> {
  const cli = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const args = [cli, '--config', '.dependency-cruiser.mjs', '--output-type', 'json', ...targets];
  const { stdout, stderr } = await run(process.execPath, args, { cwd: folder });
  if (stdout === '') throw new Error(stderr);
  return (JSON.parse(stdout) as { summary: Summary }).summary;
}

/** The offender: a file, what it imports, and the rule that must refuse it. */
const OFFENDERS: readonly (readonly [rule: string, file: string, text: string])[] = [
  ['no-cycles', 'src/audit/chicken.ts', "import { egg } from './egg.ts'; export const chicken = egg;"],
  [
    'no-cycles',
    'src/audit/type-chicken.ts',
    "import type { Egg } from './type-egg.ts'; export interface Chicken { egg: Egg }",
  ],
  ['no-unresolvable', 'src/audit/lost.ts', "import { lost } from './nowhere.ts'; export const found = lost;"],
  ['rooms-know-contract-and-lib', 'src/audit/curious.ts', "export { door } from '../forward/index.ts';"],
  [
    'rooms-know-contract-and-lib',
    'src/audit/curious-type.ts',
    "export type { Door } from '../forward/index.ts';",
  ],
  [
    'rooms-know-contract-and-lib',
    'src/audit/upwards.ts',
    "import type { App } from '../app.ts'; export type A = App;",
  ],
  ['contract-knows-nothing', 'src/contract/worldly.ts', "export { tool } from '../lib/index.ts';"],
  [
    'contract-knows-nothing',
    'src/contract/shopper.ts',
    "import type { Dispatcher } from 'undici'; export type D = Dispatcher;",
  ],
  [
    'lib-has-no-domain',
    'src/lib/expert.ts',
    "import type { Word } from '../contract/index.ts'; export type W = Word;",
  ],
  ['app-uses-front-doors', 'src/app.ts', "import './forward/inner.ts'; export interface App { a: 1 }"],
  ['app-does-not-know-the-cli', 'src/app.ts', "import './cli/index.ts';"],
  ['cli-knows-config-and-app', 'src/cli/burglar.ts', "export { door } from '../forward/index.ts';"],
  [
    'cli-knows-config-and-app',
    'src/cli/back-door.ts',
    "import type { Inner } from '../config/inner.ts'; export type I = Inner;",
  ],
  ['main-knows-the-cli', 'src/main.ts', "import './app.ts';"],
  ['no-third-root', 'src/helper.ts', "import 'node:fs';"],
  [
    'process-is-for-main',
    'src/forward/env.ts',
    "import { env } from 'node:process'; export const home = env;",
  ],
  [
    'no-library-without-owner',
    'src/forward/left-pad.ts',
    "import type { z } from 'vitest'; export type Z = z;",
  ],
  ['src-stands-alone', 'src/forward/tested.ts', "import '../../test/helper.ts';"],
  ['bench-runs-the-product', 'bench/main.ts', "import '../src/app.ts';"],
  ['oracle-is-a-black-box', 'test/oracle/main.ts', "import '../../src/app.ts';"],
  ['oracle-is-a-black-box', 'test/oracle/helped.ts', "import '../helper.ts';"],
  ['owner-of-undici', 'src/audit/undici.ts', "import { request } from 'undici'; export const r = request;"],
  [
    'owner-of-undici',
    'src/audit/undici-type.ts',
    "import type { Dispatcher } from 'undici'; export type D = Dispatcher;",
  ],
  ...[
    'http-proxy-3',
    'jose',
    'lru-cache',
    'hono',
    '@hono/node-server',
    'prom-client',
    'zod',
    'yaml',
    'redis',
  ].map((library): readonly [string, string, string] => {
    const name = library.replace('@', '').replace('/', '-');
    return [`owner-of-${name}`, `src/pipeline/${name}.ts`, `import '${library}';`];
  }),
];

/** The rooms that the offenders reach for. */
const NEIGHBOURS = {
  'src/contract/index.ts': 'export interface Word { word: string }',
  'src/lib/index.ts': 'export const tool = 1;',
  'src/forward/index.ts': 'export const door = 1; export interface Door { open: boolean }',
  'src/forward/inner.ts': 'export const inner = 1;',
  'src/config/inner.ts': 'export interface Inner { inner: 1 }',
  'src/cli/index.ts': 'export const cli = 1;',
  'src/audit/egg.ts': "import { chicken } from './chicken.ts'; export const egg = chicken;",
  'src/audit/type-egg.ts':
    "import type { Chicken } from './type-chicken.ts'; export interface Egg { c: Chicken }",
  'test/helper.ts': 'export const helper = 1;',
};

/** What the rules must let pass, or they would be no rules but a wall. */
const LAWFUL = {
  'src/forward/lawful.ts':
    "import 'undici'; import 'node:http'; import '../contract/index.ts'; import '../lib/index.ts'; import './inner.ts';",
  'src/authenticate/lawful.ts': "import 'jose'; import 'lru-cache';",
  'src/admin/lawful.ts': "import 'hono'; import '@hono/node-server';",
  'src/telemetry/lawful.ts': "import 'prom-client';",
  'src/config/lawful.ts': "import 'zod'; import 'yaml';",
  'src/app/part.ts': "import '../forward/index.ts'; import '../lib/index.ts';",
  'src/cli/lawful.ts': "import '../contract/index.ts'; import './index.ts';",
};

test('the source keeps its borders', async () => {
  const summary = await cruise(ROOT, ['src', 'test', 'bench']);
  expect(summary.violations).toEqual([]);
  expect(summary.totalCruised).toBeGreaterThan(50);
});

describe('planted imports', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bounds-'));
  let violations: readonly Violation[] = [];
  let rules: Summary['ruleSetUsed']['forbidden'] = [];

  beforeAll(async () => {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    for (const file of ['.dependency-cruiser.mjs', 'tsconfig.json', 'package.json']) {
      cpSync(join(ROOT, file), join(folder, file));
    }
    for (const [file, text] of [...Object.entries(NEIGHBOURS), ...Object.entries(LAWFUL)]) plant(file, text);
    for (const [, file, text] of OFFENDERS) plant(file, text);
    const summary = await cruise(folder, ['src', 'test', 'bench']);
    violations = summary.violations;
    rules = summary.ruleSetUsed.forbidden;
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  function plant(file: string, text: string): void {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    // Appended, because app.ts offends against two rules.
    writeFileSync(join(folder, file), `${text}\n`, { flag: 'a' });
  }

  test.each(OFFENDERS)('%s refuses %s', (rule, file) => {
    expect(violations.filter(({ from }) => from === file).map((violation) => violation.rule.name)).toContain(
      rule,
    );
  });

  test.each(Object.keys(LAWFUL))('%s passes', (file) => {
    expect(violations.filter(({ from }) => from === file)).toEqual([]);
  });

  test('every rule has an offender and says why it is there', () => {
    const planted = new Set(OFFENDERS.map(([rule]) => rule));
    expect(rules.length).toBeGreaterThan(20);
    expect(rules.filter(({ name }) => !planted.has(name))).toEqual([]);
    expect(rules.filter(({ comment }) => !comment)).toEqual([]);
  });
});
