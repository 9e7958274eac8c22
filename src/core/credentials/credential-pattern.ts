/**
 * A JWT or a token with a known prefix (GitLab, GitHub, deploy tokens). An issuer may copy any text into a claim and a
 * client may send a token anywhere, and neither the audit log nor the console contains a credential.
 */
const CREDENTIAL =
  /eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|\b(?:gl[a-z]{2,6}-|gh[a-z]{1,2}_|github_pat_|ghdt_)[\w.-]{10,}/;

const EVERY_CREDENTIAL = new RegExp(CREDENTIAL, 'g');

export function containsCredential(text: string): boolean {
  return CREDENTIAL.test(text);
}

/** Replaces credentials in a text. */
export function redactCredentials(text: string): string {
  return text.replace(EVERY_CREDENTIAL, '[credential]');
}
