/** A scope on a resource. A request can require several operations; all must be granted. */
export interface Operation {
  readonly scope: string;
  /** Name of the resource; meaningful only with the extent `one`. */
  readonly resource: string;
  /**
   * `one`: the named resource. `any`: an index request that names no resource; a grant on any resource is
   * sufficient. `every`: a search or catalog request; it requires a grant on all resources.
   */
  readonly extent: 'one' | 'any' | 'every';
}
