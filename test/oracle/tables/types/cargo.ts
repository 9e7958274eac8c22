import { get, PACKAGE_SCOPES, put, remove, type Route, type ServiceType } from '../service-type.ts';

export const CARGO: ServiceType = {
  type: 'cargo',
  path: '/cargo/',
  configuredPath: '/cargo/',
  ...PACKAGE_SCOPES,
  resources: ['acme-*'],
  reads: get('ac/me/acme-lib'),
  writes: publish('{"name":"acme-lib","vers":"1.0.0"}'),
  routes: [
    get('config.json'),
    get('ac/me/Acme_Lib'),
    get('ot/he/other'),
    get('1/a'),
    get('crates/acme-lib-1.0.0.crate'),
    get('crates/acme-lib/1.0.0.crate'),
    get('crates/0011.crate'),
    get('api/v1/crates/acme-lib/1.0.0/download'),
    get('api/v1/crates?q=acme'),
    publish('{"name":"other","vers":"1.0.0"}'),
    publish('{"name":"acme-lib","Name":"other"}'),
    put('api/v1/crates/new', 'x'),
    put('api/v1/crates/new', 'x', 'Content-Encoding: br'),
    remove('api/v1/crates/acme-lib/1.0.0/yank'),
    put('api/v1/crates/acme-lib/1.0.0/unyank', ''),
    get('api/v1/crates/acme-lib/owners'),
    put('api/v1/crates/acme-lib/owners', '{"users":["x"]}'),
    get('api/v1/me/tokens'),
  ],
  document: {
    route: get('config.json'),
    type: 'application/json',
    body: '{"dl":"UPSTREAM/api/v1/crates","api":"UPSTREAM","auth-required":false}',
  },
};

/** Length and metadata, then length and file (Cargo book, "Publish"). */
function publish(metadata: string): Route {
  const length = (text: string): string => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(text.length);
    return bytes.toString('latin1');
  };
  return put('api/v1/crates/new', `${length(metadata)}${metadata}${length('crate')}crate`);
}
