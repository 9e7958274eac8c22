import { get, head, PACKAGE_SCOPES, put, remove, type ServiceType } from '../service-type.ts';

export const MAVEN: ServiceType = {
  type: 'maven',
  path: '/maven/',
  configuredPath: '/maven/',
  ...PACKAGE_SCOPES,
  resources: ['com/acme/**'],
  reads: get('com/acme/app/1.0/app-1.0.jar'),
  writes: put('com/acme/app/1.0/app-1.0.jar'),
  routes: [
    head('com/acme/app/1.0/app-1.0.jar'),
    get('com/acme/app/1.0/app-1.0.jar.sha1'),
    get('com/acme/app/1.0/app-1.0.jar.asc'),
    get('com/acme/app/maven-metadata.xml'),
    put('com/acme/app/maven-metadata.xml'),
    put('com/acme/app/1.0/app-1.0.pom.md5'),
    get('org/other/app/1.0/app-1.0.jar'),
    put('org/other/app/1.0/app-1.0.jar'),
    remove('com/acme/app/1.0/app-1.0.jar'),
    get(''),
    get('com/acme/'),
    get('com/acme/app/1.0/app%2B1.jar'),
    { method: 'POST', path: 'com/acme/app/1.0/app-1.0.jar', body: '' },
  ],
  document: {
    route: get('com/acme/app/maven-metadata.xml'),
    type: 'application/xml',
    body: '<url>UPSTREAM/</url>',
  },
};
