/** The result of the access check of a request. */
export interface Visitor {
  readonly kind:
    /** No login: the listener is loopback and no token is configured. */
    | 'open'
    /** A session after a login with the admin token. */
    | 'session'
    /** The admin token in `Authorization`. A web page cannot send it from another site. */
    | 'bearer';
  /** Forms that change state are accepted. */
  readonly canWrite: boolean;
  /** The CSRF token of the forms. */
  readonly csrf: string;
}
