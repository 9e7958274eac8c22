/**
 * The boundaries between the modules of src/ (docs/concepts/architecture.md). `npm run bounds` checks them, and
 * test/architecture/bounds.test.ts plants one violation for each rule.
 */

/** One owner per third-party library, so that replacing a library changes one module. */
const OWNERS = {
  undici: ['proxy/transport'],
  'http-proxy-3': ['proxy'],
  jose: ['token-service'],
  'lru-cache': ['credentials'],
  hono: ['admin'],
  '@hono/node-server': ['admin'],
  'prom-client': ['observability/metrics'],
  zod: ['config'],
  yaml: ['config'],
  redis: ['state'],
  'xz-decompress': ['protocols'],
  '@smithy/signature-v4': ['proxy/upstream-credentials/aws'],
};

/** The composition root: it builds the gateway from the modules. */
const COMPOSITION_ROOT = '^src/app/';

/** Matches a package in node_modules (which may be a symbolic link) or one that is not installed. */
const packagePath = (name) => `(^|node_modules/)${name}($|/)`;

const ownerRules = Object.entries(OWNERS).map(([library, modules]) => ({
  name: `owner-of-${library.replace('@', '').replace('/', '-')}`,
  comment: `${library} is used by ${modules.join(' and ')} only; other modules use their interfaces.`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/(${modules.join('|')})/` },
  to: { path: packagePath(library) },
}));

export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle, type imports included, means that two files share one responsibility.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      comment: 'The other rules cannot see an import that does not resolve.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'modules-import-core-and-util',
      comment: 'app/ injects the dependencies of a module, so that it can be tested and replaced alone.',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: '^src/(app|cli|core|util)/' },
      to: { path: '^src/', pathNot: ['^src/$1/', '^src/(core|util)/'] },
    },
    {
      name: 'core-imports-node-only',
      comment: 'Every module depends on core/, so core/ depends on nothing but the types of Node.',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { pathNot: '^src/core/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'util-is-domain-independent',
      comment: 'util/ would be useful in any program: it imports neither the domain nor a package.',
      severity: 'error',
      from: { path: '^src/util/' },
      to: { pathNot: '^src/util/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'app-imports-module-indexes',
      comment: 'The index.ts of a module is its interface; its other files are internal.',
      severity: 'error',
      from: { path: COMPOSITION_ROOT },
      to: {
        path: '^src/[^/]+/',
        pathNot: [
          '^src/[^/]+/index[.]ts$',
          '^src/config/serving[.]ts$',
          '^src/policy/tools[.]ts$',
          '^src/(app|core|util)/',
          '^src/cli/',
        ],
      },
    },
    {
      name: 'app-does-not-import-cli',
      comment: 'Commands build the gateway, never the other way round.',
      severity: 'error',
      from: { path: COMPOSITION_ROOT },
      to: { path: '^src/(cli/|main[.]ts$)' },
    },
    {
      name: 'cli-imports-config-and-app',
      comment: 'A command loads a configuration and calls the gateway that build() returns.',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: {
        path: '^src/',
        pathNot: [
          '^src/(cli|core|util)/',
          '^src/config/(index|serving)[.]ts$',
          '^src/app/(build|tools)[.]ts$',
        ],
      },
    },
    {
      name: 'main-imports-cli',
      comment: 'main.ts passes the process to the command line and does nothing else.',
      severity: 'error',
      from: { path: '^src/main[.]ts$' },
      to: { path: '^src/', pathNot: '^src/cli/index[.]ts$' },
    },
    {
      name: 'every-file-in-a-module',
      comment: 'A file outside the modules would be outside these rules.',
      severity: 'error',
      from: { path: '^src/[^/]+$', pathNot: '^src/main[.]ts$' },
      to: {},
    },
    {
      name: 'process-only-in-main',
      comment: 'main.ts injects arguments, environment, signals and exit, so that tests can replace them.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/main[.]ts$' },
      to: { path: '^(node:)?process$' },
    },
    ...ownerRules,
    {
      name: 'no-library-without-owner',
      comment: 'A new production dependency needs an owner here and a decision in docs/adr/.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'],
        pathNot: Object.keys(OWNERS).map(packagePath),
      },
    },
    {
      name: 'production-code-is-self-contained',
      comment: 'Production code does not import tests or benchmarks.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench)/' },
    },
    {
      name: 'bench-runs-the-product',
      comment:
        'The bench measures the process that users start; only the bench of the stages imports its source.',
      severity: 'error',
      from: { path: '^bench/', pathNot: '^bench/stages/' },
      to: { path: '^src/' },
    },
    {
      name: 'oracle-is-a-black-box',
      comment:
        'The oracle compares the gateway before and after a refactoring: nothing that is moved or renamed may break it.',
      severity: 'error',
      from: { path: '^test/oracle/' },
      to: { path: '^(src|bench|test)/', pathNot: '^test/oracle/' },
    },
  ],
  options: {
    doNotFollow: { path: '(^|/)node_modules/' },
    // Without it, type-only imports are erased before the rules are applied.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
