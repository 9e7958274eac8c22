import { withHint } from '../../core/credential-hint.ts';
import { CREDENTIAL_SOURCES } from '../../core/credentials/credential.ts';
import type { Classification, Protocol, RefusalBody, RefusalText } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { quotedString } from '../shared/challenge.ts';
import { gitRefusal } from '../git/git.ts';
import { classifyGit } from '../git/routes.ts';
import { classifyApi } from './api.ts';
import { phraseOf } from '../shared/refusal.ts';

export interface GitlabSettings {
  readonly path: string;
  /** Project ids → paths. */
  readonly projects: ReadonlyMap<string, string>;
}

const API = 'api/v4/';

/** A GitLab instance: the allow list of its REST API, each endpoint for one project, and Git. */
export function gitlabProtocol({ path: prefix, projects }: GitlabSettings): Protocol {
  const classifyProject = classifyApi(projects);

  function classify(head: RequestHead): Classification {
    const rest = head.path.slice(prefix.length);
    return rest.startsWith(API) ? classifyProject(head, rest.slice(API.length)) : classifyGit(head, rest);
  }

  return {
    credentialSources: CREDENTIAL_SOURCES,
    credentialQueryParameters: ['token'],
    encodedSlash: true,
    classify,
    challenge: ({ host, status }) => (status === 403 ? undefined : `Basic realm=${quotedString(host)}`),
    refusal: (text, accept) =>
      text.head?.path.slice(prefix.length).startsWith(API) === true
        ? apiRefusal(text)
        : gitRefusal(text, accept),
  };
}

/** GitLab's error format, with a reason phrase for package clients that print nothing else. */
function apiRefusal(text: RefusalText): RefusalBody {
  const body = { message: withHint(text), error: text.error, request_id: text.requestId };
  return {
    contentType: 'application/json',
    body: `${JSON.stringify(body)}\n`,
    phrase: phraseOf(text),
  };
}
