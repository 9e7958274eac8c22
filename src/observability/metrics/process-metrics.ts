import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import type { Names } from './names.ts';

export interface KeySetAge {
  readonly issuer: string;
  readonly ageSeconds: number;
}

export interface ConfigurationMetrics {
  reloaded(ok: boolean, hash: string, atMs: number): void;
  delegatedFiles(files: readonly { readonly state: string }[]): void;
}

const DELEGATED_STATES = ['current', 'previous', 'omitted'] as const;

/** The active configuration, and the result of the last reload. */
export function exposeConfiguration(registry: Registry, startHash: string): ConfigurationMetrics {
  const info = new Gauge({
    name: 'gatehouse_config_info',
    help: 'Hash of the active configuration; always 1.',
    labelNames: ['hash'],
    registers: [registry],
  });
  const successful = new Gauge({
    name: 'gatehouse_config_last_reload_successful',
    help: '1 if the last load of the configuration succeeded, 0 if an older configuration remains active.',
    registers: [registry],
  });
  const timestamp = new Gauge({
    name: 'gatehouse_config_last_reload_timestamp_seconds',
    help: 'Time of the last attempt to load the configuration; 0 before the first attempt.',
    registers: [registry],
  });
  const delegated = new Gauge({
    name: 'gatehouse_config_delegated_files',
    help: 'Delegated policy files by the active version: "current", "previous" (the current one is invalid), "omitted" (none is).',
    labelNames: ['state'],
    registers: [registry],
  });
  info.set({ hash: startHash }, 1);
  successful.set(1);

  return {
    reloaded(ok, hash, atMs) {
      successful.set(ok ? 1 : 0);
      timestamp.set(atMs / 1000);
      if (!ok) return;
      info.reset();
      info.set({ hash }, 1);
    },
    delegatedFiles(files) {
      for (const state of DELEGATED_STATES)
        delegated.set({ state }, files.filter((file) => file.state === state).length);
    },
  };
}

export function exposeProcess(registry: Registry, version: string): void {
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'gatehouse_build_info',
    help: 'Version of the running gateway; always 1.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1);
}

export function exposeKeySetAges(registry: Registry, issuers: Names, ages: () => readonly KeySetAge[]): void {
  new Gauge({
    name: 'gatehouse_jwks_age_seconds',
    help: 'Time since the key set was last fetched from the issuer.',
    labelNames: ['issuer'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { issuer, ageSeconds } of ages()) {
        if (issuers.values.includes(issuer)) this.set({ issuer }, ageSeconds);
      }
    },
  });
}
