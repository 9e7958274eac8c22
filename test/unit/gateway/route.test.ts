import { expect, test } from 'vitest';
import { createRoute, findWithSlash } from '../../../src/gateway/route.ts';

const route = createRoute([
  { name: 'any', path: '/' },
  { name: 'orders', path: '/orders/' },
  { name: 'orders-v2', path: '/orders/v2/' },
  { name: 'orders-root', path: '/orders/', exact: true },
  { name: 'npm', path: '/', hosts: ['npm.example.com'] },
  { name: 'npm-port', path: '/', hosts: ['npm.example.com:8443'] },
  { name: 'docs', path: '/docs/', hosts: ['DOCS.example.com'] },
]);

test.each([
  ['other', '/', 'any'],
  ['other', '/orders/x', 'orders'],
  ['other', '/orders/', 'orders-root'],
  ['other', '/ordersx', 'any'],
  ['other:80', '/orders/v2/x', 'orders-v2'],
  ['npm.example.com', '/orders/x', 'npm'],
  ['npm.example.com:80', '/x', 'npm'],
  ['npm.example.com:8443', '/x', 'npm-port'],
  ['docs.example.com', '/docs/a', 'docs'],
  ['docs.example.com', '/', undefined],
  ['evil-npm.example.com', '/x', 'any'],
])('%s %s → %s', (host, path, name) => {
  expect(route(host, path)?.name).toBe(name);
});

test.each([
  ['docs.example.com', '/docs', 'docs'],
  ['docs.example.com', '/docs/a', undefined],
  ['docs.example.com', '/doc', undefined],
  ['other', '/orders', 'orders-root'],
  ['other', '/orders/v2/x', undefined],
])('without the final slash: %s %s → %s', (host, path, name) => {
  expect(findWithSlash(route, host, path)?.name).toBe(name);
});
