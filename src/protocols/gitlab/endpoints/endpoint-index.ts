import { API_METHODS, NEVER, type ApiMethod, type GitlabEndpoint } from './endpoint.ts';
import { issuesTokens } from '../token-routes.ts';

/** The entry of the allow list for one path and method. */
export type FoundEndpoint =
  | { readonly kind: 'listed'; readonly endpoint: GitlabEndpoint; readonly scope: string }
  /** It issues or shows tokens. */
  | { readonly kind: 'never' }
  | { readonly kind: 'unlisted' }
  /** Another router could find another endpoint. */
  | { readonly kind: 'ambiguous' };

/** `below`: the path below the project, with escapes as sent. */
export type FindEndpoint = (below: string, method: ApiMethod) => FoundEndpoint;

type Targets = Map<ApiMethod, FoundEndpoint>;

interface Node {
  readonly literals: Map<string, Node>;
  number: Node | undefined;
  text: Node | undefined;
  /** For the path that ends here. */
  readonly own: Targets;
  /** For this path and all below it. */
  rest: Targets | undefined;
}

const NOTHING: FoundEndpoint = { kind: 'unlisted' };
const AMBIGUOUS: FoundEndpoint = { kind: 'ambiguous' };
const REFUSED: FoundEndpoint = { kind: 'never' };

/** Compiles the list into a tree: a lookup costs one step for each segment of the path. */
export function indexEndpoints(endpoints: readonly GitlabEndpoint[]): FindEndpoint {
  const root = createNode();
  for (const endpoint of endpoints) add(root, endpoint);

  return function findEndpoint(below, method) {
    const found = search(root, below, method);
    return found === NOTHING && issuesTokens(below) ? REFUSED : found;
  };
}

function search(root: Node, below: string, method: ApiMethod): FoundEndpoint {
  let node = root;
  let rest: Targets | undefined;
  let at = 0;
  while (below !== '' && at <= below.length) {
    const slash = below.indexOf('/', at);
    const end = slash === -1 ? below.length : slash;
    const segment = below.slice(at, end);
    at = end + 1;
    const literal = node.literals.get(segment);
    if (literal !== undefined) {
      // A literal is decided by its own subtree alone, so `npm/-/…` is never a file of `npm/**`.
      node = literal;
      rest = node.rest;
      continue;
    }
    if (resemblesSibling(node, segment)) return AMBIGUOUS;
    const next = node.number !== undefined && isNumber(segment) ? node.number : node.text;
    if (next === undefined || segment === '') return rest?.get(method) ?? NOTHING;
    node = next;
    rest = node.rest ?? rest;
  }
  return node.own.get(method) ?? rest?.get(method) ?? NOTHING;
}

/**
 * To GitLab's router a format may follow a name (`releases.json`), and other servers decode `%2F` before they
 * route.
 */
function resemblesSibling({ literals, number }: Node, segment: string): boolean {
  const end = segment.search(/[.%]/);
  if (end === -1) return false;
  const name = segment.slice(0, end);
  return literals.has(name) || (number !== undefined && isNumber(name));
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

function add(root: Node, endpoint: GitlabEndpoint): void {
  const { path, scopes } = endpoint;
  const below = path.endsWith('/**');
  let node = root;
  for (const segment of (below ? path.slice(0, -'/**'.length) : path).split('/')) {
    if (segment !== '') node = child(node, segment);
  }
  const targets = below ? (node.rest ??= new Map<ApiMethod, FoundEndpoint>()) : node.own;
  for (const method of API_METHODS) {
    const scope = scopes[method];
    if (scope === undefined) continue;
    if (targets.has(method)) throw new TypeError(`${method} ${path} is listed twice`);
    targets.set(method, scope === NEVER ? REFUSED : { kind: 'listed', endpoint, scope });
  }
}

function child(node: Node, segment: string): Node {
  if (segment.startsWith(':')) {
    return segment.endsWith('id') ? (node.number ??= createNode()) : (node.text ??= createNode());
  }
  const known = node.literals.get(segment) ?? createNode();
  node.literals.set(segment, known);
  return known;
}

function createNode(): Node {
  return { literals: new Map(), number: undefined, text: undefined, own: new Map(), rest: undefined };
}
