import { get, PACKAGE_SCOPES, post, put, remove, type ServiceType } from '../service-type.ts';

export const NUGET: ServiceType = {
  type: 'nuget',
  path: '/nuget/',
  configuredPath: '/nuget/',
  ...PACKAGE_SCOPES,
  resources: ['acme.*'],
  reads: get('v3/flatcontainer/acme.core/1.0.0/acme.core.1.0.0.nupkg'),
  writes: remove('api/v2/package/Acme.Core/1.0.0'),
  routes: [
    get('v3/index.json'),
    get('index.json'),
    get('v3/registrations2/acme.core/index.json'),
    get('v3/registrations2/Acme.Core/1.0.0.json'),
    get('v3/registrations2/other/index.json'),
    get('v3/flatcontainer/acme.core/index.json'),
    get('v3/flatcontainer/acme.core/1.0.0/other.1.0.0.nupkg'),
    get('v3/query?q=acme'),
    get('query?q=acme'),
    get('v3/catalog0/index.json'),
    put('api/v2/package', 'nupkg'),
    put('', 'nupkg'),
    post('Acme.Core/1.0.0'),
    remove('other/1.0.0'),
    get('FindPackagesById()'),
    post('api/v2/token', '{}'),
  ],
  document: {
    route: get('v3/index.json'),
    type: 'application/json',
    body: '{"version":"3.0.0","resources":[{"@id":"UPSTREAM/v3/flatcontainer/","@type":"PackageBaseAddress/3.0.0"},{"@id":"https://elsewhere.example.com/","@type":"x"}]}',
  },
};
