import { startDemoRegistry } from './demo-registry.ts';
import type { DemoGateway, DemoOutcome, DemoRequests, DemoStory } from './demo-story.ts';
import { createOciClient, type OciImage, type OciOutcome } from './oci-client.ts';
import { tinyImage } from './tiny-image.ts';

const OWN = 'acme/payments/api';
const FOREIGN = 'acme/website/app';

/** docker-registry with one image. The steps send the requests of docker, so that docker is not necessary. */
export async function openRegistryStory(program: string, folder: string): Promise<DemoStory> {
  const registry = await startDemoRegistry(program, folder);
  const image = tinyImage('hello.txt', 'pulled through the gateway\n');
  await createOciClient(registry.url).push(OWN, '1.0', image);
  return {
    title: 'a container registry behind the gateway',
    parts: [{ name: 'registry', url: registry.url, purpose: `docker-registry with the image ${OWN}:1.0` }],
    grants: [
      "{ service: registry, scopes: [read_registry, write_registry], resources: ['{claims.project_path}/**'] }",
    ],
    services: [`registry: { type: oci, upstream: { url: '${registry.url}' } }`],
    note: 'The steps send the requests of docker; docker itself is not necessary.',
    connect: (gateway) => connect(gateway, image),
    close: () => registry.close(),
  };
}

function connect({ url, token, tokenFile }: DemoGateway, image: OciImage): DemoRequests {
  const { host } = new URL(url);
  const client = createOciClient(url, token);
  const login = `docker login -u ci --password-stdin ${host} < ${tokenFile}`;
  const pull = `docker pull ${host}/${OWN}:1.0`;
  const push = (name: string): string =>
    `docker tag ${host}/${OWN}:1.0 ${host}/${name}:1.0 && docker push ${host}/${name}:1.0`;
  return {
    steps: [
      {
        title: 'A job of acme/payments logs in with its ID token',
        command: login,
        run: async () => outcomeOf(await client.login(), () => 'Login Succeeded'),
      },
      {
        title: 'It pulls an image of its project',
        command: pull,
        run: async () => outcomeOf(await client.pull(OWN, '1.0'), (digest) => `Digest: ${digest}`),
      },
      {
        title: 'It pushes an image of another project',
        command: `docker push ${host}/${FOREIGN}:1.0`,
        run: async () =>
          outcomeOf(await client.push(FOREIGN, '1.0', image), (digest) => `1.0: digest: ${digest}`),
      },
    ],
    commands: [login, pull, push('acme/payments/web'), push(FOREIGN)],
  };
}

function outcomeOf(outcome: OciOutcome, lineOf: (digest: string) => string): DemoOutcome {
  if (outcome.kind === 'done') return { kind: 'done', lines: [lineOf(outcome.digest)] };
  return { kind: 'refused', lines: outcome.words.split('\n'), requestId: outcome.requestId };
}
