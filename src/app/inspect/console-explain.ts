import type { ExplainAnswer, ExplainOutcome, ExplainQuestion, PolicyPorts } from '../../admin/index.ts';
import type { Config } from '../../config/index.ts';
import type { Claims, VerifiedCredential } from '../../core/credentials/credential.ts';
import { DEPLOY_TOKENS } from '../../core/credentials/deploy-token.ts';
import { ANONYMOUS_ISSUER } from '../../core/credentials/minted-token.ts';
import { GatehouseError } from '../../core/errors.ts';
import { viewExplanation } from '../../policy/index.ts';
import { isRecord } from '../../util/json/object.ts';
import { jwtParts } from '../../util/text/jwt-parts.ts';
import type { RecordedResult } from './explain-recorded.ts';
import type { ExplainInput } from './explain.ts';
import type { ConfigurationSnapshot } from '../snapshot/configuration-snapshot.ts';

type Snapshot = Pick<ConfigurationSnapshot, 'config' | 'explain' | 'explainRecorded'>;

/** The engine of `gatehouse explain` for the console. */
export function createConsoleExplain(
  current: () => Snapshot,
): Pick<PolicyPorts, 'explain' | 'explainRecord'> {
  return {
    async explainRecord({ verified, service, operations, method, host, path }) {
      // The credential was valid when the request was authorized.
      const credential = verified && { ...verified, expiresAt: Infinity };
      const url = `https://${host}${path}`;
      return outcomeOf(() => current().explainRecorded({ credential, service, operations, method, url }));
    },
    async explain({ method, url, contentType, credential }) {
      const { config, explain } = current();
      const ask = (assumed: ExplainInput['credential']): Promise<ExplainOutcome> =>
        outcomeOf(() =>
          explain({
            method,
            url,
            webSocket: /^wss?:/i.test(url),
            credential: assumed,
            ...(contentType !== undefined && { headers: [['Content-Type', contentType]] }),
          }),
        );
      if (credential.kind === 'token') return explainToken(config, credential.token, ask);
      const assumed =
        credential.kind === 'recorded' ? credentialOf(credential.record.verified) : { credential, notes: [] };
      return { outcome: await ask(assumed.credential), notes: assumed.notes };
    },
  };
}

/** A refused token is also evaluated as if it were valid, because its problem may be its age only. */
async function explainToken(
  config: Config,
  token: string,
  ask: (credential: ExplainInput['credential']) => Promise<ExplainOutcome>,
): Promise<ExplainAnswer> {
  const outcome = await ask({ kind: 'token', token });
  const { claims } = jwtParts(token);
  if (!isRecord(claims)) return { outcome, notes: [] };
  const issuer = config.issuers.find((each) => each.issuer === claims['iss']);
  if (outcome.kind !== 'refused' || outcome.stage !== 'authenticate' || issuer === undefined)
    return { outcome, claims, notes: [] };
  const assumed = await ask({ kind: 'claims', class: 'id_token', issuer: issuer.name, claims });
  return { outcome, claims, assumed, notes: [] };
}

/** The recorded credential, treated as verified. */
function credentialOf(verified: VerifiedCredential | undefined): {
  readonly credential: Exclude<ExplainQuestion['credential'], { readonly kind: 'token' | 'recorded' }>;
  readonly notes: readonly string[];
} {
  if (verified === undefined || verified.issuer === ANONYMOUS_ISSUER)
    return { credential: { kind: 'none' }, notes: [] };
  const { issuer, subject, minted } = verified;
  const notes =
    minted === undefined
      ? []
      : [
          'The request had an access token; its source credential is evaluated, without the limits of the token.',
        ];
  if (issuer === DEPLOY_TOKENS) return { credential: { kind: 'deploy-token', name: subject }, notes };
  const source = minted?.source.class ?? verified.class;
  const claims: Claims = { sub: subject, ...verified.claims };
  return {
    credential: { kind: 'claims', class: source === 'access_token' ? 'id_token' : source, issuer, claims },
    notes,
  };
}

async function outcomeOf(evaluate: () => Promise<RecordedResult>): Promise<ExplainOutcome> {
  try {
    const result = await evaluate();
    switch (result.kind) {
      case 'explained':
        return { kind: 'explained', view: viewExplanation(result.explanation), inBody: result.inBody };
      case 'refused':
        return { kind: 'refused', stage: result.stage, ...result.refusal };
      case 'not-evaluated':
        return result;
      default:
        return result satisfies never;
    }
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    return { kind: 'not-evaluated', detail: error.message };
  }
}
