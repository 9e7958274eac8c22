import { get, head, post, put, type Route, type ServiceType } from '../service-type.ts';

const OID = 'b'.repeat(64);
const LFS = 'acme/api.git/info/lfs';

function lfsBatch(path: string, body: string): Route {
  return post(
    `${path}/objects/batch`,
    body,
    'Content-Type: application/vnd.git-lfs+json',
    'Accept: application/vnd.git-lfs+json',
  );
}

/** Requests of Git and Git LFS, which `gitlab` services answer too. */
export const GIT_ROUTES: readonly Route[] = [
  get('acme/api.git/info/refs?service=git-receive-pack'),
  get('acme/api/info/refs?service=git-upload-pack'),
  get('acme/api.git/info/refs'),
  get('acme/api.git/info/refs?service=git-upload-pack&service=git-receive-pack'),
  get('acme/api.git/HEAD'),
  post('acme/api.git/git-upload-pack', '0000'),
  get('other/api.git/info/refs?service=git-upload-pack'),
  lfsBatch(LFS, '{"operation":"download","objects":[]}'),
  lfsBatch(LFS, '{"operation":"upload","objects":[]}'),
  lfsBatch(LFS, '{"operation":"delete"}'),
  lfsBatch(LFS, '{'),
  lfsBatch('other/api.git/info/lfs', '{"operation":"download","objects":[]}'),
  get(`${LFS}/objects/${OID}`),
  put(`${LFS}/objects/${OID}`, 'object'),
  put(`acme/api.git/gitlab-lfs/objects/${OID}/6`, 'object'),
  get(`${LFS}/locks`),
  post(`${LFS}/locks`, '{"path":"a"}'),
  post(`${LFS}/locks/1/unlock`, '{}'),
];

export const GIT: ServiceType = {
  type: 'git',
  path: '/git/',
  configuredPath: '/git/',
  read: ['read_repository'],
  write: ['write_repository'],
  resources: ['acme/**'],
  reads: get('acme/api.git/info/refs?service=git-upload-pack'),
  writes: post('acme/api.git/git-receive-pack', '0000'),
  routes: [head('acme/api.git/info/refs?service=git-upload-pack'), ...GIT_ROUTES],
  document: {
    route: lfsBatch(LFS, '{"operation":"download","objects":[]}'),
    type: 'application/vnd.git-lfs+json',
    body: `{"objects":[{"oid":"${OID}","actions":{"download":{"href":"UPSTREAM/${LFS}/objects/${OID}","header":{"Authorization":"Basic upstream"}}}}]}`,
  },
};
