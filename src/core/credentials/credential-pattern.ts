/**
 * A JWT or a secret with a known prefix (deploy tokens, GitLab, GitHub, npm, PyPI, Docker Hub, Vault, Slack). An issuer
 * may copy any text into a claim and a client may send a token anywhere, and neither the audit log nor the console
 * contains a credential. Linear time for any text: the lookahead finds the first `eyJ` of a run of token characters, and
 * no later one is tried.
 */
const CREDENTIAL =
  /\b(?:gl(?:agent|cbt|dt|ffct|ft|imt|oas|pat|ptt|rtr?|soat|wt)-|gh[a-z]{1,2}_|github_pat_|ghdt_|dckr_[a-z]{3}_|hv[sbr]\.|pypi-AgE|xox[a-z]-)[\w.-]{10,}|\bnpm_[A-Za-z\d]{36}|(?<![\w-])(?=([\w-]*?eyJ))\1[\w-]{8,}\.[\w-]{8,}\.[\w.-]*/;

const EVERY_CREDENTIAL = new RegExp(CREDENTIAL, 'g');

export function containsCredential(text: string): boolean {
  return CREDENTIAL.test(text);
}

/** Replaces credentials in a text, with the characters that a JWT is attached to. */
export function redactCredentials(text: string): string {
  return text.replace(EVERY_CREDENTIAL, '[credential]');
}
