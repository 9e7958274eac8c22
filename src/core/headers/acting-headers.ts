/** Request headers with one meaning, and the documents that define it. */
export interface HeaderGroup {
  readonly source: string;
  /** In the documented spelling. A trailing `*` matches any suffix. */
  readonly names: readonly string[];
  /** `identityHeaders` cannot set these names either. */
  readonly identityHeaders?: 'never';
}

export interface ActingHeaderGroup extends HeaderGroup {
  /**
   * `refuse`: without the header the request has another effect (an upload by checksum would store an empty file).
   * `remove`: only proxies set the header; without it the request acts on its path.
   */
  readonly effect: 'refuse' | 'remove';
}

/**
 * Headers that make an upstream act on other resources than the request path, which policy does not authorize.
 * A service forwards only those that its `passHeaders` names.
 */
export const ACTING_HEADERS: readonly ActingHeaderGroup[] = [
  {
    effect: 'refuse',
    source: 'JFrog Artifactory REST API, "Deploy Artifacts from Archive", "Deploy Artifact by Checksum"',
    names: [
      'X-Explode-Archive',
      'X-Explode-Archive-Atomic',
      'X-Checksum-Deploy',
      'X-Check-Binary-Existence-In-Filestore',
    ],
  },
  {
    effect: 'refuse',
    source: 'WebDAV: RFC 4918 §10.3, §10.6 (COPY, MOVE); MS-WDV §2.2.4 (source instead of output)',
    names: ['Destination', 'Overwrite', 'Translate'],
  },
  {
    effect: 'refuse',
    source: 'S3 API, CopyObject, UploadPartCopy, RenameObject; Google Cloud Storage XML API',
    names: ['x-amz-copy-source*', 'x-amz-rename-source*', 'x-goog-copy-source*'],
  },
  {
    effect: 'refuse',
    source: 'Azure Storage REST API: Copy Blob, Put Blob From URL, Path Create (rename), Rename File',
    names: ['x-ms-copy-source*', 'x-ms-rename-source*', 'x-ms-file-rename-source*'],
  },
  {
    effect: 'refuse',
    source: 'S3-like APIs of Alibaba OSS, Tencent COS, Huawei OBS, Baidu BOS, Volcengine TOS',
    names: [
      'x-oss-copy-source*',
      'x-oss-symlink-target',
      'x-cos-copy-source*',
      'x-obs-copy-source*',
      'x-bce-copy-source*',
      'x-tos-copy-source*',
    ],
  },
  {
    effect: 'refuse',
    source: 'OpenStack Swift: copy, large objects, symlink, versioned writes',
    names: [
      'Destination-Account',
      'X-Copy-From',
      'X-Copy-From-Account',
      'X-Object-Manifest',
      'X-Symlink-Target*',
      'X-Versions-Location',
      'X-History-Location',
    ],
  },
  {
    effect: 'refuse',
    source: 'tus 1.0, extension Concatenation (an upload made of others)',
    names: ['Upload-Concat'],
  },
  {
    effect: 'refuse',
    source: 'Tenant or namespace as a header: Loki, Mimir, Tempo; Thanos; Grafana HTTP API; Vault; Consul',
    names: ['X-Scope-OrgID', 'THANOS-TENANT', 'X-Grafana-Org-Id', 'X-Vault-Namespace', 'X-Consul-Namespace'],
  },
  {
    effect: 'remove',
    identityHeaders: 'never',
    source:
      'Path and host before a rewrite: Symfony, Zend, IIS URL Rewrite; Azure App Service; lists of SSRF probes',
    names: ['X-Original-*', 'X-Rewrite-*', 'X-WAWS-Unencoded-URL', 'X-HTTP-DestinationURL'],
  },
  {
    effect: 'remove',
    identityHeaders: 'never',
    source: 'Path in WSGI: gunicorn forwarder_headers (benoitc/gunicorn#2650), Flask ReverseProxied',
    names: ['Script-Name', 'Path-Info', 'X-Script-Name'],
  },
  {
    effect: 'remove',
    source: 'Internal requests of Next.js and Vercel (CVE-2025-29927)',
    names: ['X-Middleware-*', 'X-Invoke-*', 'X-Matched-Path', 'X-Now-Route-Matches'],
  },
  {
    effect: 'remove',
    source: 'Rack::Sendfile, Plack XSendfile (CVE-2025-61780, CVE-2026-34830, CVE-2026-7381)',
    names: ['X-Sendfile*', 'X-Accel-*'],
  },
  {
    effect: 'remove',
    source: 'GitLab Workhorse to Rails (gitlab-org/gitlab workhorse/internal/proxy/proxy.go)',
    names: ['Gitlab-Workhorse*'],
  },
  {
    effect: 'remove',
    source:
      'Artifactory: URLs in responses, loops between instances, replicated author (ArtifactoryRequest.java)',
    names: [
      'X-Artifactory-Override-Base-Url',
      'X-JFrog-Override-Base-Url',
      'X-Artifactory-Originated',
      'Origin-Artifactory',
      'X-Artifactory-Created-By',
      'X-Artifactory-Modified-By',
    ],
  },
];
