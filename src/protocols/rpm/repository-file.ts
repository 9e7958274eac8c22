import type { DocumentRewrite } from '../../core/request/protocol.ts';

/** Options of a repository whose values are lists of URLs (dnf.conf(5)). */
const URLS: ReadonlySet<string> = new Set(['baseurl', 'mirrorlist', 'metalink', 'gpgkey']);

/** A configuration file of dnf. URLs of other servers stay: they need another credential. */
export const REPOSITORY_FILE: DocumentRewrite = {
  kind: 'document',
  types: 'any',
  maxBytes: 1024 ** 2,
  rewrite(document, urls) {
    let option = '';
    return document.replaceAll(/^.*$/gm, (line) => {
      // A line that starts with white space continues the value of the line before.
      const [, name] = /^([^\s=:[#;]+)\s*[=:]/.exec(line) ?? [];
      if (name !== undefined) option = name.toLowerCase();
      return URLS.has(option)
        ? line.replaceAll(/\bhttps?:\/\/[^\s,]+/gi, (url) => urls.of(url) ?? url)
        : line;
    });
  },
};
