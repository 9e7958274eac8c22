import { get, PACKAGE_SCOPES, put, type ServiceType } from '../service-type.ts';

export const GO: ServiceType = {
  type: 'go',
  path: '/go/',
  configuredPath: '/go/',
  cannotConceal: true,
  ...PACKAGE_SCOPES,
  resources: ['example.com/acme/**', 'example.com/Acme/**'],
  reads: get('example.com/acme/lib/@v/list'),
  writes: put('example.com/acme/lib/@v/v1.0.0.zip'),
  routes: [
    get('example.com/acme/lib/@v/v1.0.0.info'),
    get('example.com/acme/lib/@v/v1.0.0.mod'),
    get('example.com/acme/lib/@latest'),
    get('example.com/!acme/lib/@v/list'),
    get('example.com/Acme/lib/@v/list'),
    get('example.com/%21acme/lib/@v/list'),
    get('example.com/other/lib/@v/list'),
    get('sumdb/sum.example.com/supported'),
    get('sumdb/sum.example.com/latest'),
    get('sumdb/sum.example.com/lookup/example.com/acme/lib@v1.0.0'),
    get('sumdb/sum.example.com/lookup/example.com/other/lib@v1.0.0'),
    get('sumdb/sum.example.com/tile/8/0/000'),
    get('no-domain/@v/list'),
    get('example.com/acme/lib/@v/v1.0.0.exe'),
  ],
  document: {
    route: get('example.com/acme/lib/@latest'),
    type: 'application/json',
    body: '{"Origin":{"URL":"UPSTREAM/lib"}}',
  },
};
