/**
 * What a request asks for. One request may need several; every one must be granted.
 * `resource` names one resource; `any` is for index requests that name none, `every` for search and catalog.
 */
export interface Operation {
  readonly scope: string;
  readonly resource: string;
  readonly extent: 'one' | 'any' | 'every';
}
