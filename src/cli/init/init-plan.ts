import type { InitProject, InitService } from './init-services.ts';

export interface InitIssuer {
  readonly type: 'gitlab' | 'github';
  readonly url: string;
  readonly project: InitProject;
  /** The kind of the callers, and the claim with its immutable id. */
  readonly scope: 'project' | 'repository' | 'organization';
  readonly idClaim: 'project_id' | 'repository_id' | 'repository_owner_id';
}

/** The content of the files that `gatehouse init` writes. */
export interface InitPlan {
  readonly publicUrl: string;
  readonly issuers: readonly InitIssuer[];
  readonly services: readonly { readonly service: InitService; readonly url: string }[];
}

/** Checked answers or flags by name; a missing one gets a placeholder that is valid. */
export type InitAnswers = Readonly<Record<string, string | undefined>>;

const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com';

export const EXAMPLE_PUBLIC_URL = 'https://gateway.example.com';
export const EXAMPLE_GITLAB = 'https://gitlab.example.com';
/** Ids start at 1, so a configuration with the placeholder grants access to no project. */
export const PLACEHOLDER_ID = '0';
const EXAMPLE_PROJECT = 'acme/payments';

/** Without an issuer or a service, the files have an example of GitLab and of a registry. */
export function planInit(answers: InitAnswers, services: readonly InitService[]): InitPlan {
  const { gitlab, github, project, 'project-id': id } = answers;
  const chosen = services.flatMap((service) => {
    const url = answers[service.name];
    return url === undefined ? [] : [{ service, url }];
  });
  const [registry] = services;
  const example = registry === undefined ? [] : [{ service: registry, url: `${registry.usualUrl}/` }];
  const issuers: InitIssuer[] = [];
  if (gitlab !== undefined || github === undefined) {
    const of = projectOf(project ?? EXAMPLE_PROJECT, id, 'project_path');
    const url = gitlab ?? EXAMPLE_GITLAB;
    issuers.push({ type: 'gitlab', url, project: of, scope: 'project', idClaim: 'project_id' });
  }
  if (github !== undefined) {
    // One project cannot be in both systems: with GitLab, it is the project there.
    const own = gitlab === undefined ? { path: project, id } : {};
    const of = projectOf(own.path ?? `${github}/app`, own.id, 'repository');
    const callers =
      own.path === undefined && own.id === undefined
        ? ({ scope: 'organization', idClaim: 'repository_owner_id' } as const)
        : ({ scope: 'repository', idClaim: 'repository_id' } as const);
    issuers.push({ type: 'github', url: GITHUB_ISSUER, project: of, ...callers });
  }
  return {
    publicUrl: answers['public-url'] ?? EXAMPLE_PUBLIC_URL,
    issuers,
    services: chosen.length === 0 ? example : chosen,
  };
}

function projectOf(path: string, id: string | undefined, claim: string): InitProject {
  const owner = path.slice(0, path.indexOf('/')).toLowerCase();
  return { path, owner, claim, ...(id === undefined ? {} : { id }) };
}
