/** Each row of the tables of docs/operations/failure-modes.md is covered by named tests. */
import { expect, test } from 'vitest';
import { configReference } from '../../src/config/index.ts';
import { REASONS } from '../../src/core/reasons.ts';
import { readText } from '../support/repository.ts';

/** First column of a table → file and title of the tests that verify the second column. */
type TestsByRow = Readonly<Record<string, readonly (readonly [file: string, title: string])[]>>;

const TESTS_OF: TestsByRow = {
  'an issuer is unreachable at start': [
    [
      'test/e2e/cli-serve.test.ts',
      'an unreachable issuer: the gateway starts and logs it, and is ready once the keys are fetched',
    ],
  ],
  'an issuer becomes unreachable later': [
    [
      'test/security/jwt.test.ts',
      'the last keys are used up to the stale limit; then 503, for cached tokens too',
    ],
  ],
  "a key is removed from the issuer's key set": [
    ['test/security/cache.test.ts', 'C6 cached tokens of a withdrawn key are refused at the next request'],
  ],
  'the nodes of an issuer publish different key sets': [
    [
      'test/unit/credentials/id-token/alternating-keys.test.ts',
      'keys that disappear and return stay usable with each set',
    ],
    [
      'test/unit/credentials/id-token/alternating-keys.test.ts',
      'an alternating key that is no longer published is usable for the refresh interval, then undecided, then unknown',
    ],
  ],
  'an issuer signs with a key that it does not publish yet': [
    [
      'test/pipeline/signing-key-pending.test.ts',
      'tokens of a new key get 503 until the issuer publishes it, never 429',
    ],
  ],
  'GitLab is unreachable for the verification of a job token': [
    ['test/unit/credentials/job-token/job-token.test.ts', 'an outage ends'],
    [
      'test/unit/credentials/job-token/job-token-cache.test.ts',
      'expires after its lifetime, however often it is used',
    ],
  ],
  'an API of `liveness` does not show whether a job runs': [
    [
      'test/security/liveness.test.ts',
      'a response that is not about the job is 503, and the next check recovers',
    ],
    [
      'test/pipeline/liveness-gitlab.test.ts',
      'an ID token is accepted while its job runs, and each result is cached for 30 s',
    ],
  ],
  'an API of `liveness` limits the gateway (403, 429)': [
    ['test/pipeline/liveness-github.test.ts', 'an exhausted rate limit'],
    [
      'test/pipeline/liveness-gitlab.test.ts',
      'a limited GitLab is not asked again before Retry-After has passed',
    ],
  ],
  'GitLab or a proxy before it blocks a job or deploy token (403, 429)': [
    ['test/security/introspection-budget.test.ts', 'a %d for the content of a token affects its client only'],
    ['test/unit/credentials/job-token/job-token.test.ts', 'no requests are sent during backoff: %s'],
  ],
  'more new job or deploy tokens arrive at once than GitLab verifies': [
    [
      'test/security/introspection-waves.test.ts',
      '500 new jobs at once behind one address are all verified: %s',
    ],
    ['test/security/introspection-waves.test.ts', 'without a queue, requests over those in flight get 503'],
  ],
  'the store is unreachable': [
    [
      'test/e2e/redis.test.ts',
      'Redis killed: requests continue, changes are refused, metrics report it; restarted: it recovers',
    ],
    [
      'test/unit/state/revocations/revocations.test.ts',
      'an unreachable store: the last list is valid for a limited time, then 503; after reconnection, normal operation',
    ],
    ['test/unit/state/failure-limits.test.ts', 'without the store, limits hold here'],
  ],
  'the store is unreachable or refuses writes during a push with a publishing token': [
    ['test/e2e/publishing-replicas.test.ts', 'without Redis a push is 503, and nothing reaches the upstream'],
  ],
  'the store responds but refuses writes': [
    [
      'test/e2e/redis-faults.test.ts',
      'refuses all writes: existing data is still read, also by new replicas; changes are refused',
    ],
    [
      'test/e2e/redis-faults.test.ts',
      'refuses all writes and is empty: revocations are not loaded until it accepts writes',
    ],
  ],
  'Redis loses its data, or is restored from an older snapshot': [
    [
      'test/e2e/redis-losses.test.ts',
      '%s: tokens and revocations stay, also at a replica that starts at once',
    ],
    [
      'test/e2e/redis-losses.test.ts',
      'is emptied while all replicas are suspended, and a new one stores another key: tokens of both stay valid',
    ],
    ['test/e2e/redis-lost-changes.test.ts', 'is emptied just before a replica sends %s'],
    [
      'test/e2e/redis-lost-changes.test.ts',
      'loses the last changes in a failover, and the number of changes does not show it',
    ],
    ['test/e2e/redis-lost-changes.test.ts', 'loses in a failover a change that only its replica knows'],
  ],
  'Redis becomes a read-only replica': [
    [
      'test/e2e/redis-losses.test.ts',
      'becomes a read-only replica: requests are served, changes are 503 store_unavailable, and it is reported',
    ],
  ],
  'the URL of Redis has another database number': [
    [
      'test/e2e/redis-losses.test.ts',
      'another database number is another state, and the log says that it was empty',
    ],
  ],
  'the state file is deleted or replaced while the gateway runs': [
    [
      'test/e2e/sqlite-faults.test.ts',
      'the state file %s: changes are 503 store_unavailable, requests are served, readyz and metrics report it',
    ],
    ['test/e2e/sqlite-faults.test.ts', 'a deleted state file is noticed without a change'],
  ],
  'the state file or its write-ahead log is damaged or empty at start': [
    [
      'test/e2e/sqlite-faults.test.ts',
      'a damaged, empty or incomplete state does not start; the message names the procedure',
    ],
    ['test/unit/state/sqlite/damage.test.ts', 'a log of which %s is damaged: refused, and left as it is'],
  ],
  'an identity exceeds its limit of requests': [
    ['test/pipeline/identity-limits.test.ts', 'names the limit and the caller: message, audit event'],
    ['test/pipeline/identity-limits.test.ts', 'refuses an upload before its body is read'],
    [
      'test/pipeline/identity-limits.test.ts',
      'of an identity applies to all services, and to no other identity',
    ],
  ],
  'Redis is unreachable, and identities have limits': [
    [
      'test/e2e/identity-limits-redis.test.ts',
      'Redis is killed: requests are served, and each replica has half of the places',
    ],
    [
      'test/unit/state/identity-limits/exchange.test.ts',
      'without the store: the last parts for 5 s, then equal parts; with it, the parts of the reports',
    ],
    [
      'test/unit/state/identity-limits/exchange.test.ts',
      'a replica that never reached the store applies the whole limits',
    ],
  ],
  'a replica with requests in flight is lost': [
    [
      'test/unit/state/identity-limits/exchange.test.ts',
      'a replica without a new report for 5 s does not count, and its report is deleted after a minute',
    ],
  ],
  'a client uses https at a listener without TLS': [
    [
      'test/pipeline/tls-on-plain-listener.test.ts',
      'the audit event of a TLS handshake at a listener without TLS names the cause',
    ],
  ],
  'a client exceeds the limit of failed authentications': [
    [
      'test/security/brute-force.test.ts',
      'B2 brute force: neither case nor X-Forwarded-For evades the limit; valid credentials still work',
    ],
  ],
  'the gateway has no free file descriptor when a request loads a module for the first time': [
    ['test/faults/no-descriptors.test.ts', 'the first use of modules without free file descriptors'],
  ],
  'a client sends more than ten different tokens to the admin listener in a minute': [
    [
      'test/security/console/login.test.ts',
      'the login, the pages and the admin API count the attempts of a client together',
    ],
  ],
  'the upstream refuses the connection, aborts, or sends an invalid response': [
    ['test/pipeline/answers.test.ts', 'nothing listens: 502 upstream_unreachable'],
    ['test/security/smuggling-responses.test.ts', 'S8 hostile response: %s'],
    ['test/security/smuggling-responses.test.ts', 'S10 truncation %s: the client cannot take it for whole'],
  ],
  'the upstream closed a kept-alive connection': [
    ['test/pipeline/stale-connections.test.ts', 'a GET is answered on a new connection'],
    ['test/pipeline/interruptions.test.ts', '%s with body "%s" is not: the upstream may have acted on it'],
  ],
  'the upstream does not respond in time': [
    ['test/security/exhaustion-limits.test.ts', 'D5 it takes no connection'],
    ['test/security/exhaustion-limits.test.ts', 'it answers nothing'],
  ],
  "an upstream's token service is unreachable, or refuses the gateway": [
    [
      'test/e2e/registry-upstreams.test.ts',
      'an unreachable token service, or one that refuses the credential',
    ],
    [
      'test/e2e/registry-upstreams.test.ts',
      'tokens of its token service: fetched per scope set, cached, renewed, not visible to clients',
    ],
  ],
  "an upstream's token service refuses one caller (`tokenExchange`)": [
    [
      'test/pipeline/token-exchange-upstream.test.ts',
      'a subject that the token service refuses is paused alone',
    ],
  ],
  'a file of `clientAssertion` is unreadable or unusable': [
    ['test/pipeline/client-assertion.test.ts', 'a broken key file: the last valid key stays active'],
  ],
  'the signing key is unavailable': [
    [
      'test/e2e/failures.test.ts',
      'the signing key is unavailable: no token is issued, ID tokens are accepted; then it becomes available',
    ],
    [
      'test/unit/token-service/signing-keys/keyring.test.ts',
      'an unreachable store: verification is unavailable until the store responds',
    ],
  ],
  "the upstream refuses the gateway's credential": [
    [
      'test/security/leaks-responses.test.ts',
      'L4: a 401 of the upstream is a 502, and its challenge goes no further',
    ],
  ],
  'more requests are in flight than `upstream.connections`': [
    [
      'test/pipeline/answers.test.ts',
      'more in flight than connections allows: 503 with Retry-After; then it goes on',
    ],
  ],
  'a stream of an `http` service is silent': [
    [
      'test/pipeline/upstream-timeouts.test.ts',
      'without Content-Length is unlimited: the stream goes on after a pause',
    ],
    [
      'test/pipeline/upstream-timeouts.test.ts',
      'is limited if it is configured, without an end that looks complete',
    ],
  ],
  'an upstream cuts off a body that the end of a TLS connection delimits': [
    [
      'test/security/transport/tls-ends.test.ts',
      '$maxVersion, a $size body that ends with $how: complete $complete',
    ],
  ],
  'a body transfer stalls': [
    [
      'test/security/exhaustion.test.ts',
      'D1 slowloris: a body that drips (%s) ends in 408, the upstream is let go',
    ],
    ['test/security/exhaustion.test.ts', 'D1 slow reader: one that %s is cut, and so is the upstream'],
    [
      'test/pipeline/streaming.test.ts',
      'a body that takes far longer than the idle time passes, as long as it moves',
    ],
  ],
  'the audit file cannot be written': [
    ['test/e2e/failures.test.ts', 'the audit file cannot be written: buffered, then counted as lost'],
    [
      'test/e2e/failures.test.ts',
      'the audit file cannot be written and is required: 503 audit_unavailable, nothing is forwarded',
    ],
  ],
  'the audit file is renamed or deleted': [
    [
      'test/e2e/audit-rotation.test.ts',
      'a rename %s: the new file receives the next lines, and none is lost',
    ],
    [
      'test/e2e/audit-rotation.test.ts',
      'a deleted file is created again within seconds, and the log counts the lost bytes',
    ],
  ],
  'a secret file is rotated': [
    [
      'test/security/upstream-credential.test.ts',
      'upstream auth: follows its file, and keeps the last good secret through bad ones',
    ],
  ],
  'the port of a listener is in use at start': [
    ['test/e2e/cli-serve.test.ts', 'the port of the %s listener is in use: one error line, exit 1'],
    [
      'test/e2e/redis-start.test.ts',
      'the port of the admin listener is in use: the process ends with exit code 1',
    ],
  ],
  'the port of `server.reusePort` cannot be shared': [
    ['test/e2e/reuse-port.test.ts', 'the second process does not start, and names the port'],
    ['test/unit/http/listen.test.ts', '%s names the key to remove'],
  ],
  'the configuration is invalid at start': [
    [
      'test/e2e/cli-serve.test.ts',
      'an invalid configuration: exit 2, every problem with its position, nothing is started',
    ],
    [
      'test/e2e/reload.test.ts',
      'K3 an invalid configuration: the previous one stays active, and the problem is logged',
    ],
  ],
  "GitHub's API or AWS is unreachable, or refuses the gateway": [
    ['test/security/cloud-token-endpoints.test.ts', '$name: 502 $reason'],
    [
      'test/pipeline/github-app.test.ts',
      'the primary limit: no call until its reset, and issued tokens stay in use',
    ],
  ],
  "the rate limit of GitHub's API is exhausted": [
    [
      'test/pipeline/github-app.test.ts',
      'the primary limit: no call until its reset, and issued tokens stay in use',
    ],
    ['test/pipeline/github-app.test.ts', '%s: the next call follows after the time'],
  ],
  'a claim that narrows the upstream credential is missing': [
    ['test/pipeline/github-app.test.ts', '%s denies the request and requests no token'],
  ],
  'a vault with an upstream credential is unreachable, sealed or limits the rate': [
    ['test/e2e/vault-login.test.ts', 'sealed, unsealed, killed and restarted'],
    ['test/security/vault-endpoint.test.ts', 'vault: unreachable'],
  ],
  'a vault rejects the login of the gateway, or the read of a path': [
    ['test/e2e/vault-login.test.ts', '%s: 502, and no secret in any output'],
    ['test/e2e/vault-login.test.ts', 'a login without the right to read the path'],
    ['test/e2e/vault-login.test.ts', 'a changed JWT file is used at once'],
  ],
  'the vault has no secret at the path of an upstream credential': [
    [
      'test/e2e/vault-upstream.test.ts',
      'each caller gets the secret of its path, and a deleted one is no longer used',
    ],
  ],
  'the vault is unreachable, or has not every secret, at a start or reload with `…FromVault` keys': [
    ['test/e2e/vault-secrets.test.ts', 'the gateway does not start with %s'],
    [
      'test/e2e/vault-secrets.test.ts',
      'each kind of secret, and a reload that needs an absent one keeps the last configuration',
    ],
  ],
  'a secret of a `…FromVault` key cannot be read again': [
    [
      'test/e2e/vault-secrets.test.ts',
      'an Entra service principal reaches GitLab with the GitLab token of its identity',
    ],
  ],
  'the gateway has no upstream credential for this identity': [
    [
      'test/security/per-identity.test.ts',
      'no entry and no default: a denial, and the upstream gets nothing',
    ],
  ],
  "the upstream refuses the client's own credential (`forwardCredential`)": [
    ['test/security/client-credential.test.ts', 'a 401 of the upstream to %s: a 401 with our challenge'],
  ],
  'a changed configuration is invalid': [
    [
      'test/e2e/reload.test.ts',
      'K3 an invalid configuration: the previous one stays active, and the problem is logged',
    ],
  ],
  'a delegated file has an error after a change': [
    [
      'test/e2e/delegation.test.ts',
      'a delegated file with an error keeps its last valid version while other changes take effect',
    ],
    [
      'test/unit/config/delegation/delegation.test.ts',
      'removes a last valid version that the delegation does not contain any more',
    ],
  ],
  'a delegated file has an error at start': [
    ['test/e2e/delegation.test.ts', 'serve refuses to start with a delegated file that has an error'],
  ],
  'the candidate policy is invalid or missing': [
    [
      'test/pipeline/candidate.test.ts',
      'a changed candidate is loaded without a signal; an invalid one leaves the last valid one',
    ],
    [
      'test/pipeline/candidate.test.ts',
      'a candidate that denies everything, throws, is invalid or missing: identical responses',
    ],
  ],
  'the evaluation of the candidate policy fails or is too slow': [
    [
      'test/unit/app/candidate.test.ts',
      'beyond the queue, requests are recorded at once without an evaluation, and counted',
    ],
    ['test/unit/app/candidate.test.ts', 'an evaluation that throws: recorded once, logged once'],
  ],
  'the configuration of a Helm upgrade or rollback is invalid': [
    [
      'test/e2e/chart-boot.test.ts',
      'the check before an upgrade fails for an error that no schema finds, and prints its position',
    ],
    [
      'test/e2e/chart-objects.test.ts',
      'runs before an upgrade and a rollback, with the new configuration, and no Service selects its pod',
    ],
  ],
  'a signing key is removed from its file': [
    [
      'test/unit/token-service/signing-keys/keyring.test.ts',
      'a key verifies while it is in its file and for one minute after its replacement',
    ],
  ],
  'the process receives SIGTERM': [
    [
      'test/e2e/drain.test.ts',
      'D8 SIGTERM under load: uploads complete, keep-alive connections are closed, every response has an audit event',
    ],
    [
      'test/e2e/drain.test.ts',
      'D8 a second signal aborts requests in flight; the audit log is still complete',
    ],
    ['test/e2e/shutdown.test.ts', 'requests that a drain of %s cuts have an audit event each'],
  ],
  'the reader of the audit trail is stalled or gone at SIGTERM': [
    [
      'test/e2e/shutdown.test.ts',
      'with a %s reader of the audit trail the process ends, and counts the lost lines',
    ],
  ],
  'the clock is set back': [
    [
      'test/unit/credentials/id-token/key-set.test.ts',
      'while the issuer is unreachable: 503, with a short Retry-After',
    ],
    ['test/unit/credentials/id-token/key-set.test.ts', 'the keys are fetched again: their age is unknown'],
    [
      'test/unit/util/limits/window-counter.test.ts',
      'if the clock is set back, a window ends after its length',
    ],
  ],
  'more than `server.limits.connections` requests are in flight': [
    [
      'test/security/pipelined-flood.test.ts',
      'a connection with more requests in flight than server.limits.connections is closed',
    ],
    [
      'test/security/pipelined-flood.test.ts',
      'the limit applies to all connections together, and never to a request that is not pipelined',
    ],
  ],
  'too many connections, of one client or in total': [
    [
      'test/security/exhaustion-idle.test.ts',
      'D6 5,000 idle clients of one address: the cap of an address holds, others are served',
    ],
    [
      'test/security/exhaustion-idle.test.ts',
      'D6 5,000 idle clients of many addresses: memory is bounded, the cap of all holds',
    ],
  ],
  "the kubelet's credential provider gets a request that it cannot read": [
    ['test/e2e/credential-provider.test.ts', 'a request with %s: exit 1 and no response'],
  ],
  'an OAuth client uses a host or port that the configuration does not name': [
    ['test/security/resource-metadata.test.ts', '%s is not in the document or the challenge'],
  ],
  'a proxy does not reach the authorizer': [
    ['test/support/authorizer/proxy-suite.ts', 'without a gateway, nothing is forwarded'],
  ],
  'a proxy repeats a subrequest that got no response': [
    [
      'test/security/authorizer/repetitions.test.ts',
      'an unanswered subrequest that is repeated is recorded and counted once',
    ],
  ],
  "an upstream's certificate is invalid": [
    ['test/pipeline/tls.test.ts', 'K7 an upstream with a certificate of ${name}: 502, and it reads nothing'],
  ],
};

/** The second table. */
const TESTS_OF_COMPONENT: TestsByRow = {
  'an issuer, at start': TESTS_OF['an issuer is unreachable at start'] ?? [],
  'an issuer, later': [
    [
      'test/pipeline/readiness.test.ts',
      'an issuer unreachable beyond the stale limit of its keys: its tokens get 503, and the replica stays ready',
    ],
  ],
  'the GitLab API': TESTS_OF['GitLab is unreachable for the verification of a job token'] ?? [],
  'the API of `liveness`': TESTS_OF['an API of `liveness` does not show whether a job runs'] ?? [],
  Redis: [
    ...(TESTS_OF['the store is unreachable'] ?? []),
    ['test/faults/redis-kill.test.ts', 'kill -9 of Redis'],
  ],
  'Redis, for writes only': TESTS_OF['the store responds but refuses writes'] ?? [],
  'the disk of SQLite': [
    ['test/unit/state/sqlite/store.test.ts', 'a file that is something else is refused, and left as it is'],
    ['test/faults/sqlite-kill.test.ts', 'kill -9 of the gateway with SQLite'],
  ],
  'Redis, emptied or restored from a snapshot':
    TESTS_OF['Redis loses its data, or is restored from an older snapshot'] ?? [],
  'the state file, damaged or deleted':
    TESTS_OF['the state file is deleted or replaced while the gateway runs'] ?? [],
  'the consumer of the audit trail': [
    ...(TESTS_OF['the audit file cannot be written'] ?? []),
    ...(TESTS_OF['the reader of the audit trail is stalled or gone at SIGTERM'] ?? []),
  ],
  'an upstream': [['test/faults/upstream-faults.test.ts', '18 upstream faults']],
  'a zone or a node': [
    [
      'test/e2e/exchange-replicas.test.ts',
      'a token of one is valid at the other, and after revocation at neither',
    ],
  ],
  'a valid configuration': [
    ...(TESTS_OF['the configuration is invalid at start'] ?? []),
    ['test/faults/reload-storm.test.ts', 'torn configurations and reload storms'],
  ],
};

interface Row {
  readonly failure: string;
  readonly behaviour: string;
}

function rows(heading = 'Responses to clients'): readonly Row[] {
  const [, section = ''] = readText('docs/operations/failure-modes.md').split(`## ${heading}\n`);
  const lines = section.split('\n## ')[0]?.match(/^\|.*\|$/gm) ?? [];
  return lines.slice(2).map((line) => {
    const [, failure = '', behaviour = ''] = line.split('|').map((cell) => cell.trim());
    return { failure, behaviour };
  });
}

test.each([
  ['Responses to clients', TESTS_OF],
  ['Readiness and operator actions', TESTS_OF_COMPONENT],
])('rows and listed tests correspond one to one: %s', (heading, tests) => {
  const failures = rows(heading).map(({ failure }) => failure);
  expect(failures.length).toBeGreaterThanOrEqual(10);
  expect(failures.toSorted()).toEqual(Object.keys(tests).toSorted());
});

test.each([...Object.entries(TESTS_OF), ...Object.entries(TESTS_OF_COMPONENT)])('%s', (_, tests) => {
  expect(tests.length).toBeGreaterThan(0);
  for (const [file, title] of tests) {
    const spellings = [`'${title}'`, `\`${title}\``, `"${title}"`];
    const found = spellings.some((spelling) => readText(file).includes(spelling));
    expect(found, `${file} has no test named "${title}"`).toBe(true);
  }
});

test('a reason in the table has its status, and a test of the row asserts the reason', () => {
  const named = rows().flatMap(({ failure, behaviour }) =>
    [...behaviour.matchAll(/(\d{3}) ((?:`[a-z_]+`(?:, )?)+)/g)].flatMap(([, status, reasons = '']) =>
      [...reasons.matchAll(/[a-z_]+/g)].map(([reason]) => ({ failure, status: Number(status), reason })),
    ),
  );
  expect(named.length).toBeGreaterThan(10);
  for (const { failure, status, reason } of named) {
    expect(REASONS, failure).toMatchObject({ [reason]: { status } });
    const asserted = (TESTS_OF[failure] ?? []).some(([file]) => readText(file).includes(reason));
    expect(asserted, `${reason} in a test of "${failure}"`).toBe(true);
  }
});

test('a figure in the table is the default of its key', () => {
  const figures = rows().flatMap(({ behaviour }) => [...behaviour.matchAll(/`([\w.]+)` \((\d+ \w+)\)/g)]);
  expect(figures.length).toBeGreaterThanOrEqual(3);
  const reference = configReference();
  for (const [, key = '', figure = ''] of figures) {
    const row = new RegExp(`^\\| \`${key.replace('server.', '')}\` .* Default (\\S+)\\. \\|$`, 'm');
    expect([key, row.exec(reference)?.[1]]).toEqual([key, figure.replace(' ', '')]);
  }
});
