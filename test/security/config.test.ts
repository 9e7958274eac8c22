import { describe, expect, test } from 'vitest';
import { formatProblem } from '../../src/config/index.ts';
import { configuration, errorsOf, load } from '../unit/config/loading.ts';

/** threats.md K1: hostile YAML. */
describe('K1: YAML', () => {
  test.each([
    ['__proto__ at the top', '__proto__: { polluted: true }'],
    ['__proto__ in quotes', '"__proto__": { polluted: true }'],
    ['__proto__ with an escape', '"\\x5f_proto__": { polluted: true }'],
    ['constructor', 'constructor: { prototype: { polluted: true } }'],
    ['prototype', 'logs: { prototype: { polluted: true } }'],
    ['as the name of an identity', 'identities: { __proto__: { issuer: gitlab, match: { project_id: 1 } } }'],
    ['as a claim', 'identities: { a: { issuer: gitlab, match: { project_id: 1, __proto__: x } } }'],
    ['as a role', 'roles: { __proto__: [] }'],
    [
      'as a header',
      'services: { a: { type: http, upstream: { url: http://a/ }, identityHeaders: { __proto__: x } } }',
    ],
    ['by an alias', 'logs: &x { __proto__: { polluted: true } }\naudit: *x'],
  ])('%s is refused', (_name, yaml) => {
    const errors = errorsOf(`version: 1\n${yaml}`);
    expect(errors.join('\n')).toMatch(/"(__proto__|constructor|prototype)" cannot be a key/);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('names that objects have are no references', () => {
    const identities =
      '{ a: { issuer: toString, match: { project_id: 1 }, roles: [hasOwnProperty, valueOf] } }';
    expect(
      errorsOf(configuration({ identities })).map((error) => error.replace(/^\S+ ([^ ]+) .*/, '$1')),
    ).toEqual(['identities.a.issuer:', 'identities.a.roles[0]:', 'identities.a.roles[1]:']);
  });

  test('merge keys are refused, also where an alias brings one', () => {
    expect(errorsOf('version: 1\nlogs: &l { level: info }\naudit: { <<: *l }')).toEqual([
      expect.stringContaining('merge keys (<<) are not supported'),
    ]);
    expect(errorsOf('version: 1\nlogs: { "<<": { level: info } }')).toEqual([
      expect.stringContaining('merge keys (<<) are not supported'),
    ]);
  });

  test('a %YAML 1.1 line cannot bring the old rules back', () => {
    expect(errorsOf('%YAML 1.1\n---\nversion: 1\naudit: { enabled: no }')).toEqual([
      expect.stringContaining('directives (%…) are not supported'),
    ]);
  });

  test.each([
    [
      'nine levels of nine',
      (depth: number) => `[${Array.from({ length: 9 }, () => `*a${depth}`).join(', ')}]`,
    ],
    [
      'as mappings',
      (depth: number) => `{ ${Array.from({ length: 9 }, (_, key) => `k${key}: *a${depth}`).join(', ')} }`,
    ],
  ])('an alias bomb of %s', (_name, level) => {
    const lines = Array.from({ length: 9 }, (_, depth) => `a${depth + 1}: &a${depth + 1} ${level(depth)}`);
    const started = process.memoryUsage().heapUsed;
    const errors = errorsOf(['version: 1', 'a0: &a0 x', ...lines].join('\n'));
    expect(errors.join('\n')).toContain('aliases stand for more than 10000 values');
    expect(process.memoryUsage().heapUsed - started).toBeLessThan(256 * 1024 * 1024);
  });

  test('an alias of itself', () => {
    expect(errorsOf('version: 1\nlogs: &x { level: *x }')).toContainEqual(
      expect.stringContaining('the alias *x has no complete anchor &x before it'),
    );
  });

  test('aliases cannot add up to a depth that the file has not', () => {
    const lines = Array.from({ length: 40 }, (_, depth) => `a${depth + 1}: &a${depth + 1} [*a${depth}]`);
    expect(errorsOf(['version: 1', 'a0: &a0 x', ...lines].join('\n')).join('\n')).toContain(
      'is nested deeper than 32 levels',
    );
  });

  test.each([
    ['lists', '['.repeat(400_000)],
    ['closed lists', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['mappings', '{a: '.repeat(200_000)],
    ['sequences on one line', `${'- '.repeat(300_000)}a`],
    ['explicit keys', '? '.repeat(300_000)],
    ['indented mappings', Array.from({ length: 1_200 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['33 levels', `version: 1\nlogs: ${'['.repeat(32)}${']'.repeat(32)}`],
  ])('nesting: %s', (_name, yaml) => {
    const errors = errorsOf(yaml);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain('is nested deeper than 32 levels');
  });

  test('32 levels are not too many for the reader, only for the schema', () => {
    expect(errorsOf(`version: 1\nlogs: ${'['.repeat(31)}${']'.repeat(31)}`)).toEqual([
      expect.stringContaining('logs: expected a mapping, found a list'),
    ]);
  });

  test('duplicate keys: every one, with the place of the first', () => {
    const errors = errorsOf('version: 1\nlogs: { level: info, level: off, level: warn }\nlogs: {}');
    expect(errors).toEqual([
      expect.stringMatching(/^2:22 logs\.level: the key is given twice; first at \S+:2:9$/),
      expect.stringMatching(/^2:34 logs\.level: the key is given twice/),
      expect.stringMatching(/^3:1 logs: the key is given twice/),
    ]);
  });

  test('unknown keys at every level', () => {
    const yaml = configuration({
      server: '{ publicUrl: https://gateway.example.com, allowAll: true, admin: { insecure: true } }',
      services:
        '{ orders: { type: http, upstream: { url: http://o/, tls: { verify: false } }, skipAuth: true } }',
    });
    expect(errorsOf(`${yaml}\ndebug: true`).map((error) => error.replace(/^\S+ (\S+) .*/, '$1'))).toEqual([
      'server.allowAll:',
      'server.admin.insecure:',
      'services.orders.upstream.tls:',
      'services.orders.skipAuth:',
      'debug:',
    ]);
  });

  test('a file full of problems stays readable', () => {
    const errors = errorsOf(
      `version: 1\n${Array.from({ length: 50_000 }, (_, key) => `k${key}: 1`).join('\n')}`,
    );
    expect(errors).toHaveLength(200);
    expect(errors.at(-1)).toContain('and 49801 more problems');
  });

  test('control characters and line ends in names do not reach the terminal', () => {
    const errors = errorsOf('version: 1\n"a\\u001b[2J\\nb\\u2028c": 1\nservices: { "x\\ty": 5 }');
    expect(errors.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
  });
});

/** threats.md K2: no pattern is a regular expression; a pattern that looks like one is refused. */
describe('K2: patterns', () => {
  test.each(['/(a+)+$', '/a{1,9}', '/[a-z]*', '/a?b'])(
    '%s is refused as the path of an operation',
    (pattern) => {
      const services = `{ orders: { type: http, upstream: { url: http://o/ }, operations: [{ scope: read_api, methods: [GET], paths: ["${pattern}"] }] } }`;
      expect(errorsOf(configuration({ services }))).toHaveLength(1);
    },
  );
});

/** threats.md J8: without a required audience, a token for another service would be accepted. */
describe('J8: audiences', () => {
  const issuer = (audiences: string): string =>
    `{ gitlab: { type: gitlab, issuer: https://gitlab.example.com${audiences} } }`;

  test.each([
    [
      'none anywhere',
      configuration({ server: '{}', issuers: issuer('') }),
      'issuers.gitlab.audiences: is missing',
    ],
    [
      'an empty list',
      configuration({ issuers: issuer(', audiences: []') }),
      'issuers.gitlab.audiences: must not be an empty list',
    ],
    [
      'an empty value',
      configuration({ issuers: issuer(', audiences: [""]') }),
      'issuers.gitlab.audiences[0]: must not be empty',
    ],
    [
      'nothing',
      configuration({ issuers: issuer(', audiences:') }),
      'issuers.gitlab.audiences: expected a list, found nothing',
    ],
    [
      'an empty variable',
      configuration({ issuers: issuer(', audiences: ["${AUD:-}"]') }),
      'issuers.gitlab.audiences[0]: must not be empty',
    ],
    [
      'an empty list of a service',
      configuration({ services: '{ orders: { type: http, audiences: [], upstream: { url: http://o/ } } }' }),
      'services.orders.audiences: must not be an empty list',
    ],
  ])('%s: no start', (_name, yaml, message) => {
    expect(errorsOf(yaml)).toEqual([expect.stringContaining(message)]);
  });
});

/** threats.md B4: a well-known secret. */
describe('B4: deploy tokens', () => {
  const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

  test.each([
    ['no hash at all', 'secretHash: ""'],
    ['an empty hash', 'secretHash: "sha256:"'],
    ['an empty variable', 'secretHash: "${HASH:-}"'],
    ['the hash of nothing', `secretHash: "sha256:${EMPTY}"`],
    ['nothing', 'secretHash:'],
  ])('%s: no start', (_name, hash) => {
    const yaml = configuration({
      deployTokens: `{ a: { username: a, ${hash}, grants: [{ service: orders, scopes: [read_api], resources: ["**"] }] } }`,
    });
    expect(errorsOf(yaml)).toEqual([expect.stringContaining('deployTokens.a.secretHash: ')]);
  });
});

/** threats.md L3: neither what a variable brought in nor what a secret's file holds is ever shown. */
describe('L3: secrets in messages', () => {
  const CANARY = 'c4nary-5ecret';

  test.each([
    [
      'where text of another form is wanted',
      'server: { listen: "${S}", publicUrl: "${S}", trustedProxies: ["${S}"] }',
    ],
    ['where a value of a list is wanted', 'logs: { level: "${S}" }'],
    [
      'where a number is wanted',
      'services: { o: { type: http, upstream: { url: "${S}", connections: "${S}" } } }',
    ],
    ['as a type', 'services: { o: { type: "${S}" } }\nissuers: { i: { type: "${S}", issuer: "${S}" } }'],
    ['as a credential class', 'identities: { a: { issuer: x, via: ["${S}"], match: {} } }'],
    [
      'with a line end',
      'services: { o: { type: http, upstream: { url: http://o/, auth: { bearer: { token: "${S}\\n${S}" } } } } }',
    ],
    ['twice', 'server: { admin: { token: "${S}", tokenFile: secret } }'],
    ['in a file of two lines', 'server: { admin: { tokenFile: lines } }'],
    ['after a syntax error', `server: { admin: { token: ${CANARY} ]`],
    ['before a syntax error', `server:\n  admin:\n    token: "${CANARY}\n`],
    ['next to an unset variable', 'server: { admin: { token: "${S}${NONE}" } }'],
    ['as a broken reference', `server: { admin: { token: "\${${CANARY} x}" } }`],
    ['in the URL of Redis', 'state: { redis: { url: "redis://u:${S}@h:99999999" } }'],
    ['in the URL of Redis, without an escape', 'state: { redis: { url: "redis://u:${S}%zz@h" } }'],
    ['in the URL of Redis, twice', 'state: { redis: { url: "redis://u:${S}@h", urlFile: secret } }'],
    ['in the file of a URL', 'state: { redis: { urlFile: secret } }'],
    [
      'as a secret where its hash is wanted',
      'deployTokens: { a: { username: "${S}", secretHash: "${S}", expires: "${S}", grants: [] } }',
    ],
    ['as a project', 'jobTokenAllowlist: { acme/a: ["${S}"] }'],
    ['as a tag', `server: { admin: { token: !${CANARY} x } }`],
  ])('%s', (_name, yaml) => {
    const beside = { secret: CANARY, lines: `${CANARY}\n${CANARY}\n` };
    const result = load(`version: 1\n${yaml}`, { S: CANARY }, beside);
    expect(result.kind === 'loaded').toBe(false);
    if (result.kind === 'loaded') return;
    expect(result.problems.length).toBeGreaterThan(0);
    expect([...result.problems, ...result.warnings].map(formatProblem).join('\n')).not.toContain(CANARY);
  });
});
