import type { Authenticator } from './authenticate/index.ts';
import type { Authorizer } from './authorize/index.ts';
import type { Config } from './config/index.ts';
import type { Log } from './contract/ports.ts';
import type { Protocol } from './contract/protocol.ts';
import { createExtract } from './extract/index.ts';
import { createForwarder, StallWatch } from './forward/index.ts';
import type { ServiceLine } from './pipeline/index.ts';
import { genericProtocol, httpProtocol } from './protocols/index.ts';

type Service = Config['services'][number];

export interface Services {
  readonly lines: readonly ServiceLine[];
  close(): Promise<void>;
}

/** The stages of each service, in the order of a request. */
export function createServices(
  config: Config,
  rooms: { readonly authenticator: Authenticator; readonly authorizer: Authorizer; readonly log: Log },
): Services {
  const stalls = new StallWatch(config.server.limits.bodyIdle);
  const deployUsernames = new Set(config.deployTokens.map(({ username }) => username));
  const built = config.services.map((service) => {
    const protocol = protocolOf(service);
    const { queryCarriers } = protocol;
    const forwarder = createForwarder({ ...service, queryCarriers }, { log: rooms.log, stalls });
    const line: ServiceLine = {
      ...service,
      protocol,
      extract: createExtract({
        carriers: service.carriers ?? protocol.carriers,
        queryParameters: queryCarriers,
        deployUsernames,
      }),
      authenticate: rooms.authenticator.forService(service.name),
      authorize: rooms.authorizer.forService(service.name),
      forward: forwarder.forward,
    };
    return { line, forwarder };
  });

  return {
    lines: built.map(({ line }) => line),
    async close() {
      stalls.close();
      await Promise.all(built.map(({ forwarder }) => forwarder.close()));
    },
  };
}

function protocolOf(service: Service): Protocol {
  switch (service.type) {
    case 'http':
      return httpProtocol(service);
    case 'generic':
      return genericProtocol(service);
    default:
      return service satisfies never;
  }
}
