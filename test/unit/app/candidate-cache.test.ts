import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createCandidatePolicy } from '../../../src/app/candidate/candidate-policy.ts';
import { loadConfig } from '../../../src/config/index.ts';
import type { EndedRequest } from '../../../src/core/candidate.ts';
import { createAuthorizer } from '../../../src/policy/index.ts';
import { sampleCredential } from '../../support/audit-events.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const folder = temporaryFolder('candidate');
afterAll(() => folder.close());

function policy() {
  const file = join(folder.path, 'gatehouse.yaml');
  writeFileSync(
    file,
    `version: 1
server: { publicUrl: "https://gateway.example.com" }
issuers: { gitlab: { type: gitlab, issuer: "https://gitlab.example.com" } }
services: { npm: { type: npm, upstream: { url: "http://127.0.0.1:9/" } } }
`,
  );
  const loaded = loadConfig(file, {});
  if (loaded.kind === 'invalid') throw new TypeError('the configuration is invalid');
  return createCandidatePolicy(loaded.config, loaded.config, createAuthorizer(loaded.config));
}

function request(verified: EndedRequest['verified'], resource: string): EndedRequest {
  const operations = [{ scope: 'read_package_registry', resource, extent: 'one' as const }];
  return {
    service: 'npm',
    head: { method: 'GET' } as EndedRequest['head'],
    classification: { kind: 'operations', operations },
    verified,
    decision: undefined,
    candidate: undefined,
  };
}

test('results of long resources and of many credentials do not accumulate', () => {
  const { known, evaluate } = policy();
  const credential = () => sampleCredential({ issuer: 'gitlab', claims: { project_id: '20' } });
  const first = request(credential(), 'first');
  const expected = evaluate(first);
  expect(known(first)).toEqual(expected);
  const held = Array.from({ length: 12 }, credential);
  for (const each of held)
    for (let at = 0; at < 500; at += 1) evaluate(request(each, `${'x'.repeat(8_000)}${at}`));
  expect(known(first)).toBeUndefined();
  expect(evaluate(first)).toEqual(expected);
  expect(known(first)).toEqual(expected);

  const many = Array.from({ length: 120_000 }, credential);
  for (const each of many) evaluate(request(each, 'x'));
  expect(known(first)).toBeUndefined();
});
