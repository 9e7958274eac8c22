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

/** A rule, a file that violates it, and the text of the file. */
const VIOLATIONS: readonly (readonly [rule: string, file: string, text: string])[] = [
  [
    'no-cycles',
    'src/observability/audit/chicken.ts',
    "import { egg } from './egg.ts'; export const chicken = egg;",
  ],
  [
    'no-cycles',
    'src/observability/audit/type-chicken.ts',
    "import type { Egg } from './type-egg.ts'; export interface Chicken { egg: Egg }",
  ],
  [
    'no-unresolvable',
    'src/observability/audit/lost.ts',
    "import { lost } from './nowhere.ts'; export const found = lost;",
  ],
  [
    'modules-import-core-and-util',
    'src/observability/audit/curious.ts',
    "export { door } from '../../proxy/index.ts';",
  ],
  [
    'modules-import-core-and-util',
    'src/observability/audit/curious-type.ts',
    "export type { Door } from '../../proxy/index.ts';",
  ],
  [
    'modules-import-core-and-util',
    'src/observability/audit/upwards.ts',
    "import type { App } from '../../app/build.ts'; export type A = App;",
  ],
  ['core-imports-node-only', 'src/core/worldly.ts', "export { tool } from '../util/index.ts';"],
  [
    'core-imports-node-only',
    'src/core/shopper.ts',
    "import type { Dispatcher } from 'undici'; export type D = Dispatcher;",
  ],
  [
    'util-is-domain-independent',
    'src/util/expert.ts',
    "import type { Word } from '../core/index.ts'; export type W = Word;",
  ],
  [
    'app-imports-module-indexes',
    'src/app/build.ts',
    "import '../proxy/inner.ts'; export interface App { a: 1 }",
  ],
  ['app-does-not-import-cli', 'src/app/build.ts', "import '../cli/index.ts';"],
  ['cli-imports-config-and-app', 'src/cli/burglar.ts', "export { door } from '../proxy/index.ts';"],
  [
    'cli-imports-config-and-app',
    'src/cli/back-door.ts',
    "import type { Inner } from '../config/inner.ts'; export type I = Inner;",
  ],
  ['main-imports-cli', 'src/main.ts', "import './app/build.ts';"],
  ['every-file-in-a-module', 'src/helper.ts', "import 'node:fs';"],
  [
    'process-only-in-main',
    'src/proxy/env.ts',
    "import { env } from 'node:process'; export const home = env;",
  ],
  [
    'no-library-without-owner',
    'src/proxy/left-pad.ts',
    "import type { z } from 'vitest'; export type Z = z;",
  ],
  ['production-code-is-self-contained', 'src/proxy/tested.ts', "import '../../test/helper.ts';"],
  ['bench-runs-the-product', 'bench/main.ts', "import '../src/app/build.ts';"],
  ['oracle-is-a-black-box', 'test/oracle/main.ts', "import '../../src/app/build.ts';"],
  ['oracle-is-a-black-box', 'test/oracle/helped.ts', "import '../helper.ts';"],
  [
    'owner-of-undici',
    'src/observability/audit/undici.ts',
    "import { request } from 'undici'; export const r = request;",
  ],
  [
    'owner-of-undici',
    'src/observability/audit/undici-type.ts',
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
    'xz-decompress',
    '@smithy/signature-v4',
  ].map((library): readonly [string, string, string] => {
    const name = library.replace('@', '').replace('/', '-');
    return [`owner-of-${name}`, `src/gateway/${name}.ts`, `import '${library}';`];
  }),
];

/** The modules that the violations import. */
const NEIGHBOURS = {
  'src/core/index.ts': 'export interface Word { word: string }',
  'src/util/index.ts': 'export const tool = 1;',
  'src/proxy/index.ts': 'export const door = 1; export interface Door { open: boolean }',
  'src/proxy/inner.ts': 'export const inner = 1;',
  'src/config/inner.ts': 'export interface Inner { inner: 1 }',
  'src/cli/index.ts': 'export const cli = 1;',
  'src/observability/audit/egg.ts': "import { chicken } from './chicken.ts'; export const egg = chicken;",
  'src/observability/audit/type-egg.ts':
    "import type { Chicken } from './type-chicken.ts'; export interface Egg { c: Chicken }",
  'test/helper.ts': 'export const helper = 1;',
};

/** Imports that the rules allow. */
const ALLOWED = {
  'src/proxy/allowed.ts':
    "import 'http-proxy-3'; import 'node:http'; import '../core/index.ts'; import '../util/index.ts'; import './inner.ts';",
  'src/proxy/transport/allowed.ts': "import 'undici';",
  'src/credentials/allowed.ts': "import 'lru-cache';",
  'src/token-service/allowed.ts': "import 'jose';",
  'src/admin/allowed.ts': "import 'hono'; import '@hono/node-server';",
  'src/observability/metrics/allowed.ts': "import 'prom-client';",
  'src/config/allowed.ts': "import 'zod'; import 'yaml';",
  'src/app/part.ts': "import '../proxy/index.ts'; import '../util/index.ts';",
  'src/cli/allowed.ts': "import '../core/index.ts'; import './index.ts';",
};

test('the source keeps its module boundaries', async () => {
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
    for (const [file, text] of [...Object.entries(NEIGHBOURS), ...Object.entries(ALLOWED)]) plant(file, text);
    for (const [, file, text] of VIOLATIONS) plant(file, text);
    const summary = await cruise(folder, ['src', 'test', 'bench']);
    violations = summary.violations;
    rules = summary.ruleSetUsed.forbidden;
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  function plant(file: string, text: string): void {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    // Appended, because app/build.ts violates two rules.
    writeFileSync(join(folder, file), `${text}\n`, { flag: 'a' });
  }

  test.each(VIOLATIONS)('%s refuses %s', (rule, file) => {
    expect(violations.filter(({ from }) => from === file).map((violation) => violation.rule.name)).toContain(
      rule,
    );
  });

  test.each(Object.keys(ALLOWED))('%s passes', (file) => {
    expect(violations.filter(({ from }) => from === file)).toEqual([]);
  });

  test('every rule has a planted violation and a comment', () => {
    const planted = new Set(VIOLATIONS.map(([rule]) => rule));
    expect(rules.length).toBeGreaterThan(20);
    expect(rules.filter(({ name }) => !planted.has(name))).toEqual([]);
    expect(rules.filter(({ comment }) => !comment)).toEqual([]);
  });
});
