/** ECR tokens as the upstream credential: moto with verified signatures, docker-registry and skopeo. */
import { beforeEach, expect } from 'vitest';
import { createContainerClients } from '../support/container-clients.ts';
import { writeImage } from '../support/image.ts';
import { startIssuer } from '../support/issuer.ts';
import { startMoto } from '../support/moto.ts';
import { needs } from '../support/needs.ts';
import { needsPython } from '../support/python.ts';
import { startRegistry } from '../support/registry.ts';
import { startScenario } from '../support/scenario.ts';
import { useStarted } from '../support/use-started.ts';

const PUBLIC_URL = 'http://gateway.example.com';
const IDENTITY_TOKEN = 'eyJhbGciOiJub25lIn0.canary-web-identity.c2ln';

needsPython.describe('Amazon ECR', () => {
  needs('docker-registry', 'htpasswd', 'skopeo').describe('a registry behind the gateway', () => {
    const scenario = useStarted(async () => {
      const moto = await startMoto();
      const credential = `auth: { aws: { region: eu-central-1, roleArn: "${moto.roleArn}", webIdentityTokenFile: identity, service: ecr, endpoints: { sts: "${moto.url}/", ecr: "${moto.url}/" } } }`;
      const started = await startScenario({
        backends: {
          moto: () => Promise.resolve(moto),
          registry: () => startRegistry({ kind: 'htpasswd', ...moto.login }),
          issuer: () => startIssuer({ audience: PUBLIC_URL }),
        },
        files: { identity: `${IDENTITY_TOKEN}\n` },
        server: { publicUrl: PUBLIC_URL },
        config: ({ issuer, registry }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  payments: { issuer: gitlab, match: { project_id: "20" }, grants: [{ service: images, scopes: [read_registry, write_registry], resources: ["**"] }] }
services:
  images: { type: oci, upstream: { url: "${registry.url}/", ${credential} } }
`,
      });
      return { ...started, clients: createContainerClients() };
    });
    const { test } = needsPython;

    beforeEach(() => {
      scenario.moto.faults.clear();
    });

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
      expect(push).toMatchObject({ code: 0 });
      const to = `dir:${clients.folder}/pulled`;
      const pull = await clients.skopeo('copy', '--src-tls-verify=false', '--src-creds', creds, image, to);
      expect(pull).toMatchObject({ code: 0 });
      expect(moto.calls.map(({ action }) => action)).toEqual([
        'AssumeRoleWithWebIdentity',
        'GetAuthorizationToken',
      ]);
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
      expect(gateway.auditText()).not.toMatch(/canary|auth-token/);
    });
  });
});
