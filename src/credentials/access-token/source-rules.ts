import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import { deployTokenCredential } from '../../core/credentials/deploy-token.ts';
import { trustIn, type Issuer, type Trust } from '../compile-issuers.ts';
import type { AuthenticateSettings, IssuerSettings, ServiceSettings } from '../settings.ts';
import { idTokenSettingsHash, introspectionSettingsHash } from '../settings-hash.ts';

/** The configuration's rules for sources of minted tokens. They are the same for all services. */
export interface SourceRules {
  readonly issuers: ReadonlyMap<string, IssuerRules>;
  readonly deployTokens: ReadonlyMap<string, VerifiedCredential>;
  readonly workloads: ReadonlyMap<string, WorkloadRules>;
  /** Token lifetimes by identity, in milliseconds, if configured. */
  readonly lifetimes: ReadonlyMap<string, number>;
}

interface IssuerRules {
  /** Hash of the settings that apply to ID tokens. */
  readonly idTokens: string;
  /** Hash of the settings that apply to introspected tokens. */
  readonly introspected: string;
  readonly acceptsJobTokens: boolean;
  readonly acceptsDeployTokens: boolean;
}

interface WorkloadRules {
  readonly identity: string;
  readonly accepted: ByIssuer;
}

/** Accepted audiences by issuer name. */
type ByIssuer = ReadonlyMap<string, ReadonlySet<string>>;

/** Compiles the rules. */
export function compileSourceRules(settings: AuthenticateSettings, issuers: readonly Issuer[]): SourceRules {
  const { deployTokens, identities, workloadIdentities, server } = settings;
  return {
    issuers: new Map(settings.issuers.map((issuer) => [issuer.name, rulesOf(issuer)])),
    deployTokens: new Map(
      deployTokens.map((token) => [token.name, deployTokenCredential(token, server.publicUrl)]),
    ),
    workloads: new Map(
      workloadIdentities.map(({ name, identity, issuer, audiences }) => [
        name,
        { identity, accepted: byName(trustIn(issuers, new Map([[issuer, audiences]]))) },
      ]),
    ),
    lifetimes: new Map(
      identities.flatMap(({ name, tokenLifetime }) =>
        tokenLifetime === undefined ? [] : [[name, tokenLifetime] as const],
      ),
    ),
  };
}

function rulesOf(issuer: IssuerSettings): IssuerRules {
  return {
    idTokens: idTokenSettingsHash(issuer),
    introspected: introspectionSettingsHash(issuer),
    acceptsJobTokens: issuer.jobTokens !== undefined,
    acceptsDeployTokens: issuer.deployTokens !== undefined,
  };
}

function byName(trust: Trust): ByIssuer {
  return new Map([...trust].map(([{ name }, audiences]) => [name, audiences]));
}

/** The audiences of ID tokens that a service accepts. */
export interface AcceptedAudiences {
  /** For ID tokens that are presented to the service. */
  readonly presented: ByIssuer;
  /** For ID tokens that trusted publishing exchanges. */
  readonly publishing: ByIssuer;
}

/** Compiles the accepted audiences; `trust` applies to ID tokens that are presented to the service. */
export function acceptedAudiences(
  trust: Trust,
  issuers: readonly Issuer[],
  service: ServiceSettings | undefined,
): AcceptedAudiences {
  const audience = service?.trustedPublishing?.audience;
  const publishing =
    audience === undefined
      ? []
      : trustIn(issuers, new Map([...trust.keys()].map(({ name }) => [name, [audience]])));
  return { presented: byName(trust), publishing: byName(new Map(publishing)) };
}
