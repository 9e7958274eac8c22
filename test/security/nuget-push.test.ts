/** Pushes to a NuGet feed that hide another package. Raw bytes sent, raw bytes received. */
import { describe, expect, test } from 'vitest';
import {
  furtherPart,
  nupkgOf,
  nuspecFile,
  nuspecText,
  PUSH_TYPE,
  pushForm,
  relationshipsFile,
  zipArchive,
  type ZipFile,
} from '../support/nuget-archive.ts';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { receivedBy } from '../support/received.ts';
import { useRecordedPackages } from '../support/scenario/packages.ts';

const scenario = useRecordedPackages(
  [{ type: 'nuget', resources: ['acme.*'] }],
  `  all:
    issuer: gitlab
    match: { project_id: "21" }
    grants: [{ service: nuget, scopes: [write_package_registry], resources: ["**"] }]`,
);

function send(line: string, body: Buffer, token = scenario.token, type = PUSH_TYPE): Promise<RawResponse> {
  const head = [
    `${line} HTTP/1.1`,
    'Host: gateway.example.com',
    `X-NuGet-ApiKey: ${token}`,
    `Content-Type: ${type}`,
    `Content-Length: ${body.length}`,
    'Connection: close',
  ];
  const bytes = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
  return rawResponse(scenario.gateway.port, bytes, { quiet: 5_000 });
}

const PUSH = 'PUT /nuget/api/v2/package';
const large: ZipFile = { name: 'lib/a.dll', content: Buffer.alloc(6 * 1024 ** 2, 'x'), stored: true };
const acme = nupkgOf('Acme.Core');
const everyone = (): string => scenario.issuer.mint({ project_id: '21' });

test.each([PUSH, `${PUSH}/`, 'PUT /nuget/', 'PUT /nuget/api/v2/symbolpackage'])(
  '%s is forwarded byte for byte',
  async (line) => {
    const body = pushForm(acme);
    expect((await send(line, body)).status).toBe(200);
    expect(Buffer.from(receivedBy(scenario.upstream).body, 'latin1').equals(body)).toBe(true);
  },
);

describe('nothing reaches the upstream of', () => {
  test.each<[string, Buffer, number]>([
    ['a foreign package', pushForm(nupkgOf('Other')), 403],
    ['a second nuspec', pushForm(nupkgOf('Acme.Core', nuspecFile('Other'))), 400],
    [
      'a local header of another nuspec',
      pushForm(zipArchive([{ ...nuspecFile('Acme.Core'), localName: 'Other.nuspec' }])),
      400,
    ],
    [
      'a file that only a streaming reader finds',
      pushForm(zipArchive([nuspecFile('Acme.Core')], nupkgOf('Other'))),
      400,
    ],
    ['a foreign file name', pushForm(acme, 'form-data; name=package; filename=Other.1.0.0.nupkg'), 400],
    [
      'a nuspec that expands',
      pushForm(
        zipArchive([{ ...nuspecFile('Acme.Core'), content: Buffer.alloc(32 * 1024 ** 2), size: 400 }]),
      ),
      400,
    ],
    [
      'a manifest that only the relationships name',
      pushForm(
        zipArchive([
          relationshipsFile('/content/other.xml'),
          nuspecFile('Acme.Core'),
          { name: 'content/other.xml', content: nuspecText('Other') },
        ]),
      ),
      400,
    ],
    [
      'a file inside a stored file, whose size ends before it',
      pushForm(nupkgOf('Acme.Core', { name: 'a', content: nupkgOf('Other'), stored: true, size: 0 })),
      400,
    ],
    [
      'a second directory in the comment of a file',
      pushForm(nupkgOf('Acme.Core', { name: 'a', content: '', comment: nupkgOf('Other') })),
      403,
    ],
    [
      'a second package in the nuspec',
      pushForm(
        zipArchive([
          {
            name: 'Acme.Core.nuspec',
            content: nuspecText('Acme.Core').replace(
              '<metadata',
              '<files><package><metadata><id>Other</id></metadata></package></files><metadata',
            ),
          },
        ]),
      ),
      403,
    ],
    [
      'a form in the part',
      pushForm(
        acme,
        'form-data; name=package; filename=package.nupkg\r\nContent-Type: multipart/mixed; boundary=c',
      ),
      403,
    ],
    ['a truncated package', pushForm(acme).subarray(0, 200), 400],
    ['a second package in the form', pushForm(acme, undefined, furtherPart(nupkgOf('Other'))), 403],
    ['a package beyond the limit', pushForm(nupkgOf('Acme.Core', large)), 403],
  ])('%s', async (_case, body, status) => {
    expect((await send(PUSH, body)).status).toBe(status);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('a push without a body', async () => {
    const head = [`${PUSH} HTTP/1.1`, 'Host: gateway.example.com', `X-NuGet-ApiKey: ${scenario.token}`];
    const bytes = [...head, `Content-Type: ${PUSH_TYPE}`, 'Connection: close', '', ''].join('\r\n');
    expect((await rawResponse(scenario.gateway.port, bytes, { quiet: 5_000 })).status).toBe(403);
    expect(scenario.upstream.bytes()).toBe('');
  });

  test('a body that is no form', async () => {
    expect((await send(PUSH, acme, scenario.token, 'application/octet-stream')).status).toBe(403);
    expect(scenario.upstream.bytes()).toBe('');
  });
});

test('a push of any form and size is forwarded with a grant for every package', async () => {
  for (const body of [pushForm(nupkgOf('Other')), pushForm(nupkgOf('Acme.Core', large))]) {
    scenario.upstream.reset();
    expect((await send(PUSH, body, everyone())).status).toBe(200);
    expect(receivedBy(scenario.upstream).body.length).toBe(body.length);
  }
  scenario.upstream.reset();
  expect((await send(PUSH, acme, everyone(), 'application/octet-stream')).status).toBe(200);
});

test.each(['DELETE', 'POST'])('%s of a version needs its package', async (method) => {
  expect((await send(`${method} /nuget/api/v2/package/Acme.Core/1.0.0`, Buffer.alloc(0))).status).toBe(200);
  scenario.upstream.reset();
  expect((await send(`${method} /nuget/api/v2/package/Other/1.0.0`, Buffer.alloc(0))).status).toBe(403);
  expect(scenario.upstream.bytes()).toBe('');
});

/** BaGet and NuGetGallery take the id from a form before they take it from the path. */
test.each([
  'DELETE /nuget/api/v2/package/Acme.Core/1.0.0',
  'POST /nuget/Acme.Core/1.0.0',
  'GET /nuget/v3/package/acme.core/1.0.0/acme.core.1.0.0.nupkg',
  'GET /nuget/v3/registration/acme.core/index.json',
  'GET /nuget/v3/index.json',
])('%s with a form is refused', async (line) => {
  const form = Buffer.from('id=Other&version=1.0.0');
  const type = 'application/x-www-form-urlencoded';
  expect((await send(line, form, scenario.token, type)).status).toBe(400);
  expect(scenario.upstream.bytes()).toBe('');
});
