import type { Protocol, RefusalBody, RefusalText } from '../../core/request/protocol.ts';
import { quotedString } from '../shared/challenge.ts';
import { classifyGit } from './routes.ts';
import { textRefusal } from '../shared/refusal.ts';

/** Repositories behind Git's smart HTTP protocol, with Git LFS. */
export function gitProtocol(settings: { readonly path: string }): Protocol {
  return {
    credentialSources: ['basic', 'bearer', 'job-token', 'deploy-token'],
    credentialQueryParameters: [],
    classify: (head) => classifyGit(head, head.path.slice(settings.path.length)),
    challenge: ({ host, status }) => (status === 403 ? undefined : basicChallenge(host)),
    refusal: gitRefusal,
  };
}

/** git prints text, as `remote: …`, where it asks for references; git-lfs prints `message` of its own type. */
export function gitRefusal(text: RefusalText, accept: string | undefined): RefusalBody {
  return isLfs(text.head?.path, accept) ? lfsRefusal(text) : textRefusal(text);
}

function isLfs(path: string | undefined, accept: string | undefined): boolean {
  if (accept?.includes(LFS_TYPE) === true) return true;
  return path !== undefined && /\/(?:info\/lfs|gitlab-lfs)\//.test(path);
}

const LFS_TYPE = 'application/vnd.git-lfs+json';

/** docs/api/batch.md of git-lfs, "Response Errors": its own header for the challenge, so that browsers ask nobody. */
function lfsRefusal({ status, error, message, requestId, head }: RefusalText): RefusalBody {
  const body = { message: `${message} (${error})`, request_id: requestId };
  return {
    contentType: LFS_TYPE,
    body: `${JSON.stringify(body)}\n`,
    headers: status === 401 && head !== undefined ? ['LFS-Authenticate', basicChallenge(head.host)] : [],
  };
}

function basicChallenge(host: string): string {
  return `Basic realm=${quotedString(host)}`;
}
