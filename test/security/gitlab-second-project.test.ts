/** Threat X4: a request to a listed endpoint that reaches another project than that in its path. */
import { describe, expect, test } from 'vitest';
import { openSocket } from '../support/raw-client.ts';
import { receivedBy, valuesOf } from '../support/received.ts';
import { useGitlabService } from '../support/scenario/gitlab-service.ts';

const service = useGitlabService();

const JSON_TYPE = 'Content-Type: application/json';
const FORM_TYPE = 'Content-Type: application/x-www-form-urlencoded';
const MULTIPART_TYPE = 'Content-Type: multipart/form-data; boundary=b';
const COMMIT = 'POST 20/repository/commits';
const MERGE_REQUEST = 'POST 20/merge_requests';
const NOTE = 'POST 20/issues/7/notes';

const multipart = (...fields: readonly (readonly [string, string])[]): string =>
  `${fields.map(([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`).join('')}--b--\r\n`;

/** JSON without a project, but a form with one for a server that gets no Content-Type. */
const AS_FORM = '{"title":"x&target_project_id=7&y"}';

/** A request that gets 403 and does not reach the upstream. */
type Denied = [string, string, string, string, string?];

describe('another project that is not granted', () => {
  test.each<Denied>([
    ['in the query', `${COMMIT}?start_project=other/secret`, JSON_TYPE, '{"branch":"x"}'],
    ['in the query, without a body', `${COMMIT}?start_project=other%2Fsecret`, 'Accept: */*', ''],
    ['in the query, in another spelling', `${COMMIT}?%73tart_project[]=other/secret`, JSON_TYPE, '{}'],
    ['in JSON', COMMIT, JSON_TYPE, '{"start_project":"other/secret"}'],
    ['in JSON, escaped', COMMIT, JSON_TYPE, '{"start\\u005fproject":"other\\/secret"}'],
    ['in JSON, by its number', COMMIT, JSON_TYPE, '{"start_project":7}'],
    ['in JSON, by its number as text', COMMIT, JSON_TYPE, '{"start_project":"7"}'],
    ['in JSON, nested', COMMIT, JSON_TYPE, '{"commit":[{"start_project":"other/secret"}]}'],
    ['in a list', MERGE_REQUEST, JSON_TYPE, '{"target_project_id":[20,7]}'],
    ['in a form', MERGE_REQUEST, FORM_TYPE, 'title=x&target_project_id=7'],
    ['in a form, twice', MERGE_REQUEST, FORM_TYPE, 'target_project_id=20&target_project_id=7'],
    ['in a form, as a list', MERGE_REQUEST, FORM_TYPE, 'target_project_id=20&target_project_id%5B%5D=7'],
    ['in a form, nested', MERGE_REQUEST, FORM_TYPE, 'a[target_project_id]=7'],
    ['in a form, behind ;', MERGE_REQUEST, FORM_TYPE, 'title=x;target_project_id=7'],
    ['in parts', MERGE_REQUEST, MULTIPART_TYPE, multipart(['title', 'x'], ['target_project_id', '7'])],
    ['in query and body', `${MERGE_REQUEST}?target_project_id=7`, JSON_TYPE, '{"target_project_id":20}'],
    ['in body and query', `${MERGE_REQUEST}?target_project_id=20`, JSON_TYPE, '{"target_project_id":7}'],
    ['that may only be read', MERGE_REQUEST, JSON_TYPE, '{"target_project_id":42}'],
    ['an issue is moved to', 'POST 20/issues/3/move', JSON_TYPE, '{"to_project_id":7}'],
    ['an issue is cloned to', 'POST 20/issues/3/clone', FORM_TYPE, 'to_project_id=7'],
    ['an issue is linked to', 'POST 20/issues/3/links', JSON_TYPE, '{"target_project_id":"other/secret"}'],
    ['is compared with', 'GET 20/repository/compare?from=a&to=b&from_project_id=7', 'Accept: */*', ''],
    [
      'in a parameter of some GitLab versions',
      'POST 20/repository/commits/a/cherry_pick',
      FORM_TYPE,
      'project_id=7',
    ],
    ['of a group', COMMIT, JSON_TYPE, '{"namespace_id":9}', 'scope_not_granted'],
    ['of an epic', 'POST 20/issues', JSON_TYPE, '{"title":"x","epic_id":9}', 'scope_not_granted'],
    ['of an agent', 'PUT 20/environments/1', FORM_TYPE, 'cluster_agent_id=9', 'scope_not_granted'],
    ['of an issue', 'PUT 20/issues/1/reorder', JSON_TYPE, '{"move_after_id":9}', 'scope_not_granted'],
    [
      'of references in text',
      'GET 20/merge_requests/1?render_html=true',
      'Accept: */*',
      '',
      'scope_not_granted',
    ],
    [
      'in an include',
      'POST 20/ci/lint',
      JSON_TYPE,
      '{"content":"include: {project: a/b}"}',
      'scope_not_granted',
    ],
    [
      'in an escaped include',
      'POST 20/ci/lint',
      JSON_TYPE,
      String.raw`{"content":"\"\\x69nclude\": a"}`,
      'scope_not_granted',
    ],
    ['in a quick action', NOTE, JSON_TYPE, '{"body":"/move other/secret"}', 'scope_not_granted'],
    [
      'in a later line',
      NOTE,
      JSON_TYPE,
      String.raw`{"body":"done\n /CLONE other/secret"}`,
      'scope_not_granted',
    ],
    ['behind a return', NOTE, JSON_TYPE, String.raw`{"body":"/mo\rve other/secret"}`, 'scope_not_granted'],
    [
      'with a folded letter',
      NOTE,
      JSON_TYPE,
      String.raw`{"body":"/bloc\u212as other/secret#1"}`,
      'scope_not_granted',
    ],
    ['in a query’s text', `${NOTE}?body=%2Fmove%20other/secret`, 'Accept: */*', '', 'scope_not_granted'],
    [
      'in a description',
      MERGE_REQUEST,
      FORM_TYPE,
      'description=%2Frelate+other/secret%231',
      'scope_not_granted',
    ],
  ])('%s', async (_case, line, header, body, reason = 'resource_not_granted') => {
    expect(await service.outcome('ci', line, [header], body)).toBe(`403 ${reason}`);
    expect(service.upstream.bytes()).toBe('');
  });
});

describe('another project that is granted', () => {
  test.each([
    ['to read', COMMIT, JSON_TYPE, '{"branch":"x","start_project":"acme/base-images"}'],
    ['to read, by its number', COMMIT, JSON_TYPE, '{"branch":"x", "start_project" : 42}'],
    ['to write', MERGE_REQUEST, FORM_TYPE, 'title=x&target_project_id=43'],
    ['in parts', MERGE_REQUEST, MULTIPART_TYPE, multipart(['title', 'x'], ['target_project_id', '43'])],
    ['its own', MERGE_REQUEST, JSON_TYPE, '{"target_project_id":20,"a":null}'],
    ['its own, by its path', 'POST 20/issues/3/links', JSON_TYPE, '{"target_project_id":"acme/payments"}'],
    ['none', NOTE, JSON_TYPE, String.raw`{"body":"see /moved and a/move\n/close"}`],
    ['none, in a configuration', 'POST 20/ci/lint', JSON_TYPE, '{"content":"test: {script: make}"}'],
  ])('%s', async (_case, line, header, body) => {
    expect(await service.outcome('ci', line, [header], body)).toBe('200');
    expect(receivedBy(service.upstream).body).toBe(body);
  });

  test('every project, with admin_api', async () => {
    expect(await service.outcome('admin', NOTE, [JSON_TYPE], '{"body":"/move other/secret"}')).toBe('200');
  });
});

describe('an ambiguous body', () => {
  test.each<readonly [string, readonly string[], string | Buffer]>([
    ['a name twice', [JSON_TYPE], '{"target_project_id":20,"target_project_id":7}'],
    ['a nested name twice', [JSON_TYPE], '{"a":{"b":1,"\\u0062":2}}'],
    ['no JSON', [JSON_TYPE], '{"target_project_id":7'],
    ['a list', [JSON_TYPE], '[{"target_project_id":7}]'],
    ['a byte order mark', [JSON_TYPE], Buffer.from('\uFEFF{"target_project_id":7}')],
    ['another charset', ['Content-Type: application/json; charset=utf-16'], '{"target_project_id":7}'],
    ['bytes that are not UTF-8', [JSON_TYPE], Buffer.from('{"a":"\xff"}', 'latin1')],
    ['deep nesting', [JSON_TYPE], `{"a":${'['.repeat(50)}${']'.repeat(50)}}`],
    ['another type', ['Content-Type: text/plain'], '{"target_project_id":7}'],
    ['no type', [], '{"target_project_id":7}'],
    ['two types', [JSON_TYPE, 'Content_Type: text/plain'], '{"title":"x"}'],
    ['a type that upstreams ignore', ['Content_Type: application/json'], AS_FORM],
    ['a type that some upstreams ignore', [JSON_TYPE, 'Content.Type: text/plain'], AS_FORM],
    ['a content coding', [JSON_TYPE, 'Content-Encoding: gzip'], '{"title":"x"}'],
    ['a content coding in another spelling', [JSON_TYPE, 'Content_Encoding: gzip'], '{"title":"x"}'],
    ['a form without its end', [MULTIPART_TYPE], multipart(['title', 'x']).slice(0, -6)],
    ['a file in place of text', [MULTIPART_TYPE], multipart(['title"; filename="a', 'x'])],
    ['no project', [JSON_TYPE], '{"target_project_id":"7 "}'],
    ['no project, as an exponent', [JSON_TYPE], '{"target_project_id":1e20}'],
    ['no text', [FORM_TYPE], 'title=%00'],
    ['another method', [FORM_TYPE], 'title=x&_method=DELETE'],
    ['another user', [JSON_TYPE], '{"title":"x","sudo":"root"}'],
    ['another credential', [FORM_TYPE], 'title=x&private_token=abc'],
  ])('is refused: %s', async (_case, headers, body) => {
    expect(await service.outcome('ci', MERGE_REQUEST, headers, body)).toBe('400 request_malformed');
    expect(service.upstream.bytes()).toBe('');
  });

  test.each([
    'POST 20/releases',
    'POST 20/terraform/state/production',
    'POST 20/deployments',
    'POST 20/jobs/3/play',
  ])('a form with _method is refused at every endpoint: %s', async (line) => {
    for (const [type, body] of [
      [FORM_TYPE, 'ref=main&_method=DELETE'],
      [MULTIPART_TYPE, multipart(['_method', 'GET'])],
      ['Accept: */*', '_method=DELETE'],
      ['Content_Type: application/json', '_method=DELETE'],
      ['Content-Type: ;', '_method=DELETE'],
      ['Content-Type: ,application/json', '_method=DELETE'],
    ] as const) {
      expect(await service.outcome('ci', line, [type], body)).toBe('400 request_malformed');
    }
    expect(service.upstream.bytes()).toBe('');
    expect(await service.outcome('ci', line, [FORM_TYPE], 'ref=main')).toBe('200');
  });

  test.each(['content-type', 'close, Content-Type', 'content_type', 'Content-Type, Content-Encoding'])(
    'Connection: %s does not remove the type by which the body was read',
    async (named) => {
      const headers = [JSON_TYPE, `Connection: ${named}`];
      expect(await service.outcome('ci', MERGE_REQUEST, headers, AS_FORM)).toBe('200');
      expect(valuesOf(receivedBy(service.upstream), 'content-type')).toEqual(['application/json']);
    },
  );

  test('a body of more than 256 KiB is refused, with and without its length', async () => {
    const long = `{"title":"${'x'.repeat(256 * 1024)}"}`;
    expect(await service.outcome('ci', MERGE_REQUEST, [JSON_TYPE], long)).toBe('413 body_too_large');
    const chunked = `${long.length.toString(16)}\r\n${long}\r\n0\r\n\r\n`;
    const socket = await openSocket(service.gateway.port);
    const head = ['POST /api/v4/projects/20/merge_requests HTTP/1.1', 'Host: gateway.example.com', JSON_TYPE];
    const received = new Promise<string>((resolve) => {
      socket.on('data', (chunk) => resolve(chunk.toString('latin1')));
    });
    socket.on('error', () => undefined);
    socket.write(
      [...head, ...service.credential('ci'), 'Transfer-Encoding: chunked', '', chunked].join('\r\n'),
    );
    expect(await received).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
    expect(service.upstream.bytes()).toBe('');
  });

  test('the body is not read before the caller is authenticated and authorized for the endpoint', async () => {
    for (const [caller, line, expected] of [
      ['nobody', 'POST /api/v4/projects/20/merge_requests', 401],
      ['ci', 'POST /api/v4/projects/7/merge_requests', 403],
      ['job', 'POST /api/v4/projects/20/merge_requests', 403],
    ] as const) {
      const socket = await openSocket(service.gateway.port);
      const head = [`${line} HTTP/1.1`, 'Host: gateway.example.com', JSON_TYPE, 'Content-Length: 100'];
      const received = new Promise<string>((resolve) => {
        socket.on('data', (chunk) => resolve(chunk.toString('latin1')));
      });
      socket.write([...head, ...service.credential(caller), '', ''].join('\r\n'));
      expect(await received, line).toMatch(new RegExp(`^HTTP/1\\.1 ${expected} `));
      socket.destroy();
    }
    expect(service.upstream.bytes()).toBe('');
  });
});
