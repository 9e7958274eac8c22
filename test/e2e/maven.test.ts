import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import {
  createMaven,
  DEPLOY,
  DEPLOY_FILE,
  documented,
  GET,
  missingMaven,
  runGradle,
  type Maven,
  type MavenCredential,
} from '../support/maven.ts';
import { needing, needs } from '../support/needs.ts';
import { expectOwnCredential, startPackageTree } from '../support/package-tree.ts';
import type { Outcome } from '../support/run.ts';
import { DEPLOY_SECRET } from '../support/scenario/feed-config.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { basicUpstream, packagesConfig } from '../support/scenario/packages.ts';

const APP = 'com.acme:app:1.0';
const PARENT = 'com.acme:parent:1.1-SNAPSHOT:pom';

needing(missingMaven()).describe('mvn', () => {
  let maven: Maven;

  const scenario = useJobScenario({
    backends: () => ({ repository: startPackageTree }),
    config: ({ gitlab, repository }) =>
      packagesConfig(gitlab.url, [
        { type: 'maven', resources: ['com/acme/**'], upstream: basicUpstream(repository) },
      ]),
  });
  beforeAll(() => {
    maven = createMaven(scenario.folder, url());
    writeFileSync(join(scenario.folder, 'app.jar'), 'of no use to any Java');
  });

  const url = (): string => `${scenario.gateway.url}/maven/`;

  function deploy(credential: MavenCredential | undefined, group: string, version: string): Promise<Outcome> {
    return maven.run(
      credential,
      DEPLOY_FILE,
      `-Durl=${url()}`,
      '-DrepositoryId=gatehouse',
      `-Dfile=${join(scenario.folder, 'app.jar')}`,
      `-DgroupId=${group}`,
      '-DartifactId=app',
      `-Dversion=${version}`,
    );
  }

  function get(credential: MavenCredential | undefined, artifact: string): Promise<Outcome> {
    return maven.run(credential, GET, `-Dartifact=${artifact}`, '-Dtransitive=false');
  }

  const basic = (username: string, secret: string): MavenCredential => ({ username, secret });
  const header = (name: string, secret: string): MavenCredential => ({ header: name, secret });

  test('deploys a release and a snapshot, and downloads them with every credential and credential source', async () => {
    const release = await deploy(basic('oidc', scenario.job.idToken()), 'com.acme', '1.0');
    expect(release).toExitWith(0);
    const project =
      '<project><modelVersion>4.0.0</modelVersion><groupId>com.acme</groupId><artifactId>parent</artifactId>' +
      `<version>1.1-SNAPSHOT</version><packaging>pom</packaging>${documented('pom.xml', url())}</project>`;
    writeFileSync(join(scenario.folder, 'pom.xml'), project);
    const snapshot = await maven.run(header('Job-Token', scenario.job.token), DEPLOY);
    rmSync(join(scenario.folder, 'pom.xml'));
    expect(snapshot).toExitWith(0);
    for (const [credential, artifact] of [
      [basic('oidc', scenario.job.idToken()), APP],
      [header('Authorization', scenario.job.idToken()), PARENT],
      [basic('gitlab-ci-token', scenario.job.token), APP],
      [basic('edge', DEPLOY_SECRET), PARENT],
      [header('Deploy-Token', DEPLOY_SECRET), APP],
      [header('Private-Token', DEPLOY_SECRET), APP],
    ] as const) {
      const got = await get(credential, artifact);
      expect(got).toExitWith(0);
      // Checksums were forwarded, too, and matched.
      expect(got.stdout).not.toContain('[WARNING]');
    }
  }, 120_000);

  test('a denied request explains the reason', async () => {
    for (const [outcome, reason] of [
      [await deploy(basic('edge', DEPLOY_SECRET), 'com.acme', '2.0'), 'scope_not_granted'],
      [
        await deploy(basic('gitlab-ci-token', scenario.job.token), 'com.other', '1.0'),
        'resource_not_granted',
      ],
      [await get(basic('oidc', scenario.job.idToken()), 'com.other:app:1.0'), 'resource_not_granted'],
      [await get(basic('oidc', scenario.job.idToken({ aud: 'another' })), APP), 'audience_mismatch'],
      [await get(undefined, APP), 'no_credential'],
    ] as const) {
      expect(outcome).not.toExitWith(0);
      expect(outcome.stdout).toContain(reason);
    }
  }, 120_000);

  needs('gradle').test(
    'Gradle downloads the artifacts that Maven deployed, and prints the reason of a denial',
    async () => {
      const got = await runGradle(scenario.folder, url(), basic('gitlab-ci-token', scenario.job.token), APP);
      expect(got.stdout, got.stderr).toContain('app-1.0.jar');
      for (const [credential, artifact, reason] of [
        [basic('edge', DEPLOY_SECRET), 'com.other:app:1.0', 'resource_not_granted'],
        [basic('ci', scenario.job.idToken({ aud: 'another' })), APP, 'audience_mismatch'],
      ] as const) {
        const denied = await runGradle(scenario.folder, url(), credential, artifact);
        expect(denied).not.toExitWith(0);
        expect(denied.stderr).toContain(reason);
      }
    },
    120_000,
  );

  test('no client credential reaches the repository', () => {
    expectOwnCredential(scenario.repository, [scenario.job.token, DEPLOY_SECRET]);
    expect(scenario.repository.everything()).toContain('com/acme/app/1.0/app-1.0.jar.sha1');
  });
});
