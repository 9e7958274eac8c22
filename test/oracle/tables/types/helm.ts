import { get, PACKAGE_SCOPES, post, put, remove, type ServiceType } from '../service-type.ts';

export const HELM: ServiceType = {
  type: 'helm',
  path: '/helm/',
  configuredPath: '/helm/',
  ...PACKAGE_SCOPES,
  resources: ['acme-*'],
  reads: get('acme-api-1.0.0.tgz'),
  writes: put('acme-api-1.0.0.tgz', 'chart'),
  routes: [
    get('index.yaml'),
    put('index.yaml', 'entries: {}'),
    get('charts/acme-api-1.0.0.tgz'),
    get('acme-api-1.0.0.tgz.prov'),
    get('acme-api-1.0.0%2Bb.tgz'),
    get('other-1.0.0.tgz'),
    get('other-1.0.0-acme-api-1.0.0.tgz'),
    get('api/charts'),
    get('api/charts/acme-api/1.0.0'),
    get('api/charts/other/1.0.0'),
    post('api/charts', 'chart'),
    post('api/prov', 'prov'),
    remove('api/charts/acme-api/1.0.0'),
    get('readme.txt'),
  ],
  document: {
    route: get('index.yaml'),
    type: 'text/yaml',
    body: 'entries:\n  acme-api:\n  - urls: ["UPSTREAM/charts/acme-api-1.0.0.tgz"]\n',
  },
};
