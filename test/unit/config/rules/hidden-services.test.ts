import { expect, test } from 'vitest';
import { configuration, load, warningsOf } from '../loading.ts';

function services(hosts: string, other = '', server?: string): string {
  return configuration({
    ...(server === undefined ? {} : { server }),
    services: `
  orders: { type: http, path: /orders/, upstream: { url: http://a/ }${other} }
  stock: { type: http, path: /stock/, hosts: [${hosts}], upstream: { url: http://b/ } }`,
    roles:
      '{ reader: [{ service: orders, scopes: [read_api], resources: ["/v1/**"] }, { service: stock, scopes: [read_api], resources: ["/v1/**"] }] }',
  });
}

test.each(['gateway.example.com', 'other.example.com, gateway.example.com'])(
  'the host of server.publicUrl is listed by another service: %s',
  (hosts) => {
    expect(warningsOf(services(hosts))).toEqual([
      expect.stringMatching(
        /7:3 services\.orders: is not served on the host of server\.publicUrl: service "stock" lists gateway\.example\.com \(\S+:8:\d+\).*add hosts: \[gateway\.example\.com\]/,
      ),
    ]);
  },
);

test('a port of server.publicUrl', () => {
  const server = '{ publicUrl: "https://gateway.example.com:8443" }';
  expect(warningsOf(services('"gateway.example.com:8443"', '', server))).toHaveLength(1);
  expect(warningsOf(services('"gateway.example.com:9443"', '', server))).toEqual([]);
});

test('a dedicated host hides nothing, and a service with its own hosts is not hidden', () => {
  expect(warningsOf(services('stock.example.com'))).toEqual([]);
  expect(warningsOf(services('gateway.example.com', ', hosts: [orders.example.com]'))).toEqual([]);
});

test('without server.publicUrl, a note', () => {
  const { warnings } = load(services('stock.example.com', '', '{}'));
  expect(warnings).toMatchObject(
    expect.arrayContaining([
      expect.objectContaining({
        severity: 'note',
        path: 'services.orders',
        message: expect.stringContaining('is not served on host stock.example.com'),
      }),
    ]),
  );
});

test('a service at the root of the host of server.publicUrl covers the built-in endpoints', () => {
  const text = (path: string, host = 'gateway.example.com'): string =>
    services(host).replace('path: /stock/', `path: ${path}`);
  const notes = (yaml: string) =>
    load(yaml).warnings.filter(({ message }) => message.includes('built-in endpoints'));
  expect(notes(text('/'))).toMatchObject([{ severity: 'note', path: 'services.stock.hosts' }]);
  expect(notes(text('/v1/'))).toHaveLength(1);
  expect(notes(text('/stock/'))).toEqual([]);
  expect(notes(text('/', 'stock.example.com'))).toEqual([]);
});
