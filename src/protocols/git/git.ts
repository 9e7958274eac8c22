import { withHint } from '../../core/credential-hint.ts';
import type { Protocol, RefusalBody, RefusalText } from '../../core/request/protocol.ts';
import { quotedString } from '../shared/challenge.ts';
import { classifyGit } from './routes.ts';
import { textRefusal } from '../shared/refusal.ts';

/** Git repositories over the smart HTTP protocol, with Git LFS. */
export function gitProtocol(settings: { readonly path: string }): Protocol {
  return {
    credentialSources: ['basic', 'bearer', 'job-token', 'deploy-token'],
    credentialQueryParameters: [],
    classify: (head) => classifyGit(head, head.path.slice(settings.path.length)),
    challenge: ({ host, status }) => (status === 403 ? undefined : basicChallenge(host)),
    refusal: gitRefusal,
  };
}

/** git prints a text body as `remote: …` on `info/refs`; git-lfs prints `message` of its media type. */
export function gitRefusal(text: RefusalText, accept: string | undefined): RefusalBody {
  return isLfs(text.head?.path, accept) ? lfsRefusal(text) : textRefusal(text);
}

function isLfs(path: string | undefined, accept: string | undefined): boolean {
  if (accept?.includes(LFS_TYPE) === true) return true;
  return path !== undefined && /\/(?:info\/lfs|gitlab-lfs)\//.test(path);
}

const LFS_TYPE = 'application/vnd.git-lfs+json';

/**
 * git-lfs, docs/api/batch.md, "Response Errors": a separate challenge header, so that browsers show no
 * prompt.
 */
function lfsRefusal(text: RefusalText): RefusalBody {
  const { status, error, requestId, head } = text;
  const body = { message: `${withHint(text)} (${error})`, request_id: requestId };
  return {
    contentType: LFS_TYPE,
    body: `${JSON.stringify(body)}\n`,
    headers: status === 401 && head !== undefined ? ['LFS-Authenticate', basicChallenge(head.host)] : [],
  };
}

function basicChallenge(host: string): string {
  return `Basic realm=${quotedString(host)}`;
}
