import type { PresentedCredential } from '../../src/core/credentials/credential.ts';
import type { RequestHead } from '../../src/core/request/request-head.ts';
import { trustIn } from '../../src/credentials/compile-issuers.ts';
import { createIdTokens } from '../../src/credentials/id-token/id-tokens.ts';
import type { VerifiedIdToken } from '../../src/credentials/id-token/verify-id-token.ts';
import { createVerificationCache } from '../../src/credentials/verification-cache.ts';
import type { Incoming } from '../../src/core/request/incoming.ts';
import { readHead } from '../../src/http/index.ts';
import { createEventLine } from '../../src/observability/audit/event-line.ts';
import { LineWriter } from '../../src/observability/audit/line-writer.ts';
import { createQueryCleaner } from '../../src/proxy/headers/credential-parameters.ts';
import { createOutgoingHead } from '../../src/proxy/headers/upstream-request-head.ts';
import { readResponseHead } from '../../src/proxy/transport/response-head.ts';
import { AUDIENCE, createStageBed, type StageBed } from './bed.ts';
import { createCandidateStages } from './candidate.ts';
import { createDecisionStage } from './decisions.ts';
import { asyncStage, stage, type Stage } from './measure.ts';
import { createForwardedRequests, createStagePipeline } from './pipeline.ts';
import { createIncoming, requestLine, responseHeaders } from './requests.ts';

/** The stages of a request with a cached ID token, in their order, and others that are not part of each request. */
export async function createStages(bed: StageBed): Promise<readonly Stage[]> {
  const line = () => requestLine(bed.token);
  const head = (): RequestHead => headOf(createIncoming(line()).head);
  const pipeline = createStagePipeline(bed, () => undefined);
  const { service } = pipeline;
  const credential = (): PresentedCredential => credentialOf(service.extract(head()));
  // From here on, the token is in the verification cache.
  await service.authenticate(credential(), 'gateway.example.com');
  const forward = createForwardedRequests(bed);
  const forwarded = () => forward(createIncoming(line()));
  const { verified, operations } = forwarded();
  const { outgoing, eventLine, append } = createEnds(bed);

  return [
    stage('read head', line, (each) => readHead(each, 100)),
    stage('classify', head, (each) => service.guard(each, service.protocol.classify(each))),
    stage('extract', head, (each) => service.extract(each)),
    stage('verify, cached token', credential, (each) => service.authenticate(each, 'gateway.example.com')),
    stage(
      'authorize',
      () => operations,
      (each) => service.authorize(verified, each),
    ),
    stage('upstream request head', forwarded, (each) => outgoing(each, NOTHING_INJECTED)),
    stage('response head', responseHeaders, (each) =>
      readResponseHead(each, 200, 'gateway.example.com', same, false),
    ),
    stage('audit line', forwarded, eventLine),
    stage('audit line to buffer', () => eventLine(forwarded()), append),
    stage('metrics', forwarded, (each) => bed.telemetry.requests.requestEnded(each)),
    stage(
      'module gateway, all',
      () => createIncoming(line()),
      (each) => {
        pipeline.request(each);
        each.res.emit('close');
      },
    ),
    asyncStage('verify, new token', credential, createUncached(bed)),
    createFirstUse(await createStageBed()),
    ...createCandidateStages(bed, forwarded),
    createDecisionStage(forwarded),
  ];
}

/** The first request with a token, with everything that is computed once per credential. `bed` has no other user. */
function createFirstUse(bed: StageBed): Stage {
  const tokens = Array.from({ length: FIRST_USES }, bed.mint);
  const forward = createForwardedRequests(bed);
  const { outgoing, eventLine } = createEnds(bed);
  let next = 0;
  const incoming = (): Incoming => {
    // The tokens are reused: a signature takes longer than the stage.
    if (next % FIRST_USES === 0) bed.authenticator.resources.idTokens.clear();
    return createIncoming(requestLine(tokens[next++ % FIRST_USES] ?? ''));
  };
  return stage('first use of a token', incoming, (each) => {
    const forwarded = forward(each);
    outgoing(forwarded, NOTHING_INJECTED);
    eventLine(forwarded);
  });
}

const FIRST_USES = 500;

const NOTHING_INJECTED = { kind: 'injected-headers', attached: undefined, assertion: undefined } as const;

/** The stages after the decision, apart from the transport. */
function createEnds({ config, authorizer, ports }: StageBed) {
  const [settings] = config.services;
  if (settings === undefined) throw new TypeError('the configuration has no service');
  const writer = new LineWriter(
    { fd: 0, name: 'nowhere' },
    {
      log: ports.log,
      write: (_fd, _buffer, _from, length, _position, done) => setImmediate(done, null, length),
    },
  );
  const { upstream } = settings;
  if (upstream === undefined) throw new TypeError('the service has no upstream');
  return {
    outgoing: createOutgoingHead({ ...settings, upstream }, createQueryCleaner([]), []),
    eventLine: createEventLine(new Map([['gitlab', 'gitlab']]), { names: authorizer.claimsUsed }),
    append: (text: string) => writer.append(text),
  };
}

/** Verification with a cache that never contains the token. */
function createUncached({ authenticator, ports }: StageBed) {
  const issuers = [...authenticator.resources.issuers.values()].map(({ made }) => made);
  const trust = trustIn(issuers, new Map(issuers.map(({ name }) => [name, [AUDIENCE]])));
  const cache = createVerificationCache<VerifiedIdToken>();
  cache.get = () => undefined;
  const verify = createIdTokens(issuers, cache, ports);
  return async (credential: PresentedCredential): Promise<void> => {
    const result = await verify(credential, trust);
    if ('kind' in result) throw new Error(`the token is not accepted: ${result.detail}`);
  };
}

function same(location: string): string {
  return location;
}

function headOf(head: ReturnType<typeof readHead>): RequestHead {
  if ('kind' in head) throw new Error(`the request is not accepted: ${head.detail}`);
  return head;
}

function credentialOf(extracted: ReturnType<ReturnType<typeof createStagePipeline>['service']['extract']>) {
  if (extracted === undefined || 'kind' in extracted) throw new Error('the request has no credential');
  return extracted;
}
