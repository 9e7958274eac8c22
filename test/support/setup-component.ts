/** Prints ci-templates/gitlab/templates/setup.yml, which contains setup.sh: a component is a single YAML file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './repository.ts';

/** Where the job writes the script, so that `after_script` and `--renew` find it. */
const FILE = '${TMPDIR:-/tmp}/gatehouse-setup-$CI_JOB_ID.sh';
const END = 'GATEHOUSE_SETUP_END';

export function setupComponent(): string {
  const script = readFileSync(join(ROOT, 'ci-templates/setup.sh'), 'utf8');
  const lines = [
    `export GATEHOUSE_SETUP="${FILE}"`,
    'rm -f "$GATEHOUSE_SETUP"',
    '# A file of another user is never replaced.',
    `(umask 077; set -C; cat >"$GATEHOUSE_SETUP") <<'${END}' || exit 1`,
    ...script.trimEnd().split('\n'),
    END,
    '. "$GATEHOUSE_SETUP"',
  ];
  return `${HEAD}${lines.map((line) => (line === '' ? '' : `      ${line}`)).join('\n')}\n${TAIL}`;
}

const HEAD = `# A GitLab CI component: jobs that extend \`.gatehouse-setup\` have clients that are configured for the services that the
# gateway grants to them. docs/guides/ci/setup.md lists the clients. Generated: node test/support/setup-component.ts
#
#   include:
#     - component: $CI_SERVER_FQDN/acme/gatehouse/setup@1
#       inputs: { url: https://gateway.example.com }
#   publish:
#     extends: .gatehouse-setup
#     script:
#       - npm publish
#       - sh "$GATEHOUSE_SETUP" --renew # in a job that lasts longer than the token
spec:
  inputs:
    url:
      description: URL of the gateway, which is also the audience of the ID token.
---
.gatehouse-setup:
  id_tokens:
    GATEHOUSE_ID_TOKEN:
      aud: $[[ inputs.url ]]
  variables:
    GATEHOUSE_URL: $[[ inputs.url ]]
  before_script:
    - |
`;

const TAIL = `  after_script:
    - |
      if [ -O "${FILE}" ]; then
        sh "${FILE}" --clean
        rm -f "${FILE}"
      fi
`;

if (import.meta.main) process.stdout.write(setupComponent());
