import type {
  Classification,
  Protocol,
  RefusalText,
  RoutePlan,
  UnnamedResource,
} from '../core/request/protocol.ts';
import type { RequestHead } from '../core/request/request-head.ts';
import { quotedString } from './shared/challenge.ts';
import { namesBeforeVersion } from './shared/name-version.ts';
import {
  anyPackage,
  eachPackage,
  everyPackage,
  isRead,
  READ_PACKAGES,
  unknownOperation,
  WRITE_PACKAGES,
  unnamedPackage,
} from './shared/package-operations.ts';
import { phraseOf, textRefusal } from './shared/refusal.ts';

/** Chart names that Helm accepts (`chart.Metadata.Validate`). */
const NAME = /^[A-Za-z0-9._-]+$/;

/** The index contains chart URLs. Servers use many media types for YAML and for unknown file types. */
const INDEX: RoutePlan = {
  rewrite: {
    kind: 'urls',
    types: [
      'application/yaml',
      'application/x-yaml',
      'text/yaml',
      'text/x-yaml',
      'text/vnd.yaml',
      'text/plain',
      'application/json',
      'application/octet-stream',
      'binary/octet-stream',
    ],
  },
};

/** A chart repository: `index.yaml` and chart files. Writes use PUT or the ChartMuseum API. */
export function helmProtocol(settings: { readonly path: string }): Protocol {
  function classify({ method, path }: RequestHead): Classification {
    const rest = path.slice(settings.path.length);
    const segments = rest.split('/');
    const last = segments.at(-1) ?? '';
    if (last === 'index.yaml') return index(method);
    return segments[0] === 'api' ? museum(segments.slice(1), method) : file(last, method);
  }

  return {
    credentialSources: ['basic', 'bearer'],
    credentialQueryParameters: [],
    classify,
    challenge: ({ host }) => `Basic realm=${quotedString(host)}`,
    refusal: helmRefusal,
  };
}

const INDEX_OF_ALL: UnnamedResource = { detail: 'the index lists all charts' };
const NAMED_IN_CHART: UnnamedResource = {
  detail: 'the body of an upload names the chart, and the gateway does not read it',
};

function index(method: string): Classification {
  if (isRead(method)) return anyPackage(INDEX);
  return method === 'PUT' ? unnamedPackage(INDEX_OF_ALL) : unknownOperation(`${method} on the index`);
}

/** `NAME-VERSION.tgz` or its provenance file. */
function file(escaped: string, method: string): Classification {
  // Build metadata of a version starts with `+`, which clients may encode.
  const [, stem] = /^(.+)\.tgz(?:\.prov)?$/.exec(escaped.replaceAll('%2B', '+')) ?? [];
  if (stem === undefined) return unknownOperation('not a file of a chart repository');
  const write = method === 'PUT' || method === 'DELETE';
  if (!write && !isRead(method)) return unknownOperation(`${method} on a file`);
  const scope = write ? WRITE_PACKAGES : READ_PACKAGES;
  const names = namesBeforeVersion(stem).filter((name) => NAME.test(name));
  return names.length === 0 ? everyPackage(scope) : eachPackage(scope, names);
}

/**
 * The ChartMuseum API, below any number of tenants or channels: `api/TENANT/charts`. The chart name of an upload is
 * inside the compressed chart, so POST needs a grant for all.
 */
function museum(segments: readonly string[], method: string): Classification {
  const last = segments.at(-1);
  if (last === 'prov' || last === 'charts') {
    if (method === 'POST') return unnamedPackage(NAMED_IN_CHART);
    return isRead(method) && last === 'charts' ? everyPackage() : unknownOperation(`${method} on all charts`);
  }
  // A tenant can be named `charts`, so every reading must be granted.
  const charts = segments.flatMap((segment, i) =>
    segment === 'charts' ? (chartOf(segments.slice(i + 1), method) ?? []) : [],
  );
  if (charts.length === 0) return unknownOperation(`${method} on a path that is not a route of ChartMuseum`);
  return eachPackage(isRead(method) ? READ_PACKAGES : WRITE_PACKAGES, charts);
}

/** The chart in the segments after `charts`: one chart, or one of its versions. */
function chartOf([name = '', version, part, ...more]: readonly string[], method: string): string | undefined {
  if (!NAME.test(name) || version === '' || more.length > 0) return undefined;
  if (isRead(method))
    return part === undefined || part === 'templates' || part === 'values' ? name : undefined;
  return method === 'DELETE' && version !== undefined && part === undefined ? name : undefined;
}

/** Helm prints the reason phrase, curl the body. */
function helmRefusal(text: RefusalText) {
  return { ...textRefusal(text), phrase: phraseOf(text) };
}
