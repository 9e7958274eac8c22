import type { PolicyPorts } from '../../admin/index.ts';
import { scopesOfService, type Config } from '../../config/serving.ts';
import { deployTokenIdentity } from '../../core/credentials/deploy-token.ts';
import { compilePublicOrigin } from '../../core/public-origin.ts';
import type { DecisionRecord } from '../../core/records/decision-record.ts';
import { accessMatrix } from '../../policy/index.ts';
import type { ApplicationScope } from '../application-scope.ts';
import { createConsoleExplain } from '../inspect/console-explain.ts';
import type { SnapshotManager } from '../snapshot/snapshot-manager.ts';

/** The recorded decisions and the policy tools for the console, from the active configuration snapshot. */
export function consolePolicy(
  { decisions, candidate }: Pick<ApplicationScope, 'decisions' | 'candidate'>,
  snapshots: Pick<SnapshotManager, 'current'>,
): PolicyPorts {
  return {
    decisions,
    configuration: () => snapshots.current.config.hash,
    names: () => policyNames(snapshots.current.config),
    urlOf: (record) => urlOf(snapshots.current.config, record),
    claims: () => ({
      used: snapshots.current.claimsUsed,
      shown: snapshots.current.config.audit.claims === 'used',
    }),
    ...createConsoleExplain(() => snapshots.current),
    access(query) {
      const entries = snapshots.current.access(query);
      return {
        entries,
        get matrix() {
          return accessMatrix(entries);
        },
      };
    },
    candidate() {
      const path = snapshots.current.config.candidate?.config;
      const status = candidate.status();
      return path === undefined || status === undefined ? undefined : { path, ...status };
    },
  };
}

function urlOf({ server, services }: Config, { service, host, path }: DecisionRecord): string {
  const hosts = services.find(({ name }) => name === service)?.hosts;
  const originOf = compilePublicOrigin({ publicUrl: server.publicUrl, hosts });
  return `${originOf(host, server.tls === undefined ? 'http' : 'https')}${path}`;
}

function policyNames({
  services,
  identities,
  issuers,
  deployTokens,
}: Config): ReturnType<PolicyPorts['names']> {
  const tokens = deployTokens.map(({ name }) => name);
  return {
    services: services.map(({ name }) => name),
    scopes: new Set(services.flatMap(scopesOfService)),
    identities: [...identities.map(({ name }) => name), ...tokens.map(deployTokenIdentity)],
    issuers: issuers.map(({ name }) => name),
    deployTokens: tokens,
  };
}
