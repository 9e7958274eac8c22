/** A wording that the project does not use, and the plain one. Style guide: CONTRIBUTING.md, "Language". */
export interface Wording {
  readonly pattern: RegExp;
  readonly use: string;
}

const COMPONENTS = 'name the component or the role: the client, the upstream, the operator, no credential';
const NOUNS = 'a noun in place of a clause: "the response head", not "what the upstream says"';

const WORDINGS: readonly Wording[] = [
  { pattern: /\b(nobody|no one|anybody|somebody|whoever|whomever)('s)?\b/i, use: COMPONENTS },
  {
    pattern:
      /(^|[.:;(] ?)(what|whatever|how|who|which) (is|was|are|were|it|they|one|a|an|the|of|may|must|can|has|have|stands?|lacks?|comes?|goes|becomes?|counts?|fits?|makes?|needs?|runs?|says?|takes?)\b(?![^.]*\?)/i,
    use: NOUNS,
  },
  { pattern: /\b(stands? still|stood still)\b/i, use: 'stalls' },
  { pattern: /\b(is|are|stays?|being) away\b/i, use: 'is unreachable, is unavailable' },
  { pattern: /\b(put|puts|is|are|stay|stays) in force\b|\bin force\b/i, use: 'is active, takes effect' },
  { pattern: /\blets? go of|let go of\b/i, use: 'releases, closes' },
  {
    pattern: /\b(can(not)? be had|(is|are|was|been) had|had again)\b/i,
    use: 'is available, can be obtained',
  },
  { pattern: /\btalks? nonsense\b/i, use: 'sends an invalid response' },
  { pattern: /\bsent us away\b/i, use: 'in backoff after a recent failure' },
  { pattern: /\b(told (so|of)|tells? of|said so)\b/i, use: 'reports, records' },
  { pattern: /\bgives? (back|out)|given (back|out)\b/i, use: 'revokes, issues' },
  { pattern: /\b(take[ns]? (out|along|over)|comes? along)\b/i, use: 'removes, reuses' },
  { pattern: /\b(way out|the way of|on its way)\b/i, use: 'egress, lifecycle, in flight' },
  { pattern: /\bjudged?\b/i, use: 'authorizes, evaluates' },
  { pattern: /\b(anew|thereof|therein|whereof|in its turn|as one might)\b/i, use: 'again, leave out' },
  {
    pattern: /\b(those of|that of|none that|such a one|of its own|its own ones?)\b/i,
    use: 'repeat the noun',
  },
  { pattern: /\bbesides?\b/i, use: 'next to, in addition to' },
  { pattern: /\bstands? in\b|\bstood in\b/i, use: 'is in, contains' },
  { pattern: /\bbreaks? off\b/i, use: 'closes the connection, aborts' },
  { pattern: /\bas (they|it) stands?\b/i, use: 'unchanged' },
  { pattern: /\bcarriers?\b/i, use: 'credential source' },
];

/** The wording that a text breaks, or undefined. */
export function wordingProblem(text: string): Wording | undefined {
  return WORDINGS.find(({ pattern }) => pattern.test(text));
}
