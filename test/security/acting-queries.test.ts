/** X8: query parameters with which object stores and Gitea act on other paths than the path of the request. */
import { beforeEach, expect, test } from 'vitest';
import { useRecordedScenario } from '../support/scenario/recorded.ts';

const scenario = useRecordedScenario({
  host: 'gateway.example.com',
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: files, scopes: [read_package_registry, write_package_registry], resources: ["acme/**"] }
      - { service: all, scopes: [write_package_registry], resources: ["**"] }
services:
  files: { type: generic, path: /files/, upstream: { url: "${upstream.url}/" } }
  all: { type: generic, path: /all/, upstream: { url: "${upstream.url}/" } }
`,
});

beforeEach(() => scenario.upstream.reset());

test.each([
  ['PUT', 'multipart-manifest=put'],
  ['PUT', 'x=1&Multipart%2dManifest=put'],
  ['DELETE', 'multipart-manifest=delete'],
  ['PUT', 'extract-archive=tar.gz'],
  ['POST', 'bulk-delete'],
  ['POST', 'delete'],
  ['PUT', 'compose'],
  ['POST', 'restype=container;comp=batch'],
  ['PUT', 'use_legacy_package_name=true'],
])('%s ?%s needs a grant for all files', async (method, query) => {
  expect(await scenario.statusOf(`${method} /files/acme/x?${query}`)).toBe(403);
  expect(scenario.upstream.bytes()).toBe('');
  expect(await scenario.statusOf(`${method} /all/acme/x?${query}`)).toBe(200);
});

test.each([
  ['GET', 'multipart-manifest=get'],
  ['PUT', 'comp=block&blockid=a'],
  ['PUT', 'partNumber=1&uploadId=a'],
])('%s ?%s acts on the path', async (method, query) => {
  expect(await scenario.statusOf(`${method} /files/acme/x?${query}`)).toBe(200);
});
