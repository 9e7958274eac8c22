/** A program of the demo, for the list at its start. */
export interface DemoPart {
  readonly name: string;
  readonly url: string;
  readonly purpose: string;
}

export type DemoOutcome =
  | { readonly kind: 'done'; readonly lines: readonly string[] }
  /** `lines`: as the client prints the refusal. */
  | { readonly kind: 'refused'; readonly lines: readonly string[]; readonly requestId: string | undefined };

export interface DemoStep {
  readonly title: string;
  /** The command with the same requests. */
  readonly command: string;
  run(): Promise<DemoOutcome>;
}

/** Where the steps send their requests. */
export interface DemoGateway {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly token: string;
  /** File with the token. */
  readonly tokenFile: string;
}

export interface DemoRequests {
  /** The last step that is refused is explained. */
  readonly steps: readonly DemoStep[];
  /** Commands to try while the demo runs. */
  readonly commands: readonly string[];
}

/** The upstreams of a demo, and the requests to them. */
export interface DemoStory {
  /** First line of the output. */
  readonly title: string;
  readonly parts: readonly DemoPart[];
  /** A line below the parts. */
  readonly note: string;
  /** YAML of the grants of `payments` and of `services`. */
  readonly grants: readonly string[];
  readonly services: readonly string[];
  /** Once the gateway runs. It can write files for the commands. */
  connect(gateway: DemoGateway): DemoRequests;
  close(): Promise<void>;
}
