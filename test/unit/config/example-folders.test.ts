/** The folders of examples/: each configuration loads, passes its tests, and fits the pipeline next to it. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments, type Document } from 'yaml';
import { loadConfig, type Config } from '../../../src/config/index.ts';
import { commandLine } from '../../support/command-line.ts';
import { ROOT, readText } from '../../support/repository.ts';
import { run } from '../../support/run.ts';
import { writeFiles } from './loading.ts';

const FOLDERS = readdirSync(join(ROOT, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** Without the quickstart, whose configuration is a directory for the container. */
const SITUATIONS = FOLDERS.filter((name) => name !== 'quickstart');

function filesOf(folder: string): readonly string[] {
  const root = join(ROOT, 'examples', folder);
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (name) => !name.startsWith('.') && statSync(join(root, name)).isFile(),
  );
}

/** Values of the variables that the examples name, with the files that they refer to. */
function environment(): Readonly<Record<string, string>> {
  const secrets = writeFiles({ 'ca.crt': 'certificate', token: 'x', 'release-bot': 'x' });
  return {
    SERVICE_ACCOUNT_DIR: secrets,
    GITLAB_TOKENS: secrets,
    GATEHOUSE_ADMIN_TOKEN: '0123456789abcdef0123456789abcdef',
  };
}

function configOf(folder: string): string {
  return join(ROOT, 'examples', folder, folder === 'quickstart' ? 'gatehouse' : 'gatehouse.yaml');
}

function load(folder: string): Config {
  const result = loadConfig(configOf(folder), environment());
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.problems));
  expect(result.warnings.filter(({ severity }) => severity !== 'note')).toEqual([]);
  return result.config;
}

test('the index names each folder', () => {
  const named = [...readText('examples/README.md').matchAll(/\]\(([\w-]+)\/README\.md\)/g)].map(
    ([, name = '']) => name,
  );
  expect(named.toSorted()).toEqual(FOLDERS.toSorted());
  expect(SITUATIONS.length).toBeGreaterThanOrEqual(6);
});

describe.each(FOLDERS)('examples/%s', (folder) => {
  test('loads without a warning', () => {
    load(folder);
  });

  test('passes its policy tests, which exercise each rule', async () => {
    const { code, stdout, stderr } = await commandLine(
      ['test', '--config', configOf(folder), '--coverage', '--min-coverage', '100'],
      { env: environment() },
    );
    expect(stdout).toMatch(/^coverage: 100 % /);
    expect({ code, stdout, stderr }).toExitWith(0);
  });

  test('its README links each file', () => {
    const readme = readText(`examples/${folder}/README.md`);
    const files = filesOf(folder).filter((name) => name !== 'README.md');
    expect(files.filter((name) => !readme.includes(`](${name})`))).toEqual([]);
  });
});

/** Every text of a YAML file. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsOf);
}

/** Files that are neither of the configuration nor documentation: the pipeline. */
function pipelineOf(folder: string): readonly string[] {
  return filesOf(folder).filter((name) => !/^gatehouse(\.test)?\.yaml$|^teams\/|\.md$/.test(name));
}

function documentsOf(folder: string, name: string): readonly Document[] {
  return parseAllDocuments(readText(`examples/${folder}/${name}`)) as Document[];
}

describe.each(SITUATIONS)('the pipeline of examples/%s', (folder) => {
  const files = pipelineOf(folder);

  test('requests tokens for an audience of the gateway, and reaches its address', () => {
    expect(files.length).toBeGreaterThan(0);
    const { server, issuers } = load(folder);
    const publicUrl = server.publicUrl ?? '';
    const text = files.map((name) => readText(`examples/${folder}/${name}`)).join('\n');
    const audiences = issuers.flatMap(({ audiences: own }) => own);
    const requested = [...text.matchAll(/(?:\baud: |audience=|TokenAudience: |--resource )([^\s"}]+)/g)].map(
      ([, audience = '']) => audience,
    );
    expect(requested.length > 0).toBe(issuers.length > 0);
    for (const audience of requested) expect(audiences).toContain(audience);
    expect(text).toContain(new URL(publicUrl).host);
  });

  test('consists of valid YAML and valid shell scripts', async () => {
    for (const name of files) {
      const scripts: string[] = [];
      if (name.endsWith('.sh')) scripts.push(readText(`examples/${folder}/${name}`));
      else {
        for (const document of documentsOf(folder, name)) {
          expect(document.errors).toEqual([]);
          scripts.push(...textsOf(document.toJS()).filter((text) => /^[a-z]+ .*\s/i.test(text)));
        }
      }
      for (const script of scripts) {
        const outcome = await run('bash', [
          '-n',
          '-c',
          script.replaceAll(/\$\{\{.*?\}\}|\$\(Build\..*?\)/g, 'x'),
        ]);
        expect({ script, ...outcome }).toMatchObject({ code: 0, stderr: '' });
      }
    }
  });

  test('puts no token into the arguments of a program', () => {
    const text = files.map((name) => readText(`examples/${folder}/${name}`)).join('\n');
    expect(text).not.toMatch(/--password[ =]|--header "Authorization: [^"]*\$|--user \w+:/);
  });
});
