/** ECR tokens as the upstream credential: moto with verified signatures, docker-registry and skopeo. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { FrozenClock } from '../support/authentication.ts';
import { createContainerClients } from '../support/container-clients.ts';
import { eventually } from '../support/eventually.ts';
import { writeImage } from '../support/image.ts';
import { startIssuer } from '../support/issuer.ts';
import { ECR_LOGIN, startMoto, type Moto } from '../support/moto.ts';
import { needs } from '../support/needs.ts';
import { needsPython } from '../support/python.ts';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { startRegistry } from '../support/registry.ts';
import { startScenario } from '../support/scenario.ts';
import { useStarted } from '../support/use-started.ts';

const PUBLIC_URL = 'http://gateway.example.com';
const IDENTITY_TOKEN = 'eyJhbGciOiJub25lIn0.canary-web-identity.c2ln';
const NEXT_TOKEN = 'eyJhbGciOiJub25lIn0.canary-next-identity.c2ln';

const auth = ({ url }: Moto, roleArn: string): string =>
  `aws: { region: eu-central-1, roleArn: "${roleArn}", webIdentityTokenFile: identity, service: ecr, endpoints: { sts: "${url}/", ecr: "${url}/" } }`;

const POLICY = `
identities:
  payments: { issuer: gitlab, match: { project_id: "20" }, roles: [images] }
  web: { issuer: gitlab, match: { project_id: "21" }, roles: [images] }
roles:
  images:
    - { service: images, scopes: [read_registry, write_registry], resources: ["**"] }
    - { service: per-identity, scopes: [read_registry], resources: ["**"] }
`;

needsPython.describe('Amazon ECR', () => {
  needs('docker-registry', 'htpasswd', 'skopeo').describe('a registry behind the gateway', () => {
    const scenario = useStarted(async () => {
      const clock = new FrozenClock();
      const issuer = await startIssuer({ audience: PUBLIC_URL, clock });
      const started = await startScenario({
        backends: {
          moto: () => startMoto(clock),
          issuer: () => Promise.resolve(issuer),
          registry: () => startRegistry({ kind: 'htpasswd', ...ECR_LOGIN }),
        },
        files: { identity: `${IDENTITY_TOKEN}\n`, 'jwks.json': JSON.stringify({ keys: issuer.published }) },
        server: { publicUrl: PUBLIC_URL },
        clock,
        config: ({ registry, moto }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}", jwksFile: jwks.json } }
${POLICY}
services:
  images: { type: oci, upstream: { url: "${registry.url}/", auth: { ${auth(moto, moto.roleArn)} } } }
  per-identity:
    type: oci
    hosts: [other.example.com]
    upstream:
      url: "${registry.url}/"
      auth:
        perIdentity:
          payments: { ${auth(moto, moto.roleArn)} }
          web: { ${auth(moto, moto.deniedRoleArn)} }
`,
      });
      return { ...started, clock, clients: createContainerClients() };
    });
    const { test } = needsPython;

    /** The response for the tags of an image that does not exist: 404 of the registry. */
    function ask(project = '20', host = 'gateway.example.com'): Promise<RawResponse> {
      const { gateway, issuer } = scenario;
      const credential = Buffer.from(`ci:${issuer.mint({ project_id: project })}`).toString('base64');
      const lines = [`Host: ${host}`, `Authorization: Basic ${credential}`, 'Connection: close', '', ''];
      const request = ['GET /v2/acme/none/tags/list HTTP/1.1', ...lines].join('\r\n');
      // After a step of the clock, the gateway first reads the revocations again.
      return eventually('the revocations', async () => {
        const answer = await rawResponse(gateway.port, request, { quiet: 10_000 });
        return answer.status === 503 ? undefined : answer;
      });
    }

    const actions = (): readonly string[] => scenario.moto.calls.splice(0).map(({ action }) => action);
    const BOTH = ['AssumeRoleWithWebIdentity', 'GetAuthorizationToken'];

    test('skopeo pushes and pulls with one token of ECR', async () => {
      const { clients, gateway, issuer, moto } = scenario;
      const host = `127.0.0.1:${gateway.port}`;
      const image = `docker://${host}/acme/api:1`;
      const creds = `ci:${issuer.mint()}`;
      const local = writeImage(clients.folder, 'one');
      const push = await clients.skopeo(
        'copy',
        '--dest-tls-verify=false',
        '--dest-creds',
        creds,
        local,
        image,
      );
      expect(push).toExitWith(0);
      const to = `dir:${clients.folder}/pulled`;
      const pull = await clients.skopeo('copy', '--src-tls-verify=false', '--src-creds', creds, image, to);
      expect(pull).toExitWith(0);
      const [assumed, signed] = moto.calls;
      expect(Object.fromEntries(assumed?.form ?? [])).toMatchObject({
        RoleArn: moto.roleArn,
        RoleSessionName: 'gatehouse',
        WebIdentityToken: IDENTITY_TOKEN,
      });
      expect(assumed?.headers.authorization).toBeUndefined();
      expect(signed?.headers.authorization).toMatch(
        /^AWS4-HMAC-SHA256 Credential=ASIA\w+\/\d{8}\/eu-central-1\/ecr\/aws4_request, /,
      );
      expect(actions()).toEqual(BOTH);
      expect(gateway.auditText()).not.toMatch(/canary|auth-token/);
    });

    test('renews the token in the background at 80 % of its lifetime, once for all requests', async () => {
      const { clock } = scenario;
      clock.advance(9 * 3_600_000);
      expect((await ask()).status).toBe(404);
      expect(actions()).toEqual([]);
      clock.advance(0.7 * 3_600_000);
      const answers = await Promise.all([ask(), ask(), ask()]);
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]));
      await eventually('the renewal', () => scenario.moto.calls.length === 2);
      // The first token has expired.
      clock.advance(3 * 3_600_000);
      expect((await ask()).status).toBe(404);
      expect(actions()).toEqual(BOTH);
    });

    test('a changed web identity token is used for the next session', async () => {
      const { clock, gateway, moto } = scenario;
      const body = '<ErrorResponse><Error><Code>ExpiredTokenException</Code></Error></ErrorResponse>';
      moto.faults.set('AssumeRoleWithWebIdentity', { status: 400, body });
      clock.advance(24 * 3_600_000);
      expect((await ask()).status).toBe(502);
      expect((await ask()).status).toBe(502);
      expect(actions()).toEqual(['AssumeRoleWithWebIdentity']);
      moto.faults.clear();
      writeFileSync(join(gateway.folder, 'next'), NEXT_TOKEN, { mode: 0o600 });
      renameSync(join(gateway.folder, 'next'), join(gateway.folder, 'identity'));
      // The pause of the refused token does not cover the new one.
      await eventually('the new token', async () => (await ask()).status === 404);
      expect(moto.calls[0]?.form.get('WebIdentityToken')).toBe(NEXT_TOKEN);
      expect(actions()).toEqual(BOTH);
    });

    test('identities with different roles; moto denies a role without a policy', async () => {
      expect((await ask('20', 'other.example.com')).status).toBe(404);
      expect(actions()).toEqual(BOTH);
      const answer = await ask('21', 'other.example.com');
      expect(answer.status).toBe(502);
      const { event, gatehouse } = await scenario.audited(answer);
      expect(event.reason).toBe('upstream_unauthorized');
      expect(gatehouse['detail']).toMatch(/^Amazon ECR responded with 403/);
    });
  });
});
