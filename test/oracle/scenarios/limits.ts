import { request, type Case, type Scenario } from '../scenario.ts';
import { place } from '../tables/sources.ts';
import { createKey, signJwt } from '../world/jwt.ts';
import { AUDIENCE, gitlabClaims } from '../world/credentials.ts';
import type { Reply } from '../world/upstream.ts';
import type { World } from '../world/world.ts';
import { exchangeRequest } from './issue-tokens.ts';
import { issuers, policy, type Grant } from './policy.ts';

function configuration(world: World, server: object, gitlab: object = {}) {
  const grants: Grant[] = [
    { service: 'files', scopes: ['read_package_registry', 'write_package_registry'], resources: ['**'] },
  ];
  return {
    server,
    issuers: issuers(world, gitlab),
    ...policy(grants, grants),
    services: { files: { type: 'generic', path: '/files/', upstream: { url: `${world.upstream.url}/` } } },
  };
}

function use(world: World, id: string, credential: string): Case {
  const { headers } = place(world.credential(credential));
  return { id, bytes: request({ target: '/files/a', headers }) };
}

/** Failed attempts of one address and of one name, until they are refused. */
export const GUESSING: Scenario = {
  name: 'guessing',
  configuration: (world) =>
    configuration(world, {
      limits: {
        drainDelay: '1ms',
        drain: '100ms',
        authFailures: { perAddress: 6, perName: 3, window: '10m' },
      },
    }),
  *cases(world) {
    yield use(world, 'before', 'payments');
    for (let n = 1; n <= 5; n++) yield use(world, `wrong secret ${n}`, 'deploy token, wrong secret');
    yield use(world, 'right secret', 'deploy token');
    for (let n = 1; n <= 5; n++) yield use(world, `tampered ${n}`, 'tampered');
    for (const credential of [
      'payments',
      'reader',
      'running job',
      'ended job',
      'deploy token',
      'no token',
      'expired',
    ]) {
      yield use(world, `afterwards as ${credential}`, credential);
    }
    yield { id: 'afterwards, exchange', bytes: request(exchangeRequest(world.credential('payments').value)) };
    yield {
      id: 'afterwards, exchange of a tampered token',
      bytes: request(exchangeRequest(world.credential('tampered').value)),
    };
    yield { id: 'afterwards, as anonymous', bytes: request({ target: '/files/a' }) };
  },
};

/** Small limits of a request's head. */
export const SMALL_HEADS: Scenario = {
  name: 'small heads',
  configuration: (world) =>
    configuration(world, {
      limits: { drainDelay: '1ms', drain: '100ms', headerBytes: '4KiB', headerCount: 20 },
    }),
  *cases(world) {
    const { headers } = place(world.credential('payments'));
    for (const count of [5, 14, 15, 16, 17, 18, 19, 20, 40]) {
      const more = Array.from({ length: count }, (_, i) => `X-${i}: y`);
      yield {
        id: `${count} more headers`,
        bytes: request({ target: '/files/a', headers: [...headers, ...more] }),
      };
    }
    for (const bytes of [500, 2_000, 5_000, 20_000]) {
      yield {
        id: `a header of ${bytes} bytes`,
        bytes: request({ target: '/files/a', headers: [...headers, `X-Long: ${'a'.repeat(bytes)}`] }),
      };
    }
    yield {
      id: 'a target of 5000 bytes',
      bytes: request({ target: `/files/${'a'.repeat(5_000)}`, headers }),
    };
  },
};

/** ID tokens that are exchanged once, and keys that the issuer has not published. */
export const REPLAY: Scenario = {
  name: 'replay',
  configuration: (world) =>
    configuration(world, { limits: { drainDelay: '1ms', drain: '100ms' } }, { replay: 'once' }),
  *cases(world) {
    const exchange = (id: string, token: string): Case => ({ id, bytes: request(exchangeRequest(token)) });
    const token = world.credential('payments').value;
    for (const n of [1, 2, 3]) yield exchange(`exchange ${n}`, token);
    yield use(world, 'direct use', 'payments');
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: `${world.issuers}/gitlab`, aud: AUDIENCE, iat: now, nbf: now, exp: now + 600 };
    const unpublished = createKey('unpublished-1');
    for (const n of [1, 2]) {
      world.addCredential(`unpublished ${n}`, {
        value: signJwt(unpublished, { ...gitlabClaims('20', 'acme/payments'), ...claims, n }),
      });
      yield use(world, `a key that is not published ${n}`, `unpublished ${n}`);
    }
    yield use(world, 'afterwards', 'reader');
  },
};

/** Upstreams and clients that stall. */
export const STALLS: Scenario = {
  name: 'stalls',
  configuration(world) {
    const limits = { drainDelay: '1ms', drain: '100ms', bodyIdle: '300ms' };
    const { services, ...rest } = configuration(world, { limits });
    const timeouts = { connect: '300ms', headers: '300ms', idle: '300ms' };
    const { files } = services;
    return {
      ...rest,
      services: { files: { ...files, upstream: { ...files.upstream, timeouts } } },
    };
  },
  *cases(world) {
    const replies: Readonly<Record<string, Reply>> = {
      'no response': { bytes: [] },
      'half a head': { bytes: ['HTTP/1.1 200 OK\r\nContent-'] },
      'half a body': { bytes: ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'] },
    };
    for (const [name, reply] of Object.entries(replies)) {
      yield { ...use(world, `upstream sends ${name}`, 'payments'), reply };
    }
    const { headers } = place(world.credential('payments'));
    const half = request({ method: 'PUT', target: '/files/a', headers: [...headers, 'Content-Length: 10'] });
    yield { id: 'client sends half a body', bytes: `${half}half` };
    yield use(world, 'afterwards', 'payments');
  },
};
