import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { configJsonSchema, loadConfig } from '../../../src/config/index.ts';
import { NOW, writeFiles } from './loading.ts';

const DIRECTORY = join(import.meta.dirname, '../../../config');
const EXAMPLES = readdirSync(DIRECTORY).filter((name) => /(?<![.]test)[.]yaml$/.test(name));

/** The JSON Schema, read by a validator as an editor would. */
function editorSchema() {
  return z.fromJSONSchema(configJsonSchema() as z.core.JSONSchema.JSONSchema);
}

describe('the examples', () => {
  test('are these', () => {
    expect(EXAMPLES).toEqual(
      expect.arrayContaining([
        'aws.yaml',
        'azure-devops.yaml',
        'bitbucket.yaml',
        'buildkite.yaml',
        'circleci.yaml',
        'deploy-tokens.yaml',
        'entra-to-gitlab.yaml',
        'entra.yaml',
        'git.yaml',
        'github.yaml',
        'gitlab-api.yaml',
        'gitlab.yaml',
        'google.yaml',
        'hcp-terraform.yaml',
        'kubernetes.yaml',
        'minimal.yaml',
        'packages.yaml',
        'registry.yaml',
        'spiffe.yaml',
        'terraform.yaml',
        'workload-identities.yaml',
      ]),
    );
  });

  test.each(EXAMPLES)('%s loads without a warning', (name) => {
    const secrets = writeFiles({ 'ca.crt': 'certificate', token: 'x', 'release-bot': 'x', inventory: 'x' });
    const env = { SERVICE_ACCOUNT_DIR: secrets, GITLAB_TOKENS: secrets };
    const result = loadConfig(join(DIRECTORY, name), env, NOW);
    expect(result.kind === 'loaded').toBe(true);
    expect(result.warnings.filter(({ severity }) => severity !== 'note')).toEqual([]);
  });

  test.each(EXAMPLES)('%s names the schema in its first line, and fits it', (name) => {
    const text = readFileSync(join(DIRECTORY, name), 'utf8');
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=gatehouse.schema.json');
    expect(editorSchema().safeParse(parse(text))).toMatchObject({ success: true });
  });
});

describe('the JSON Schema', () => {
  const schema = editorSchema();

  test('is the one that is committed', () => {
    const committed = readFileSync(join(DIRECTORY, 'gatehouse.schema.json'), 'utf8');
    expect(committed).toBe(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
  });

  test.each([
    ['version: 1', true],
    ['version: 2', false],
    ['server: {}', false],
    ['version: 1\nserver: { listne: x }', false],
    ['version: 1\nserver: { limits: { drain: 5 } }', false],
    ['version: 1\nserver: { limits: { drain: 5s, headerCount: 7 } }', true],
    ['version: 1\nserver: { limits: { drain: "${DRAIN}", headerCount: "${COUNT:-100}" } }', true],
    ['version: 1\nlogs: { level: loud }', false],
    ['version: 1\nlogs: { level: "${LEVEL}", access: "${ACCESS}" }', true],
    ['version: 1\nservices: { a: { type: http, upstream: { url: http://a/ } } }', true],
    [
      'version: 1\nservices: { a: { type: generic, credentialSources: [query], upstream: { url: http://a/ } } }',
      true,
    ],
    [
      'version: 1\nservices: { a: { type: http, credentialSources: [query], upstream: { url: http://a/ } } }',
      false,
    ],
    ['version: 1\nservices: { a: { type: generic, operations: [], upstream: { url: http://a/ } } }', false],
    ['version: 1\ndeployTokens: { a: { username: a, secretHash: "${HASH}", grants: [] } }', false],
    ['version: 1\njobTokenAllowlist: { acme/payments: ["acme/**"], id:42: [] }', true],
    ['version: 1\njobTokenAllowlist: { acme: [] }', false],
    ['version: 1\nservices: { a: { type: "${TYPE}", upstream: { url: http://a/ } } }', false],
  ])('%j: %s', (yaml, valid) => {
    expect(schema.safeParse(parse(yaml)).success).toBe(valid);
  });
});
