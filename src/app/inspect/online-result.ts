export interface OnlineCheck {
  /** Key of the configuration: `issuers.NAME`, `services.NAME.upstream`, `state`. */
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** A problem that does not yet prevent the use. */
  readonly warning?: string;
}
