/** Matrix parameters of Artifactory uploads, sent by curl and mvn. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { curl } from '../support/curl.ts';
import { startFileTree } from '../support/file-tree.ts';
import { startGitlab, type TestJob } from '../support/gitlab.ts';
import { createMaven, DEPLOY_FILE, missingMaven } from '../support/maven.ts';
import { needing, needs } from '../support/needs.ts';
import { useScenario } from '../support/scenario.ts';
import { DEPLOY_SECRET, feedConfig } from '../support/scenario/feed-config.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

needs('curl', 'nginx').describe('path parameters', () => {
  const { test } = needs();
  const { path: folder, close } = temporaryFolder('matrix');
  let job: TestJob;
  const scenario = useScenario({
    backends: { gitlab: () => startGitlab(), tree: startFileTree },
    config({ gitlab, tree }) {
      const upstream = `upstream: { url: "http://127.0.0.1:${tree.port}/" }`;
      return feedConfig({
        gitlab: gitlab.url,
        grants: `
      - { service: files, scopes: [read_package_registry, write_package_registry], resources: ["acme/**"] }
      - { service: maven, scopes: [read_package_registry, write_package_registry], resources: ["libs/**", "libs;*/**"] }`,
        deployToken: '{ service: files, scopes: [read_package_registry], resources: ["acme/**"] }',
        services: `
  files: { type: generic, path: /files/, pathParameters: keep, ${upstream} }
  maven: { type: maven, path: /maven/, pathParameters: keep, ${upstream} }
`,
      });
    },
  });
  beforeAll(() => {
    job = scenario.gitlab.job({ project: { id: 20, path: 'acme/payments' } });
    writeFileSync(join(folder, 'app.jar'), 'a jar');
  });
  afterAll(close);

  const upload = (path: string, secret: string): Promise<{ readonly status: number }> =>
    curl('-u', `ci:${secret}`, '-T', join(folder, 'app.jar'), `${scenario.gateway.url}/files/${path}`);

  test('curl uploads a file with properties', async () => {
    const target = 'acme/app.jar;build.number=17;vcs.revision=abc';
    expect(await upload(target, job.idToken())).toMatchObject({ status: 201 });
    expect(readFileSync(join(scenario.tree.folder, target), 'utf8')).toBe('a jar');
    expect(scenario.tree.log()).toContain(`PUT /${target} 201`);
    expect(await upload('other/app.jar;build.number=17', job.idToken())).toMatchObject({ status: 403 });
    expect(
      await curl('-u', `edge:${DEPLOY_SECRET}`, `${scenario.gateway.url}/files/${target}`),
    ).toMatchObject({
      status: 200,
      body: 'a jar',
    });
  });

  test('curl cannot leave a folder through "..;"', async () => {
    const { body, status } = await curl(
      '--path-as-is',
      '-u',
      `ci:${job.idToken()}`,
      '-T',
      join(folder, 'app.jar'),
      `${scenario.gateway.url}/files/acme/..;/other/app.jar`,
    );
    expect({ status, body }).toMatchObject({ status: 400, body: expect.stringContaining('path_ambiguous') });
  });

  needing(missingMaven()).test(
    'mvn deploys to a repository with properties',
    async () => {
      const repository = 'libs;build.number=17';
      const maven = createMaven(folder, `${scenario.gateway.url}/maven/`);
      const deployed = await maven.run(
        { username: 'ci', secret: job.idToken() },
        DEPLOY_FILE,
        `-Durl=${scenario.gateway.url}/maven/${repository}`,
        '-DrepositoryId=gatehouse',
        `-Dfile=${join(folder, 'app.jar')}`,
        '-DgroupId=com.acme',
        '-DartifactId=app',
        '-Dversion=1.0',
        '-Dpackaging=jar',
      );
      expect(deployed).toExitWith(0);
      for (const name of ['1.0/app-1.0.jar', '1.0/app-1.0.pom.sha1', 'maven-metadata.xml'])
        expect(scenario.tree.log()).toContain(`PUT /${repository}/com/acme/app/${name} 201`);
    },
    60_000,
  );
});
