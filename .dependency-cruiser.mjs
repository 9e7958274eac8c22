/**
 * The borders between the rooms of src/ (docs/architecture.md). `npm run bounds` checks them, and
 * test/architecture/bounds.test.ts plants one offender per rule and sees it refused.
 */

/** One owner per third-party library, so that replacing one is a change in one room. */
const OWNERS = {
  undici: ['forward'],
  'http-proxy-3': ['forward'],
  jose: ['authenticate', 'keys'],
  'lru-cache': ['authenticate'],
  hono: ['exchange', 'admin'],
  '@hono/node-server': ['exchange', 'admin'],
  'prom-client': ['telemetry'],
  zod: ['config'],
  yaml: ['config'],
  redis: ['state'],
};

/** app.ts, and behind it what was split off by question (app/explain.ts). */
const COMPOSITION_ROOT = '^src/app([.]ts$|/)';

/** A package, resolved into node_modules (which may be linked) or not installed at all. */
const packagePath = (name) => `(^|node_modules/)${name}($|/)`;

const ownerRules = Object.entries(OWNERS).map(([library, rooms]) => ({
  name: `owner-of-${library.replace('@', '').replace('/', '-')}`,
  comment: `${library} is wrapped by ${rooms.join(' and ')}; every other room uses what they offer.`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/(${rooms.join('|')})/` },
  to: { path: packagePath(library) },
}));

export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle, of types too, means that two files answer one question.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      comment: 'An import that resolves to nothing would pass every other rule unseen.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'rooms-know-contract-and-lib',
      comment: 'A room gets what it needs handed in by app.ts, so that it can be tested and replaced alone.',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: '^src/(app|cli|contract|lib)/' },
      to: { path: '^src/', pathNot: ['^src/$1/', '^src/(contract|lib)/'] },
    },
    {
      name: 'contract-knows-nothing',
      comment: 'Everything depends on the contract: it may depend on nothing but the types of node.',
      severity: 'error',
      from: { path: '^src/contract/' },
      to: { pathNot: '^src/contract/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'lib-has-no-domain',
      comment: 'lib/ would be useful in any program: it knows neither the domain nor a package.',
      severity: 'error',
      from: { path: '^src/lib/' },
      to: { pathNot: '^src/lib/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'app-uses-front-doors',
      comment:
        'The composition root puts rooms together by what their index.ts offers; the rest of a room is its own.',
      severity: 'error',
      from: { path: COMPOSITION_ROOT },
      to: {
        path: '^src/[^/]+/',
        pathNot: ['^src/[^/]+/index[.]ts$', '^src/(app|contract|lib)/', '^src/cli/'],
      },
    },
    {
      name: 'app-does-not-know-the-cli',
      comment: 'Commands build the app, never the other way round.',
      severity: 'error',
      from: { path: COMPOSITION_ROOT },
      to: { path: '^src/(cli/|main[.]ts$)' },
    },
    {
      name: 'cli-knows-config-and-app',
      comment: 'A command loads a configuration and asks the app; anything else belongs behind build().',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: {
        path: '^src/',
        pathNot: ['^src/(cli|contract|lib)/', '^src/config/index[.]ts$', '^src/app[.]ts$'],
      },
    },
    {
      name: 'main-knows-the-cli',
      comment: 'main.ts hands the process to the cli and does nothing else.',
      severity: 'error',
      from: { path: '^src/main[.]ts$' },
      to: { path: '^src/', pathNot: '^src/cli/index[.]ts$' },
    },
    {
      name: 'no-third-root',
      comment:
        'Beside main.ts and the composition root every file lives in a room; otherwise it would stand above the rules.',
      severity: 'error',
      from: { path: '^src/[^/]+$', pathNot: ['^src/main[.]ts$', COMPOSITION_ROOT] },
      to: {},
    },
    {
      name: 'process-is-for-main',
      comment: 'argv, environment, signals and exit come in by main.ts, so that tests can hand in their own.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/main[.]ts$' },
      to: { path: '^(node:)?process$' },
    },
    ...ownerRules,
    {
      name: 'no-library-without-owner',
      comment: 'A new production dependency needs an owner here and a reason in docs/adr/.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'],
        pathNot: Object.keys(OWNERS).map(packagePath),
      },
    },
    {
      name: 'src-stands-alone',
      comment: 'What is shipped depends on nothing that is not.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench)/' },
    },
    {
      name: 'bench-runs-the-product',
      comment: 'The bench measures the process that users start, so it must not reach into its source.',
      severity: 'error',
      from: { path: '^bench/' },
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
    // Without it a type-only import is erased before anybody looks, and crosses every border unseen.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
