/**
 * Route shapes of package servers: Gitea (routers/api/packages/api.go), GitLab (doc/api/packages), Nexus 3
 * (help.sonatype.com, formats) and Artifactory (JFrog REST API).
 */
import { describe, expect, test } from 'vitest';
import { gitProtocol, packageProtocols } from '../../support/protocols.ts';
import { headsAt } from './request-heads.ts';

const head = headsAt('packages.example.com', '/x/');
const SHA = 'a'.repeat(64);
const LFS = 'acme/api.git/info/lfs';

const protocols = { ...packageProtocols, git: gitProtocol } as const;

/** Method, path below the service, read or write, and the packages: names, `any` or `every`. */
type Row = readonly [
  method: string,
  path: string,
  access: 'read' | 'write',
  packages: readonly string[] | 'any' | 'every',
];

const SERVERS: Readonly<Record<string, Partial<Readonly<Record<keyof typeof protocols, readonly Row[]>>>>> = {
  'Gitea and Forgejo': {
    npm: [
      ['GET', '@acme%2fui', 'read', ['@acme/ui']],
      ['GET', '@acme%2fui/1.0.0', 'read', ['@acme/ui']],
      ['GET', '@acme%2Fui/-/1.0.0/ui-1.0.0.tgz', 'read', ['@acme/ui']],
      ['GET', 'left-pad/-/1.0.0-rc.1/left-pad-1.0.0-rc.1.tgz', 'read', ['left-pad']],
      ['GET', 'left-pad/-/left-pad-1.0.0.tgz', 'read', ['left-pad']],
      ['DELETE', 'left-pad/-/1.0.0/left-pad-1.0.0.tgz/-rev/1', 'write', ['left-pad']],
      ['DELETE', 'left-pad/-/left-pad-1.0.0.tgz/-rev/1', 'write', ['left-pad']],
      ['DELETE', 'left-pad/-rev/1', 'write', ['left-pad']],
      ['PUT', 'left-pad/-rev/1', 'write', ['left-pad']],
      ['GET', '-/package/@acme%2fui/dist-tags', 'read', ['@acme/ui']],
      ['DELETE', '-/package/left-pad/dist-tags/next', 'write', ['left-pad']],
      ['GET', '-/v1/search', 'read', 'every'],
    ],
    pypi: [
      ['GET', 'simple/acme-lib', 'read', ['acme-lib']],
      ['GET', 'files/acme-lib/1.0/acme_lib-1.0.tar.gz', 'read', ['acme-lib']],
      ['POST', '', 'write', 'every'],
    ],
    nuget: [
      ['GET', 'index.json', 'read', 'any'],
      ['GET', 'query', 'read', 'every'],
      ['GET', 'registration/acme.core/index.json', 'read', ['acme.core']],
      ['GET', 'registration/acme.core/1.0.0', 'read', ['acme.core']],
      ['GET', 'package/acme.core/index.json', 'read', ['acme.core']],
      ['GET', 'package/acme.core/1.0.0/acme.core.1.0.0.nupkg', 'read', ['acme.core']],
      ['PUT', '', 'write', 'every'],
      ['PUT', 'symbolpackage', 'write', 'every'],
      ['DELETE', 'acme.core/1.0.0', 'write', ['acme.core']],
      ['GET', `symbols/acme.pdb/${'0'.repeat(32)}ffffffff/acme.pdb`, 'read', 'every'],
    ],
    cargo: [
      ['GET', 'config.json', 'read', 'any'],
      ['GET', '1/a', 'read', ['a']],
      ['GET', '2/ab', 'read', ['ab']],
      ['GET', '3/a/abc', 'read', ['abc']],
      ['GET', 'ac/me/acme', 'read', ['acme']],
      ['GET', 'api/v1/crates', 'read', 'every'],
      ['GET', 'api/v1/crates/acme/1.0.0/download', 'read', ['acme']],
      ['DELETE', 'api/v1/crates/acme/1.0.0/yank', 'write', ['acme']],
      ['PUT', 'api/v1/crates/acme/1.0.0/unyank', 'write', ['acme']],
      ['GET', 'api/v1/crates/acme/owners', 'read', ['acme']],
    ],
    go: [
      ['PUT', 'upload', 'write', 'every'],
      ['GET', 'example.com/acme/lib/@v/list', 'read', ['example.com/acme/lib']],
      ['GET', 'example.com/acme/lib/@latest', 'read', ['example.com/acme/lib']],
      ['GET', 'example.com/acme/lib/@v/v1.0.0.zip', 'read', ['example.com/acme/lib']],
    ],
    generic: [
      ['GET', 'tool/1.0/tool.tar.gz', 'read', ['tool/1.0/tool.tar.gz']],
      ['PUT', 'tool/1.0/tool.tar.gz', 'write', ['tool/1.0/tool.tar.gz']],
      ['DELETE', 'tool/1.0/tool.tar.gz', 'write', ['tool/1.0/tool.tar.gz']],
      ['DELETE', 'tool/1.0', 'write', ['tool/1.0']],
    ],
    maven: [
      ['PUT', 'com/acme/app/1.0/app-1.0.jar', 'write', ['com/acme/app/1.0/app-1.0.jar']],
      ['HEAD', 'com/acme/app/maven-metadata.xml', 'read', ['com/acme/app/maven-metadata.xml']],
    ],
    helm: [
      ['GET', 'index.yaml', 'read', 'any'],
      ['GET', 'app-1.0.0.tgz', 'read', ['app']],
      ['POST', 'api/charts', 'write', 'every'],
      ['POST', 'api/prov', 'write', 'every'],
    ],
    git: [
      ['PUT', `${LFS}/objects/${SHA}/1024`, 'write', ['acme/api']],
      ['GET', `${LFS}/objects/${SHA}`, 'read', ['acme/api']],
      ['GET', `${LFS}/objects/${SHA}/design.psd`, 'read', ['acme/api']],
      ['POST', `${LFS}/verify`, 'write', ['acme/api']],
      ['GET', `${LFS}/locks`, 'read', ['acme/api']],
      ['POST', `${LFS}/locks/17/unlock`, 'write', ['acme/api']],
    ],
  },
  GitLab: {
    npm: [
      ['GET', '@acme/ui/-/@acme/ui-1.0.0.tgz', 'read', ['@acme/ui']],
      ['POST', '-/npm/v1/security/audits/quick', 'read', 'any'],
      ['PUT', '-/package/@acme%2fui/dist-tags/next', 'write', ['@acme/ui']],
    ],
    pypi: [
      ['GET', 'simple', 'read', 'every'],
      ['GET', 'simple/acme-lib', 'read', ['acme-lib']],
      ['GET', `files/${SHA}/acme_lib-1.0-py3-none-any.whl`, 'read', ['acme-lib']],
    ],
    nuget: [
      ['GET', 'metadata/acme.core/index.json', 'read', ['acme.core']],
      ['GET', 'download/acme.core/1.0.0/acme.core.1.0.0.nupkg', 'read', ['acme.core']],
      ['GET', `symbolfiles/acme.pdb/${'0'.repeat(32)}ffffffff/acme.pdb`, 'read', 'every'],
      ['PUT', 'v2', 'write', 'every'],
      ['PUT', 'v2/', 'write', 'every'],
    ],
    go: [['GET', 'gitlab.example.com/acme/lib/@v/v1.0.0.mod', 'read', ['gitlab.example.com/acme/lib']]],
    generic: [['PUT', 'tool/1.0/linux/tool', 'write', ['tool/1.0/linux/tool']]],
    helm: [
      ['GET', 'stable/index.yaml', 'read', 'any'],
      ['GET', 'stable/charts/app-1.0.0.tgz', 'read', ['app']],
      ['POST', 'api/stable/charts', 'write', 'every'],
    ],
    git: [
      ['PUT', `acme/api.git/gitlab-lfs/objects/${SHA}/1024`, 'write', ['acme/api']],
      ['GET', `acme/api.git/gitlab-lfs/objects/${SHA}`, 'read', ['acme/api']],
    ],
  },
  'Nexus 3': {
    npm: [['GET', '@acme/ui/-/ui-1.0.0.tgz', 'read', ['@acme/ui']]],
    pypi: [['GET', 'packages/acme-lib/1.0/acme_lib-1.0.tar.gz', 'read', ['acme-lib']]],
    nuget: [
      ['GET', 'v3/registration/2/acme.core/index.json', 'read', ['acme.core']],
      ['GET', 'v3/registration/2/acme.core/1.0.0.json', 'read', ['acme.core']],
      ['GET', 'v3/registration/2/acme.core/page/1.0.0/2.0.0.json', 'read', ['acme.core']],
      ['GET', 'v3/query/6', 'read', 'every'],
      ['GET', 'v3/content/0/acme.core/index.json', 'read', ['acme.core']],
      ['GET', 'v3/content/0/acme.core/1.0.0/acme.core.1.0.0.nupkg', 'read', ['acme.core']],
      // A package whose id is a number, on a server without this number.
      ['GET', 'v3/registration/2/1.0.0.json', 'read', ['2']],
      ['GET', 'v3/content/2/1.0.0/2.1.0.0.nupkg', 'read', ['2']],
    ],
    cargo: [['GET', 'crates/acme/1.0.0/download', 'read', ['acme']]],
    helm: [['PUT', 'app-1.0.0.tgz', 'write', ['app']]],
  },
  Artifactory: {
    npm: [['GET', '@acme/ui/-/@acme/ui-1.0.0.tgz', 'read', ['@acme/ui']]],
    pypi: [['GET', 'packages/packages/ab/cd/0123/acme_lib-1.0.tar.gz', 'read', ['acme-lib']]],
    nuget: [
      ['GET', 'registration/acme.core/index.json', 'read', ['acme.core']],
      ['GET', 'registration-semver2/acme.core/index.json', 'read', ['acme.core']],
      ['GET', 'flatcontainer/acme.core/1.0.0/acme.core.1.0.0.nupkg', 'read', ['acme.core']],
      ['PUT', 'symbolpackage', 'write', 'every'],
    ],
    cargo: [
      ['GET', 'index/config.json', 'read', 'any'],
      ['GET', 'v1/crates/acme/1.0.0/download', 'read', ['acme']],
    ],
    helm: [['GET', 'charts/app-1.0.0.tgz', 'read', ['app']]],
  },
  'ChartMuseum with tenants': {
    helm: [
      ['GET', 'acme/index.yaml', 'read', 'any'],
      ['GET', 'acme/charts/app-1.0.0.tgz', 'read', ['app']],
      ['GET', 'api/acme/team/charts', 'read', 'every'],
      ['GET', 'api/acme/charts/app/1.0.0', 'read', ['app']],
      ['DELETE', 'api/acme/charts/app/1.0.0', 'write', ['app']],
      ['POST', 'api/acme/prov', 'write', 'every'],
      // The chart `charts`, or the chart `app` of the tenant `charts`.
      ['GET', 'api/charts/charts/app', 'read', ['charts', 'app']],
    ],
  },
};

const rows = Object.entries(SERVERS).flatMap(([server, types]) =>
  Object.entries(types).flatMap(([type, routes]) =>
    routes.map((route) => [server, type as keyof typeof protocols, ...route] as const),
  ),
);

test.each(rows)('%s, %s: %s %s', (_server, type, method, path, access, packages) => {
  const { classify } = protocols[type]({ path: '/x/' });
  const found = classify(head(method, path));
  // The version of a tag is in the body.
  const operations =
    found.kind === 'in-body' ? found.oneOf : found.kind === 'operations' ? found.operations : found;
  const scope = `${access}_${type === 'git' ? 'repository' : 'package_registry'}`;
  const expected =
    typeof packages === 'string'
      ? [{ scope, extent: packages }]
      : packages.map((resource) => ({ scope, resource, extent: 'one' }));
  expect(operations).toMatchObject(expected);
});

describe('a path of which a server reads another part as the package', () => {
  test.each([
    // The version of the folder and of the file, and the name of another package.
    ['npm', 'GET', 'left-pad/-/1.0.0/left-pad-2.0.0.tgz'],
    ['npm', 'GET', 'left-pad/-/1.0.0/other-1.0.0.tgz'],
    ['npm', 'GET', '@acme/ui/-/1.0.0/@other/ui-1.0.0.tgz'],
    ['npm', 'GET', 'left-pad/-/latest/left-pad-latest.tgz'],
    ['npm', 'DELETE', 'left-pad/-/1.0.0/other-1.0.0.tgz/-rev/1'],
    ['npm', 'PUT', 'left-pad/-/1.0.0/left-pad-1.0.0.tgz'],
    ['nuget', 'GET', 'v3/registration/2/acme.core/other.json'],
    ['nuget', 'GET', 'v3/content/0/acme.core/1.0.0/other.1.0.0.nupkg'],
    ['nuget', 'GET', 'v3/registration/2/3/acme.core/index.json'],
    ['nuget', 'GET', 'v3/query/acme'],
    ['nuget', 'PUT', 'symbols/acme.pdb/0/acme.pdb'],
    ['git', 'PUT', `${LFS}/objects/${SHA}/design.psd`],
    ['git', 'GET', `${LFS}/objects/${SHA}/a/b`],
    ['go', 'GET', 'upload'],
    ['go', 'POST', 'upload'],
    ['helm', 'GET', 'api/acme/other'],
    ['helm', 'PUT', 'api/acme/charts'],
  ] as const)('%s %s %s is not an operation', (type, method, path) => {
    const { classify } = protocols[type]({ path: '/x/' });
    expect(classify(head(method, path))).toMatchObject({ kind: 'unknown' });
  });

  test.each(['files', 'packages'])(
    '%s/PROJECT/VERSION/FILE requires the project and that of the file',
    (folder) => {
      const { classify } = packageProtocols.pypi({ path: '/x/' });
      expect(classify(head('GET', `${folder}/secret/1.0/acme_lib-1.0.tar.gz`))).toMatchObject({
        operations: [{ resource: 'secret' }, { resource: 'acme-lib' }],
      });
    },
  );
});
