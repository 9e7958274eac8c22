/**
 * Where a secret with a known prefix can start: not within a word, except after `_` (`TOKEN_glpat-…`) and after the
 * digits of an escape (`token%3Dglpat-…`).
 */
const START = /(?:(?<![A-Za-z\d])|(?<=%[\dA-Fa-f]{2}))/;

/**
 * A JWT (also without its signature, as the start of a longer text), a secret with a known prefix, or the userinfo of a
 * URL. An issuer may copy any text into a claim and a client may send a token anywhere, and neither the logs nor the
 * console nor a response contains a credential. Linear time for any text: the lookahead finds the first `eyJ` of a run
 * of token characters, and no later one is tried.
 */
const CREDENTIAL = new RegExp(
  [
    // GitLab, Gatehouse, Docker Hub, Vault, PyPI, Slack.
    /START(?:gl(?:agent|cbt|dt|ffct|ft|imt|oas|pat|ptt|rtr?|soat|wt)-|github_pat_|ghdt_|dckr_[a-z]{3}_|pypi-AgE|xox[a-z]-)[\w.-]{10,}/,
    // GitHub: a package may be named `ghp_import-2.1.0`.
    /STARTgh[a-z]_(?:\d+_)?[A-Za-z\d]{12}[\w.-]*/,
    // Vault, RubyGems, Hugging Face, Artifactory (API key, reference token), npm, NuGet, HCP Terraform.
    /START(?:hv[sbr]\.[\w-]{20,}|rubygems_[\da-f]{32,}|hf_[A-Za-z]{30,}|(?:AKCp|cmVmdGtu)[A-Za-z\d]{40,})/,
    /START(?:npm_[A-Za-z\d]{36}|oy2[a-z\d]{43}\b|[A-Za-z\d]{14}\.atlasv1\.[\w-]{40,})/,
    // The last `@` ends the userinfo (WHATWG URL): a password may contain others.
    /(?<=:\/\/)[^\s/?#"]+(?=@)/,
    // The same in a URL that is escaped, as a part of a path.
    /(?<=(?::|%3[Aa])(?:%2[Ff]){2})(?:[^\s/?&#"%]|%(?!2[Ff3]|3[Ff]))+(?=@|%40)/,
    /(?<![\w-])(?=([\w-]*?eyJ))\1[\w-]{8,}\.[\w-]{8,}(?:\.[\w.-]*)?/,
  ]
    .map(({ source }) => source.replace('START', START.source))
    .join('|'),
  'g',
);

/** Each credential contains one of these pairs, and few other texts do. */
const PAIRS = [
  'yJ',
  'gl',
  'gh',
  'kr',
  '-A',
  'xo',
  'hv',
  'yg',
  'hf',
  'KC',
  'mV',
  'm_',
  'y2',
  'sv',
  '//',
  'F%',
  'f%',
];

const MARKED = new Uint8Array(0x80 * 0x80);
for (const pair of PAIRS) MARKED[pairCode(pair.charCodeAt(0), pair.charCodeAt(1))] = 1;

export function containsCredential(text: string): boolean {
  return mayContainCredential(text) && text.search(CREDENTIAL) !== -1;
}

/** Replaces credentials in a text, with the characters that a JWT is attached to. */
export function redactCredentials(text: string): string {
  return mayContainCredential(text) ? text.replace(CREDENTIAL, '[credential]') : text;
}

/** Dismisses almost every text of a request in a tenth of the time of the pattern. */
function mayContainCredential(text: string): boolean {
  let previous = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (MARKED[pairCode(previous, code)] === 1) return true;
    previous = code;
  }
  return false;
}

function pairCode(first: number, second: number): number {
  return ((first & 0x7f) << 7) | (second & 0x7f);
}
