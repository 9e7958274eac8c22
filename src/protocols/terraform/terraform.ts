import { TICKET_PARAMETER } from '../../core/credentials/ticket.ts';
import type { Classification, Protocol } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { quotedString } from '../shared/challenge.ts';
import { isRead, unknownOperation } from '../shared/package-operations.ts';
import { phraseRefusal } from '../shared/refusal.ts';
import { terraformDiscovery } from './discovery.ts';
import { classifyModule } from './modules.ts';
import { classifyMirror, classifyProvider } from './providers.ts';
import { classifyState } from './states.ts';
import { classifyTicketed } from './ticketed.ts';
import { withoutPort } from '../../core/request/without-port.ts';

export interface TerraformSettings {
  readonly path: string;
  /** Undefined: the provider registry is not available, because a client could choose the host of its providers. */
  readonly hosts?: readonly string[] | undefined;
  /** Below `path`, with a final slash. */
  readonly modulesPath?: string | undefined;
  readonly providersPath?: string | undefined;
}

/** Terraform's module and provider registries, provider network mirror and HTTP state backend. */
export function terraformProtocol(settings: TerraformSettings): Protocol {
  const { modulesPath = 'modules/v1/', providersPath = 'providers/v1/' } = settings;

  function classify(head: RequestHead): Classification {
    const rest = head.path.slice(settings.path.length);
    const state = classifyState(head.method, rest);
    if (state !== undefined) return state;
    if (!isRead(head.method)) return unknownOperation(`${head.method} on a registry`);
    return classifyTicketed(head.query, classifyRead(rest, head.host));
  }

  function classifyRead(rest: string, host: string): Classification {
    if (rest.startsWith(modulesPath)) return classifyModule(rest.slice(modulesPath.length));
    if (rest.startsWith(providersPath)) {
      const registry = registryHost(settings.hosts, host);
      return registry === undefined
        ? unknownOperation('the provider registry requires `hosts`')
        : classifyProvider(rest.slice(providersPath.length), registry);
    }
    return classifyMirror(rest) ?? unknownOperation('not a route of Terraform');
  }

  return {
    credentialSources: ['bearer', 'basic'],
    // GitLab reads `token` of the URL of a module.
    credentialQueryParameters: ['token', TICKET_PARAMETER],
    tickets: true,
    wellKnown: terraformDiscovery({
      'modules.v1': settings.path + modulesPath,
      'providers.v1': settings.path + providersPath,
    }),
    classify,
    // The state backend sends Basic, the other clients a token from the CLI configuration.
    challenge: ({ host }) => `Basic realm=${quotedString(host)}`,
    // The module installer prints the reason phrase, and the body of a download response.
    refusal: phraseRefusal,
  };
}

/** The host in the source address of a provider: the configured one, so that a client cannot choose it. */
function registryHost(hosts: TerraformSettings['hosts'], host: string): string | undefined {
  const name = withoutPort(host);
  return hosts?.find((each) => each === host) ?? hosts?.find((each) => each === name);
}
