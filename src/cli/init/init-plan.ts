import { githubIssuer, gitlabIssuer } from './forge-issuers.ts';
import type { InitIssuer } from './init-issuer.ts';
import { INIT_PLATFORMS } from './init-platforms.ts';
import type { InitService } from './init-services.ts';

/** The content of the files that `gatehouse init` writes. */
export interface InitPlan {
  readonly publicUrl: string;
  readonly issuers: readonly InitIssuer[];
  readonly services: readonly { readonly service: InitService; readonly url: string }[];
}

/** Checked answers or flags by name; a missing one gets a placeholder that is valid. */
export type InitAnswers = Readonly<Record<string, string | undefined>>;

export const EXAMPLE_PUBLIC_URL = 'https://gateway.example.com';
export const EXAMPLE_GITLAB = 'https://gitlab.example.com';
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
  const platforms = INIT_PLATFORMS.flatMap(({ name, issuer }) => {
    const value = answers[name];
    return value === undefined ? [] : [issuer(value)];
  });
  const issuers: InitIssuer[] = [];
  if (gitlab !== undefined || (github === undefined && platforms.length === 0)) {
    issuers.push(gitlabIssuer(gitlab ?? EXAMPLE_GITLAB, project ?? EXAMPLE_PROJECT, id));
  }
  if (github !== undefined) {
    // One project cannot be in both systems: with GitLab, it is the project there.
    const own = gitlab === undefined ? { project, id } : {};
    issuers.push(githubIssuer(github, own.project, own.id));
  }
  issuers.push(...platforms);
  return {
    publicUrl: answers['public-url'] ?? EXAMPLE_PUBLIC_URL,
    issuers,
    services: chosen.length === 0 ? example : chosen,
  };
}
