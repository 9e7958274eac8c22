/** `npm run dev:gitlab`: a GitLab test server that runs until Ctrl-C. */
import { createInterface } from 'node:readline';
import { AUDIENCE } from './issuer.ts';
import { startGitlab } from './gitlab.ts';

const audience = process.argv[2] ?? AUDIENCE;
const gitlab = await startGitlab({ audience });
const job = gitlab.job();
const deploy = gitlab.deployToken({ scopes: ['read_registry', 'read_package_registry'] });
const { path } = job.project;
const project = `${gitlab.apiUrl}/api/v4/projects/${encodeURIComponent(path)}`;

console.log(`A stand-in for GitLab at ${gitlab.url}. A job of ${path} is running there; Enter ends it.

export CI_JOB_TOKEN='${job.token}'
export ID_TOKEN='${job.idToken()}'
export DEPLOY_USERNAME='${deploy.username}' DEPLOY_TOKEN='${deploy.token}'

curl -i -H "JOB-TOKEN: $CI_JOB_TOKEN" ${gitlab.apiUrl}/api/v4/job
curl -i -T README.md -H "JOB-TOKEN: $CI_JOB_TOKEN" ${project}/packages/generic/docs/1.0/README.md
curl -i -H "Deploy-Token: $DEPLOY_TOKEN" ${project}/packages/generic/docs/1.0/README.md
curl -i -X POST -F "token=$CI_JOB_TOKEN" -F ref=main ${project}/trigger/pipeline
curl -i -u "$DEPLOY_USERNAME:$DEPLOY_TOKEN" '${gitlab.apiUrl}/jwt/auth?service=container_registry&scope=repository:${path}:pull'

For Gatehouse (the id token is for ${audience}; another audience: npm run dev:gitlab -- URL):

issuers:
  gitlab:
    type: gitlab
    issuer: ${gitlab.url}
    audiences: ["${audience}"]
    jobTokens: { cache: 30s }
`);

createInterface({ input: process.stdin }).once('line', () => {
  job.finish();
  console.log(`Job ${job.id} has ended: its token is refused from now on.`);
});
