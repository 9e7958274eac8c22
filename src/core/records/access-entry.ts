/** Selects entries of an access review; an undefined member selects everything. */
export interface AccessQuery {
  readonly service?: string | undefined;
  readonly resource?: string | undefined;
  readonly scope?: string | undefined;
  /** Names of identities, or `deploy-token:NAME`. Anonymous rules apply to every identity. */
  readonly identities?: ReadonlySet<string> | undefined;
}

/** One way to reach resources of a service. */
export interface AccessEntry {
  /** `shadow`: the service is in shadow mode, which allows every verified credential. */
  readonly kind: 'identity' | 'deploy_token' | 'anonymous' | 'shadow';
  readonly name: string;
  /** All must hold. */
  readonly conditions: readonly string[];
  readonly service: string;
  readonly scope: string;
  /** The resource pattern as configured. */
  readonly resource: string;
  /** Path of the rule in the configuration. */
  readonly rule: readonly (string | number)[];
}

/** The scopes of each holder of access on each service. */
export interface AccessMatrix {
  readonly services: readonly string[];
  /** `name`: the identity, `deploy-token:NAME`, or the kind of rule that applies to every caller. */
  readonly rows: readonly {
    readonly name: string;
    readonly kind: AccessEntry['kind'];
    /** In the order of `services`. */
    readonly scopes: readonly (readonly string[])[];
  }[];
}
