import { describe, expect, test } from 'vitest';
import { SERVICE_TRAITS } from '../../../src/config/schema/service.ts';
import { configuration, errorsOf } from './loading.ts';

const SERVICE_TYPES = Object.keys(SERVICE_TRAITS).join(', ');

const issuer = (body: string): string => configuration({ issuers: `{ gitlab: { ${body} } }` });
const identity = (body: string): string => configuration({ identities: `{ payments: { ${body} } }` });
const match = (body: string): string =>
  identity(`issuer: gitlab, match: { project_id: 20, ${body} }, roles: [reader]`);
const service = (body: string): string =>
  configuration({
    services: `{ orders: { type: http, upstream: { url: http://orders.internal/ }, ${body} } }`,
  });
const upstream = (body: string): string =>
  configuration({ services: `{ orders: { type: http, upstream: { ${body} } } }` });

test('a section with a wrong name: references into it are no further problems', () => {
  const yaml = configuration().replace(/^services:/m, 'servces:');
  expect(errorsOf(yaml)).toEqual([
    expect.stringMatching(/servces: unknown key; did you mean "services"[?]$/),
  ]);
});

describe('schema problems are reported with a position', () => {
  const cases: [yaml: string, messages: string[]][] = [
    [`${configuration()}\nisuers: {}`, ['7:1 isuers: unknown key; known: version, server, state, signing']],
    [`${configuration()}\nlgos: {}`, ['7:1 lgos: unknown key; did you mean "logs"?']],
    [service('hots: [a]'), ['services.orders.hots: unknown key; did you mean "hosts"?']],
    [
      service('mode: shadwo'),
      ['services.orders.mode: must be one of enforce, shadow; did you mean "shadow"?'],
    ],
    [service('mode: off'), ['services.orders.mode: must be one of enforce, shadow']],
    [service('keepCookies: "true"'), ['services.orders.keepCookies: expected true or false, found text']],
    [
      service('hosts: a.example.com'),
      ['services.orders.hosts: expected a list, found text; write it as a list: [a, b]'],
    ],
    [service('hosts: []'), ['services.orders.hosts: must not be an empty list']],
    [service('path: [a]'), ['services.orders.path: expected text, found a list; give a single value']],
    [service('path: 5'), ['services.orders.path: expected text, found a number; put it in quotes']],
    [service('path:'), ['services.orders.path: expected text, found nothing']],
    [
      service('limits: { bodyBytes: 10MB }'),
      ['services.orders.limits.bodyBytes: must be a size such as 512B'],
    ],
    [
      service('limits: 10MiB'),
      ['services.orders.limits: expected a mapping, found text; write it as a mapping: { key: value }'],
    ],
    [
      service('operations: { scope: read, methods: [GET] }'),
      ['services.orders.operations: expected a list, found a mapping; start each entry with "-"'],
    ],
    [
      service('credentialSources: [cookie]'),
      ['services.orders.credentialSources[0]: must be one of bearer, basic'],
    ],
    [
      service('carriers: [bearer]'),
      ['services.orders.carriers: was renamed: write "credentialSources" instead'],
    ],
    [
      upstream('url: http://x/, auth: { oauth2: { tokenUrl: https://a/t, clientId: a, clientSecret: b } }'),
      ['upstream.auth.oauth2.tokenUrl: was renamed: write "tokenEndpoint" instead'],
    ],
    [
      configuration({
        issuers: '{ gitlab: { type: gitlab, issuer: https://a.example.com, jwksUrl: https://a/k } }',
      }),
      ['issuers.gitlab.jwksUrl: was renamed: write "jwksUri" instead'],
    ],
    [service('operations: [{ scope: a }]'), ['services.orders.operations[0].methods: is missing']],
    [upstream('url: http://x/, connections: 0'), ['connections: must be at least 1']],
    [upstream('url: http://x/, connections: 1.5'), ['connections: expected a whole number, found a number']],
    [
      upstream('url: http://x/, timeouts: { connect: 5 }'),
      ['timeouts.connect: must be a duration such as 250ms'],
    ],
    [upstream('url: http://x/, timeouts: { connect: 0s }'), ['must be more than 0 and at most 24d']],
    [upstream('url: http://x/, timeouts: { idle: 25d }'), ['must be more than 0 and at most 24d']],
    [upstream('hostHeader: client'), ['services.orders.upstream.url: is missing (URL of the upstream']],
    [
      configuration({ services: '{ orders: { path: / } }' }),
      [`services.orders.type: is missing (one of ${SERVICE_TYPES})`],
    ],
    [
      configuration({ services: '{ orders: { type: htp } }' }),
      [`services.orders.type: must be one of ${SERVICE_TYPES}; did you mean "http"?`],
    ],
    [
      service('credentialSources: [bearer, query]'),
      ['services.orders.credentialSources[1]: must be one of bearer, basic, raw-authorization, job-token'],
    ],
    [
      configuration({
        services: '{ orders: { type: generic, upstream: { url: http://o/ }, operations: [] } }',
        roles: '{ reader: [{ service: orders, scopes: [read_package_registry], resources: ["**"] }] }',
      }),
      [
        'services.orders.operations: unknown key; known: type, hosts, path, issuers, audiences, upstream, anonymous, mode, deny, identityHeaders, headerPreset, assertion, keepCookies, passHeaders, limits, authorizer, and 2 more',
      ],
    ],
    [configuration({ services: '{ orders: 5 }' }), ['services.orders: expected a mapping, found a number']],
    [configuration({ services: '[]' }), ['services: expected a mapping, found a list']],
    [configuration({ logs: '' }), ['logs: expected a mapping, found nothing']],
    [
      issuer('type: gitlba, issuer: https://a.example.com'),
      [
        'issuers.gitlab.type: must be one of gitlab, github, kubernetes, entra, aws, azure-devops, bitbucket, buildkite, circleci, google, hcp-terraform, spiffe, oidc; did you mean "gitlab"?',
      ],
    ],
    [
      issuer('type: gitlab, issuer: gitlab.example.com'),
      [
        'issuers.gitlab.issuer: must be an absolute http(s) URL without user, query or fragment, such as https://host.example.com/',
      ],
    ],
    [
      issuer('type: gitlab, issuer: "https://a@b.example.com"'),
      ['must be an absolute http(s) URL without user'],
    ],
    [issuer('type: gitlab, issuer: "https://a.example.com "'), ['must be an absolute http(s) URL']],
    [issuer('type: gitlab, issuer: "https://a.example.com?x"'), ['must be an absolute http(s) URL']],
    [issuer('type: gitlab, issuer: ftp://a.example.com'), ['must be an absolute http(s) URL']],
    [
      issuer('type: gitlab, isuer: https://a.example.com'),
      ['issuers.gitlab.isuer: unknown key; did you mean "issuer"?'],
    ],
    [
      issuer('type: gitlab'),
      [
        'issuers.gitlab.issuer: is missing (`iss` of the tokens, compared byte for byte. Type spiffe: the trust domain, as spiffe://TRUST-DOMAIN)',
      ],
    ],
    [
      configuration({
        issuers:
          '{ "a b": { type: oidc, issuer: https://x.example.com }, gitlab: { type: gitlab, issuer: https://y.example.com } }',
      }),
      ['3:12 issuers["a b"]: the key must be a name'],
    ],
    [
      configuration({ server: '{ publicUrl: https://x.example.com, trustedProxies: [10.0.0.0/33] }' }),
      ['server.trustedProxies[0]: must be a network such as'],
    ],
    [
      configuration({ server: '{ publicUrl: https://x.example.com, listen: 8080 }' }),
      ['server.listen: must be ADDRESS:PORT'],
    ],
    [
      configuration({ server: '{ publicUrl: https://x.example.com, limits: { headerCount: 5000 } }' }),
      ['must be at most 1000'],
    ],
    [
      identity('issuer: gitlab, match: { project_id: 20 }, via: [id-token]'),
      [
        'identities.payments.via[0]: must be one of id_token, job_token, deploy_token; did you mean "id_token"?',
      ],
    ],
    [
      match('ref: [main]'),
      [
        'match.ref: must be a value, or a mapping with equals, in, notIn, contains or glob; write { in: [a, b] } for one of several values',
      ],
    ],
    [match('ref: '), ['match.ref: must be a value, or a mapping with']],
    [match('ref: {}'), ['match.ref: needs one of equals, in, notIn, contains, glob']],
    [match('ref: { glbo: x }'), ['match.ref.glbo: unknown key; did you mean "glob"?']],
    [match('ref: { glob: 5 }'), ['match.ref.glob: expected text or a list, found a number']],
    [match('ref: { in: main }'), ['match.ref.in: expected a list, found text']],
    [match('ref: { in: [] }'), ['match.ref.in: must not be an empty list']],
    [
      match('ref: { in: [main, {}] }'),
      ['match.ref.in[1]: expected text or a number or true or false, found a mapping'],
    ],
  ];

  test.each(cases.map(([yaml, [message = '']]) => [message, yaml]))('%s', (message, yaml) => {
    expect(errorsOf(yaml ?? '')).toEqual([expect.stringContaining(message ?? '')]);
  });

  test('all problems come at once, in the order of the file, whatever finds them', () => {
    const errors = errorsOf(`version: 1
server: { listne: 127.0.0.1:8080, publicUrl: https://gateway.example.com }
issuers:
  gitlab: { type: gitlab, issuer: https://gitlab.example.com }
identities:
  a: { issuer: gitlba, match: { project_id: 0x14 }, roles: [raeder] }
  b: { issuer: gitlab, match: { ref: main } }
roles:
  reader: [{ service: order, scopes: [read], resources: [] }]
services:
  orders: { type: http, upstream: { url: http://orders.internal, auth: { basic: { username: x } } } }
  images: { type: ocy, upstream: { url: http://registry.internal:5000 } }
  broken: { type: helm, path: 5 }
`);
    expect(errors.map((error) => error.split(': ')[0])).toEqual([
      '2:11 server.listne',
      '6:16 identities.a.issuer',
      '6:45 identities.a.match.project_id',
      '6:61 identities.a.roles[0]',
      '7:24 identities.b.match',
      '9:46 roles.reader[0].resources',
      '11:42 services.orders.upstream.url',
      '11:74 services.orders.upstream.auth.basic',
      '12:19 services.images.type',
      '13:3 services.broken.upstream',
      '13:31 services.broken.path',
    ]);
  });

  test('a reference to an entry that has its own problem is no second one', () => {
    const services = '{ orders: { type: ocy, upstream: { url: http://registry.internal:5000 } } }';
    expect(errorsOf(configuration({ services }))).toEqual([
      expect.stringContaining('6:29 services.orders.type: must be one of http, '),
    ]);
  });
});
