import { narrowingTemplates } from './github-app/narrowing.ts';
import type { GatewayAuth, UpstreamAuth } from './upstream-credential.ts';

/** The templates of `upstream.auth` that are expanded with the claims of the caller. */
export function credentialTemplates(auth: UpstreamAuth | undefined): readonly string[] {
  const { perIdentity = {}, ...own } = auth ?? {};
  return [own, ...Object.values(perIdentity)].flatMap(templatesOf);
}

function templatesOf({ githubApp, vault }: GatewayAuth): readonly string[] {
  return [...narrowingTemplates(githubApp ?? {}), ...(vault === undefined ? [] : [vault.path])];
}
