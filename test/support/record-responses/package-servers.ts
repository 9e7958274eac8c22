import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { startCrateRegistry } from '../cargo.ts';
import { buildDistribution, startDevpi, startGiftless, startPypiserver } from '../python.ts';
import { startRegistry } from '../registry.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { startVerdaccio } from '../verdaccio.ts';
import { basicHeader, type Recorder } from './raw-recorder.ts';

/** The value of a field of a response. */
const fieldOf = (response: string | undefined, name: string): string =>
  new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(response ?? '')?.[1]?.trim() ?? '';

/** Records the typical responses of the package servers that tests run. */
export const PACKAGE_SERVERS: Readonly<Record<string, (record: Recorder) => Promise<void>>> = {
  async 'docker-registry'(record) {
    const registry = await startRegistry();
    const blob = 'a small blob';
    const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`;
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/octet-stream', size: blob.length, digest },
      layers: [],
    });
    const media = 'application/vnd.oci.image.manifest.v1+json';
    try {
      await record(registry.url, { line: 'GET /v2/' }, { line: 'GET /v2/app/tags/list' });
      const [started] = await record(registry.url, { line: 'POST /v2/app/blobs/uploads/' });
      const path = (text: string | undefined): string => {
        const { pathname, search } = new URL(fieldOf(text, 'Location'), registry.url);
        return pathname + search;
      };
      const [patched] = await record(registry.url, { line: `PATCH ${path(started)}`, body: blob });
      await record(
        registry.url,
        { line: `PUT ${path(patched)}&digest=${digest}` },
        { line: `HEAD /v2/app/blobs/${digest}` },
        { line: `GET /v2/app/blobs/${digest}` },
        { line: `GET /v2/app/blobs/${digest}`, headers: ['Range: bytes=2-5'] },
        { line: `GET /v2/app/blobs/${digest}`, headers: ['Range: bytes=200-500'] },
        { line: 'PUT /v2/app/manifests/latest', headers: [`Content-Type: ${media}`], body: manifest },
        { line: 'GET /v2/app/manifests/latest', headers: [`Accept: ${media}`] },
        { line: 'HEAD /v2/app/manifests/latest', headers: [`Accept: ${media}`] },
        { line: 'GET /v2/app/tags/list' },
        { line: 'GET /v2/app/manifests/none' },
        { line: `DELETE /v2/app/blobs/${digest}` },
      );
    } finally {
      await registry.close();
    }
  },
  async verdaccio(record) {
    const npm = await startVerdaccio();
    const headers = [basicHeader(npm.username, npm.password), 'Content-Type: application/json'];
    const data = Buffer.from('not a real tarball').toString('base64');
    const body = JSON.stringify({
      name: 'small',
      'dist-tags': { latest: '1.0.0' },
      versions: {
        '1.0.0': { name: 'small', version: '1.0.0', dist: { tarball: 'http://localhost/small-1.0.0.tgz' } },
      },
      _attachments: { 'small-1.0.0.tgz': { content_type: 'application/octet-stream', data, length: 18 } },
    });
    try {
      const [, , , found] = await record(
        npm.url,
        { line: 'GET /-/ping' },
        { line: 'GET /small' },
        { line: 'PUT /small', headers, body },
        { line: 'GET /small', headers },
      );
      await record(
        npm.url,
        { line: 'GET /small', headers: [...headers, `If-None-Match: ${fieldOf(found, 'ETag')}`] },
        { line: 'GET /small', headers: [...headers, 'Accept-Encoding: gzip'] },
        { line: 'GET /small/-/small-1.0.0.tgz', headers },
        { line: 'HEAD /small', headers },
        { line: 'GET /none', headers },
      );
    } finally {
      await npm.close();
    }
  },
  async pypiserver(record) {
    const [index, home] = [await startPypiserver(), temporaryFolder('record')];
    const headers = [basicHeader(index.username, index.password)];
    try {
      const [wheel = ''] = await buildDistribution(home.path, 'small', '1.0');
      const form = `--b\r\nContent-Disposition: form-data; name=":action"\r\n\r\nfile_upload\r\n--b\r\nContent-Disposition: form-data; name="content"; filename="small-1.0-py3-none-any.whl"\r\n\r\n`;
      const body = Buffer.concat([Buffer.from(form), readFileSync(wheel), Buffer.from('\r\n--b--\r\n')]);
      await record(
        index.url,
        { line: 'GET /simple/' },
        { line: 'POST /', headers: [...headers, 'Content-Type: multipart/form-data; boundary=b'], body },
        { line: 'GET /simple/', headers },
        { line: 'GET /simple', headers },
        { line: 'GET /simple/small/', headers },
        { line: 'GET /packages/small-1.0-py3-none-any.whl', headers },
        { line: 'HEAD /packages/small-1.0-py3-none-any.whl', headers },
        { line: 'GET /packages/none', headers },
      );
    } finally {
      home.close();
      await index.close();
    }
  },
  async devpi(record) {
    const index = await startDevpi();
    const { pathname } = new URL(index.url);
    const accept = 'Accept: application/vnd.pypi.simple.v1+json';
    try {
      await record(
        index.url,
        { line: 'GET /+api' },
        { line: `GET ${pathname}/+simple/` },
        { line: `GET ${pathname}/+simple/`, headers: [accept] },
        { line: `GET ${pathname}/+simple/none/` },
        { line: `HEAD ${pathname}/+simple/` },
        { line: `GET ${pathname}` },
        {
          line: 'POST /+login',
          headers: ['Content-Type: application/json'],
          body: '{"user":"a","password":"b"}',
        },
      );
    } finally {
      await index.close();
    }
  },
  async giftless(record) {
    const lfs = await startGiftless();
    const headers = [basicHeader('_jwt', lfs.token), 'Accept: application/vnd.git-lfs+json'];
    const body = JSON.stringify({ operation: 'upload', objects: [{ oid: 'a'.repeat(64), size: 2 }] });
    const batch = { line: 'POST /acme/app.git/info/lfs/objects/batch', body };
    const type = 'Content-Type: application/vnd.git-lfs+json';
    try {
      await record(
        lfs.url,
        { ...batch, headers: [type] },
        { ...batch, headers: [...headers, type] },
        { line: 'GET /acme/app.git/info/lfs/objects/storage/none', headers },
        { line: 'GET /none' },
      );
    } finally {
      await lfs.close();
    }
  },
  /** HTTP/1.0 responses. */
  async 'registry of crates'(record) {
    const crates = await startCrateRegistry();
    try {
      await record(
        crates.url,
        { line: 'GET /config.json' },
        { line: 'GET /index/config.json' },
        { line: 'GET /api/v1/crates?q=a' },
        { line: 'GET /none' },
        { line: 'PUT /api/v1/crates/new', body: 'not a crate' },
      );
    } finally {
      await crates.close();
    }
  },
};
