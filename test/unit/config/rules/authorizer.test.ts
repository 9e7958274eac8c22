import { describe, expect, test } from 'vitest';
import { accepted, configuration, errorsOf, warningsOf } from '../loading.ts';

const AUTH = 'auth: { bearer: { token: secret } }';

function withAuthorizer(authorizer: string, service = 'path: /orders/', server = ''): string {
  return configuration({
    server: `{ publicUrl: https://gateway.example.com${authorizer === '' ? '' : `, authorizer: ${authorizer}`}${server} }`,
    services: `{ orders: { type: http, ${service} } }`,
  });
}

describe('the address', () => {
  test.each(['127.0.0.1:8081', 'unix:/run/gatehouse/authorizer.sock', '[::1]:0'])(
    '%s is accepted',
    (listen) => {
      const yaml = withAuthorizer(`{ listen: "${listen}" }`);
      expect(accepted(yaml).server.authorizer).toEqual({ listen });
      expect(warningsOf(yaml)).toEqual([]);
    },
  );

  test.each([
    ['127.0.0.1:8080', 'is the address of server.listen too'],
    ['127.0.0.1:9090', 'is the address of server.admin.listen too'],
    ['127.0.0.1:70000', 'the port must be at most 65535'],
  ])('%s is refused', (listen, message) => {
    expect(errorsOf(withAuthorizer(`{ listen: "${listen}" }`))).toEqual([
      expect.stringContaining(`server.authorizer.listen: ${message}`),
    ]);
  });

  test('a relative socket path is refused', () => {
    expect(errorsOf(withAuthorizer('{ listen: "unix:run/a.sock" }'))).toContainEqual(
      expect.stringContaining('server.authorizer.listen: must be ADDRESS:PORT'),
    );
  });

  test('on a network: TLS, and a way to trust the proxies', () => {
    const listen = 'listen: ":8081"';
    expect(warningsOf(withAuthorizer(`{ ${listen} }`))).toEqual([
      expect.stringContaining('is reachable from other machines and not encrypted'),
      expect.stringContaining('accepts no peer on other machines'),
    ]);
    const trusted = withAuthorizer(`{ ${listen} }`, 'path: /orders/', ', trustedProxies: [10.0.0.0/8]');
    expect(warningsOf(trusted)).toEqual([
      expect.stringContaining('is reachable from other machines and not encrypted'),
    ]);
  });
});

describe('a service without upstream', () => {
  test('needs the authorizer', () => {
    expect(errorsOf(withAuthorizer(''))).toEqual([
      expect.stringContaining('services.orders.upstream: is missing; it is optional with server.authorizer'),
    ]);
  });

  test.each(['generic', 'oci'])('of type %s is accepted', (type) => {
    const yaml = configuration({
      server: '{ publicUrl: https://gateway.example.com, authorizer: { listen: "127.0.0.1:8081" } }',
      identities: '{}',
      roles: '{}',
      services: `{ files: { type: ${type} } }`,
    });
    expect(errorsOf(yaml)).toEqual([]);
  });

  test('of another type is refused', () => {
    const yaml = configuration({
      server: '{ publicUrl: https://gateway.example.com, authorizer: { listen: "127.0.0.1:8081" } }',
      identities: '{}',
      roles: '{}',
      services: '{ files: { type: npm } }',
    });
    expect(errorsOf(yaml)).toEqual([expect.stringContaining('services.files.upstream: is missing')]);
  });
});

describe('authorizer.injectCredential', () => {
  const UPSTREAM = `path: /orders/, upstream: { url: "https://orders.internal/", ${AUTH} }`;
  const inject = (authorizer: string, upstream = UPSTREAM): readonly string[] =>
    errorsOf(withAuthorizer(authorizer, `${upstream}, authorizer: { injectCredential: true }`));

  test.each(['127.0.0.1:8081', 'unix:/run/a.sock', '[::1]:8081'])('%s is accepted', (listen) => {
    expect(inject(`{ listen: "${listen}" }`)).toEqual([]);
  });

  test('on a network without client certificates: refused', () => {
    expect(inject('{ listen: ":8081" }')).toEqual([
      expect.stringContaining(
        'services.orders.authorizer.injectCredential: would send the credential over the network',
      ),
    ]);
  });

  test('without server.authorizer, or without a credential of the gateway: refused', () => {
    expect(inject('')).toEqual([expect.stringContaining('has no effect without server.authorizer')]);
    const none = 'path: /orders/, upstream: { url: "https://orders.internal/" }';
    expect(inject('{ listen: "127.0.0.1:8081" }', none)).toEqual([
      expect.stringContaining('needs a credential of the gateway'),
    ]);
  });
});
