/**
 * Where a secret with a known prefix can start: not within a word, except after `_` (`TOKEN_glpat-…`) and after the
 * digits of an escape (`token%3Dglpat-…`).
 */
const START = /(?:(?<![A-Za-z\d])|(?<=%[\dA-Fa-f]{2}))/;

/** Words of `CREDENTIAL` that match in any case: names of parameters, and of schemes (RFC 9110 §11.1). */
const CASELESS = /TOKEN|SECRET|PASSWORD|SIGNATURE|API|KEY|BEARER|BASIC/g;

function inAnyCase(word: string): string {
  return word.replaceAll(/./g, (letter) => `[${letter}${letter.toLowerCase()}]`);
}

/** A character of the userinfo of an escaped URL. */
const ESCAPED = /(?:[^\s/?&#"%]|%(?!2[Ff3]|3[Ff]))/;

/**
 * An escape of an unreserved character, which needs none (RFC 3986 §2.3), and an escape that is escaped again. The
 * pattern need not contain the escaped form of each character of a prefix.
 */
const NEEDLESS_ESCAPE =
  /%(?:25)*(?:(2[DdEe]|3\d|4[1-9A-Fa-f]|5[\dAaFf]|6[1-9A-Fa-f]|7[\dAaEe])|(?<=25)(?!25)([\dA-Fa-f]{2}))/g;
const NEEDLESS_DIGITS = /25|2[DdEe]|3\d|4[1-9A-Fa-f]|5[\dAaFf]|6[1-9A-Fa-f]|7[\dAaEe]/;

/** Escapes of escapes, each written with escapes of digits, need one pass per level. */
const MAX_PASSES = 4;

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
    // A password that contains `/`, `?` or `#`: text after the `:` that is no port. A later URL ends it.
    /(?<=:\/|\/\/)(?!\[)[^\s/?#":]*:(?!\d{0,5}(?:[/?#,\s"]|$))(?:(?!:\/|\/\/)[^\s"])+(?=@|%40)/,
    // The last `@` ends the userinfo (WHATWG URL): a password may contain others. A normalized path has one slash.
    /(?<=:\/\/|https?:\/)[^\s/?#"]+(?=@|%40)/,
    // Without `http:`, a name such as `lodash@4.17.21` is no userinfo, but a user with a password is.
    /(?<=:\/|\/\/)(?=[^\s/?#":@]*:)[^\s/?#"]+(?=@|%40)/,
    // The same in a URL that is escaped, as a part of a path.
    /(?<=(?::|%3[Aa]|%2[Ff])%2[Ff])(?!\[|%5[Bb])(?:(?!:|%3[Aa])ESCAPED)*(?::|%3[Aa])(?!\d{0,5}(?:[/?#,&\s"]|%2[Ff]|%3[Ff]|$))(?:(?!(?::|%3[Aa]|%2[Ff])%2[Ff])[^\s"&])+(?=@|%40)/,
    /(?<=(?::|%3[Aa])(?:%2[Ff]){2}|https?(?::|%3[Aa])%2[Ff])ESCAPED+(?=@|%40)/,
    /(?<=(?::|%3[Aa]|%2[Ff])%2[Ff])(?=(?:(?!:|@|%3[Aa]|%40)ESCAPED)*(?::|%3[Aa]))ESCAPED+(?=@|%40)/,
    // A parameter, and the value of an `Authorization` field: the names of schemes are words of a text, too.
    /(?<=(?:TOKEN|SECRET|PASSWORD|SIGNATURE|API_?KEY)(?:=|%3[Dd]))[^\s&;"'/?#]{6,}/,
    /(?<=\b(?:BEARER|BASIC)(?: |%20))(?=[A-Za-z+/._~-]*?(?:\d|[a-z][A-Z]))[\w.~+/-]{8,}=*/,
    /(?<![\w-])(?=([\w-]*?eyJ))\1[\w-]{8,}\.[\w-]{8,}(?:\.[\w.-]*)?/,
  ]
    .map(({ source }) =>
      source
        .replace('START', START.source)
        .replaceAll('ESCAPED', ESCAPED.source)
        .replaceAll(CASELESS, inAnyCase),
    )
    .join('|'),
  'g',
);

/** Each credential contains one of these pairs, and few other texts do. */
const PAIRS = (
  'yJ gl gh kr -A xo hv yg hf KC mV m_ y2 sv // :/ F% f% :% A% a% ' + 'n= N= t= T= d= D= e= E= y= Y='
).split(' ');
PAIRS.push('r ', 'R ', 'c ', 'C ');
/** The same with an escaped `=` or space: `@acme%2fwidgets` has the pair, too. */
const ESCAPED_PAIRS = 'n% N% t% T% d% D% e% E% y% Y% r% R% c% C%'.split(' ');
const ESCAPED_END = /^(?:3[Dd]|20)/;

const CREDENTIAL_PAIR = 1;
const ESCAPE_PAIR = 2;
const ESCAPED_END_PAIR = 3;

const MARKED = new Uint8Array(0x80 * 0x80);
for (const pair of PAIRS) MARKED[pairCode(pair.charCodeAt(0), pair.charCodeAt(1))] = CREDENTIAL_PAIR;
for (const pair of ESCAPED_PAIRS) MARKED[pairCode(pair.charCodeAt(0), pair.charCodeAt(1))] = ESCAPED_END_PAIR;
for (const digit of '234567') MARKED[pairCode(0x25, digit.charCodeAt(0))] = ESCAPE_PAIR;

export function containsCredential(text: string): boolean {
  return mayContainCredential(text) && withoutNeedlessEscapes(text).search(CREDENTIAL) !== -1;
}

/**
 * Replaces credentials in a text, with the characters that a JWT is attached to. The text of a redacted credential has
 * no needless escapes; any other text is unchanged.
 */
export function redactCredentials(text: string): string {
  if (!mayContainCredential(text)) return text;
  const plain = withoutNeedlessEscapes(text);
  const redacted = plain.replace(CREDENTIAL, '[credential]');
  return redacted === plain ? text : redacted;
}

function withoutNeedlessEscapes(text: string): string {
  if (!text.includes('%')) return text;
  let plain = text;
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const before = plain;
    plain = before.replace(NEEDLESS_ESCAPE, (_, unreserved?: string, other?: string) =>
      unreserved === undefined ? `%${other}` : String.fromCharCode(Number.parseInt(unreserved, 16)),
    );
    if (plain === before) break;
  }
  return plain;
}

/** Dismisses almost every text of a request in a tenth of the time of the pattern. */
function mayContainCredential(text: string): boolean {
  let previous = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const mark = MARKED[pairCode(previous, code)];
    if (mark === CREDENTIAL_PAIR || (mark === ESCAPE_PAIR && NEEDLESS_DIGITS.test(text.slice(i, i + 2))))
      return true;
    if (mark === ESCAPED_END_PAIR && ESCAPED_END.test(text.slice(i + 1, i + 3))) return true;
    previous = code;
  }
  return false;
}

function pairCode(first: number, second: number): number {
  return ((first & 0x7f) << 7) | (second & 0x7f);
}
