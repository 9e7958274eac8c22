import { TICKET_PARAMETER, type IssueTicket } from '../../core/credentials/ticket.ts';
import { parameterName, queryParts } from '../../util/http/query-parameters.ts';
import type { UrlMapping } from './url-mapping.ts';

/** The URL of a download for the client; undefined if it leads to neither the upstream nor its storage. */
export type WithTicket = (reference: string) => string | undefined;

export interface TicketUrlSettings {
  readonly mapping: Pick<UrlMapping, 'publicPath'>;
  readonly isStorage: (url: URL) => boolean;
  /** The URL of the request at the upstream. */
  readonly base: URL;
  /** Host of the client's request. */
  readonly host: string;
  /** The origin of URLs for the client. */
  readonly origin: string;
  readonly issue: IssueTicket;
}

/**
 * Writes tickets into URLs of downloads. The client's URL keeps the path, the subdirectory and the parameters that select
 * the unpacker; the ticket contains the upstream's query, which can be a credential.
 */
export function createTicketUrls(settings: TicketUrlSettings): WithTicket {
  const { mapping, isStorage, base, host, origin, issue } = settings;

  return function withTicket(reference) {
    const parts = SOURCE.exec(reference);
    if (parts === null || /[\x00-\x20\x7f-\uffff\\]/.test(reference)) return undefined;
    const [, scheme = '', path = '', subdirectory = '', query = ''] = parts;
    const url = URL.parse(scheme + path + query, base.href);
    if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
    const { search } = url;
    url.search = '';
    url.hash = '';
    const publicPath = mapping.publicPath(url, host);
    if (publicPath === undefined) return isStorage(url) ? scheme + path + subdirectory + query : undefined;
    const decoded = decodedPath(publicPath);
    const ticket = decoded === undefined ? undefined : issue({ path: decoded, query: search });
    if (ticket === undefined) return undefined;
    const kept = queryParts(search).filter(({ text }) => KEPT.has(parameterName(text)));
    const parameters = [...kept.map(({ text }) => text), `${TICKET_PARAMETER}=${ticket}`];
    return `${origin}${publicPath}${subdirectory}?${parameters.join('&')}`;
  };
}

/** Scheme, path, `//SUBDIRECTORY` of go-getter, and query; a fragment is not sent. */
const SOURCE = /^([a-z][a-z0-9+.-]*:\/\/)?([^?#]+?)(\/\/[^?#]*)?(\?[^#]*)?(?:#.*)?$/i;

/** Parameters that go-getter evaluates and does not send. */
const KEPT: ReadonlySet<string> = new Set(['archive', 'checksum', 'filename']);

function decodedPath(path: string): string | undefined {
  if (path.includes('//')) return undefined;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
