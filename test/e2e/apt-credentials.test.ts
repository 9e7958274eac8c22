/** apt sends the same wrong credential with every request of an update; the limit of its address is not exhausted. */
import { hash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { needs } from '../support/needs.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';
import { run } from '../support/run.ts';
import { startScenario, type Scenario } from '../support/scenario.ts';
import { findTool } from '../support/tools.ts';

const SECRET = `ghdt_edge_${'3c'.repeat(32)}`;
const SUITES = 40;

needs('apt-get').describe('apt-get update', () => {
  let scenario: Scenario<{ readonly upstream: RecordingUpstream }>;
  beforeAll(async () => {
    scenario = await startScenario({
      backends: {
        upstream: () => startRecordingUpstream('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'),
      },
      config: ({ upstream }) => `
deployTokens:
  edge:
    username: edge
    secretHash: "sha256:${hash('sha256', SECRET)}"
    grants: [{ service: debian, scopes: [read_package_registry], resources: ["**"] }]
services:
  debian: { type: generic, upstream: { url: "${upstream.url}/" } }
`,
    });
  });
  afterAll(() => scenario.close());

  test('with a wrong password gets 401 only; the right one works at once', async () => {
    const wrong = await update('wrong', 'ghdt_wrong');
    expect(wrong).toContain('401');
    expect(wrong).not.toContain('429');
    const statuses = (await scenario.gateway.audit(SUITES)).map(
      ({ http }) => (http as { response: { status_code: number } }).response.status_code,
    );
    expect(statuses.length).toBeGreaterThanOrEqual(SUITES);
    expect(new Set(statuses)).toEqual(new Set([401]));
    expect(await update('right', SECRET)).toContain('404');
  });

  async function update(name: string, password: string): Promise<string> {
    const { gateway } = scenario;
    const folder = join(gateway.folder, name);
    for (const path of ['state/lists/partial', 'cache/archives/partial', 'etc']) {
      mkdirSync(join(folder, path), { recursive: true });
    }
    const sources = Array.from(
      { length: SUITES },
      (_, suite) => `deb [trusted=yes] http://127.0.0.1:${gateway.port}/debian suite-${suite} main`,
    );
    writeFileSync(join(folder, 'sources.list'), `${sources.join('\n')}\n`);
    writeFileSync(
      join(folder, 'auth.conf'),
      `machine http://127.0.0.1:${gateway.port} login edge password ${password}\n`,
    );
    const options = {
      'Dir::State': join(folder, 'state'),
      'Dir::Cache': join(folder, 'cache'),
      'Dir::Etc': join(folder, 'etc'),
      'Dir::Etc::sourcelist': join(folder, 'sources.list'),
      'Dir::Etc::netrc': join(folder, 'auth.conf'),
      'APT::Sandbox::User': 'root',
    };
    const { stdout, stderr } = await run(findTool('apt-get') ?? '', [
      ...Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]),
      'update',
    ]);
    return stdout + stderr;
  }
});
