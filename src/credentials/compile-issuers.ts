import { GatehouseError } from '../core/errors.ts';
import { ISSUER_PRESETS, type IssuerType } from '../core/issuers/issuer-presets.ts';
import { audienceForms, issuerForms, tokenIdClaim } from '../core/issuers/issuer-urls.ts';
import type { EgressClient } from '../core/ports.ts';
import { KeySet } from './id-token/key-set.ts';
import type { KeySetPorts } from './id-token/key-set.ts';
import { keySource } from './id-token/key-source.ts';
import type { IssuerCore, IssuerSettings, ServiceSettings } from './settings.ts';
import { idTokenSettingsHash } from './settings-hash.ts';

/** A trusted issuer of ID tokens. */
export interface Issuer {
  readonly name: string;
  readonly type: IssuerType;
  readonly url: string;
  readonly tokenForm: 'id_token' | 'jwt_svid';
  readonly algorithms: readonly string[];
  /** Values of `typ` that are accepted in addition to `JWT`. */
  readonly tokenTypes: readonly string[];
  /** Milliseconds, from `iat` to `exp`. */
  readonly maxLifetime: number;
  readonly jtiClaim: 'jti' | 'uti';
  /** The claim with the end of the session in which a token was issued. */
  readonly sessionEndClaim: string | undefined;
  readonly settingsHash: string;
  readonly keys: KeySet;
}

/** An issuer with the settings it was compiled from. */
export interface CompiledIssuer {
  readonly issuer: Issuer;
  readonly settings: IssuerSettings;
}

/**
 * The trusted issuers of a service, with the accepted `aud` values of each. The configuration requires at
 * least one value.
 */
export type Trust = ReadonlyMap<Issuer, ReadonlySet<string>>;

/** Picks the settings that an issuer is compiled from. */
export function coreOf(settings: IssuerSettings): IssuerCore {
  const { name, type, issuer, jwksUri, jwksFile, caFile, bearerTokenFile } = settings;
  const { algorithms, tokenTypes, maxTokenLifetime, keys } = settings;
  return {
    name,
    type,
    issuer,
    jwksUri,
    jwksFile,
    caFile,
    bearerTokenFile,
    algorithms,
    tokenTypes,
    maxTokenLifetime,
    keys,
  };
}

export function compileIssuer(settings: IssuerCore, egress: EgressClient, ports: KeySetPorts): Issuer {
  const preset = ISSUER_PRESETS[settings.type];
  return {
    name: settings.name,
    type: settings.type,
    url: settings.issuer,
    // The configuration can only narrow the preset, which contains neither `none` nor symmetric algorithms.
    algorithms: preset.algorithms.filter((alg) => settings.algorithms?.includes(alg) ?? true),
    tokenForm: preset.tokenForm ?? 'id_token',
    tokenTypes: preset.tokenForm === 'jwt_svid' ? SVID_TYPES : (settings.tokenTypes ?? []),
    maxLifetime: settings.maxTokenLifetime ?? preset.maxLifetime * 1000,
    jtiClaim: tokenIdClaim(settings.type, settings.issuer),
    sessionEndClaim: preset.sessionEnd,
    settingsHash: idTokenSettingsHash(settings),
    keys: new KeySet(settings.name, keySource(settings, egress), settings.keys, ports),
  };
}

/** JWT-SVID §2.3: `JOSE` in addition to `JWT`. */
const SVID_TYPES = ['jose'];

/** The issuers by what their tokens contain. */
export interface IssuerIndex {
  /** By accepted `iss`. */
  readonly byForm: ReadonlyMap<string, Issuer>;
  /** By trust domain of `sub`. The `iss` of a JWT-SVID never selects one of them. */
  readonly byTrustDomain: ReadonlyMap<string, Issuer>;
}

/** Throws `config_invalid` if two issuers accept the same `iss`. */
export function indexIssuers(issuers: readonly Issuer[]): IssuerIndex {
  const byForm = new Map<string, Issuer>();
  const byTrustDomain = new Map<string, Issuer>();
  for (const issuer of issuers) {
    if (issuer.tokenForm === 'jwt_svid') {
      byTrustDomain.set(issuer.url, issuer);
      continue;
    }
    for (const form of issuerForms(issuer.type, issuer.url)) {
      const other = byForm.get(form);
      if (other !== undefined) {
        const message = `issuers ${other.name} and ${issuer.name} both have the iss ${form}; remove one of them`;
        throw new GatehouseError('config_invalid', message);
      }
      byForm.set(form, issuer);
    }
  }
  return { byForm, byTrustDomain };
}

/**
 * The audiences of a service replace those of its issuers, so that it refuses tokens with another purpose.
 */
export function compileTrust(issuers: readonly CompiledIssuer[], service?: ServiceSettings): Trust {
  const trusted = issuers.filter(({ issuer }) => service?.issuers?.includes(issuer.name) ?? true);
  return new Map(
    trusted.map(({ issuer, settings }) => [
      issuer,
      acceptedForms(issuer, service?.audiences ?? settings.audiences),
    ]),
  );
}

/** Compiles accepted audiences by issuer name. */
export function trustIn(
  issuers: readonly Issuer[],
  audiences: ReadonlyMap<string, readonly string[]>,
): Trust {
  return new Map(
    issuers.flatMap((issuer) => {
      const accepted = audiences.get(issuer.name);
      return accepted === undefined ? [] : [[issuer, acceptedForms(issuer, accepted)] as const];
    }),
  );
}

function acceptedForms({ type }: Issuer, audiences: readonly string[]): ReadonlySet<string> {
  return new Set(audiences.flatMap((audience) => audienceForms(type, audience)));
}
