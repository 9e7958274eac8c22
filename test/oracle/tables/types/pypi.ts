import { get, head, PACKAGE_SCOPES, post, type Route, type ServiceType } from '../service-type.ts';

export const PYPI: ServiceType = {
  type: 'pypi',
  path: '/pypi/',
  configuredPath: '/pypi/',
  ...PACKAGE_SCOPES,
  resources: ['acme-*'],
  reads: get('simple/acme-ui/'),
  writes: upload('acme-ui', 'acme_ui-1.0.tar.gz'),
  routes: [
    get('simple/'),
    get('simple/Acme.UI/'),
    get('simple/other/'),
    head('simple/acme-ui/'),
    get('+simple/acme-ui/'),
    get('simple/acme-ui/acme_ui-1.0.tar.gz'),
    get('simple/acme-ui/other-1.0.tar.gz'),
    get('packages/ab/cd/acme_ui-1.0-py3-none-any.whl'),
    get('packages/ab/cd/acme_ui-1.0-py3-none-any.whl.metadata'),
    get('packages/acme_ui-1.0%2Blocal-py3-none-any.whl'),
    get('packages/other-1.0-py3-none-any.whl'),
    get('packages/a-1-acme-1.0.tar.gz'),
    get('integrity/acme-ui/1.0/acme_ui-1.0.tar.gz/provenance'),
    upload('other', 'other-1.0.tar.gz'),
    upload('acme-ui', 'other-1.0.tar.gz'),
    { ...upload('acme-ui', 'acme_ui-1.0.tar.gz'), path: 'legacy/' },
    post('', 'name=acme-ui', 'Content-Type: application/x-www-form-urlencoded'),
    get('_/oidc/audience'),
    { method: 'PUT', path: 'simple/acme-ui/', body: '' },
  ],
  document: {
    route: get('simple/acme-ui/'),
    type: 'text/html',
    body: '<a href="UPSTREAM/packages/acme_ui-1.0.tar.gz#sha256=1">acme_ui-1.0.tar.gz</a>',
  },
};

/** As twine sends it. */
function upload(name: string, file: string): Route {
  const field = (key: string, value: string): string =>
    `--b\r\nContent-Disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`;
  const content = `--b\r\nContent-Disposition: form-data; name="content"; filename="${file}"\r\nContent-Type: application/octet-stream\r\n\r\nbytes\r\n--b--\r\n`;
  const body = field(':action', 'file_upload') + field('name', name) + field('version', '1.0') + content;
  return post('', body, 'Content-Type: multipart/form-data; boundary=b');
}
