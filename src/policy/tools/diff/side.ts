import type { CredentialClass, VerifiedCredential } from '../../../core/credentials/credential.ts';
import { DEPLOY_TOKENS } from '../../../core/credentials/deploy-token.ts';
import { audienceForms, issuerForms } from '../../../core/issuers/issuer-urls.ts';
import type { Operation } from '../../../core/request/operation.ts';
import { runAtOnce } from '../../../util/async/steps.ts';
import { compilePolicy, type Policy } from '../../compile/policy.ts';
import { createAuthorizer, type Authorizer } from '../../evaluate/authorizer.ts';
import type { ComparedSettings } from './access-difference.ts';

type Issuer = ComparedSettings['issuers'][number];

/** One of the two configurations, compiled. */
export interface Side {
  readonly settings: ComparedSettings;
  readonly policy: Policy;
  readonly authorizer: Authorizer;
  /** The issuer with the `iss` of a token; undefined if its tokens are refused. */
  issuerAt(url: string): Issuer | undefined;
  /** Whether requests with the operation are allowed. A client can also omit its credential. */
  allows(credential: VerifiedCredential | undefined, service: string, operation: Operation): boolean;
  /** Whether the credential is accepted, as authentication does, without signature and expiry. */
  accepts(credential: VerifiedCredential, service: string): boolean;
}

export function compileSide(settings: ComparedSettings): Side {
  const policy = runAtOnce(compilePolicy(settings));
  const authorizer = createAuthorizer(settings);
  const known = new Map<string, Issuer>();
  for (const issuer of settings.issuers)
    for (const form of issuerForms(issuer.type, issuer.issuer)) if (!known.has(form)) known.set(form, issuer);
  const issuerAt: Side['issuerAt'] = (url) => known.get(url);

  const accepts: Side['accepts'] = (credential, service) => {
    if (credential.issuer === DEPLOY_TOKENS) {
      const token = settings.deployTokens.find(({ name }) => name === credential.subject);
      return token?.secretHash === `sha256:${credential.tokenHash}`;
    }
    const trust = trustOf(settings, issuerAt(credential.issuerUrl), service, sourceClass(credential));
    if (trust.kind === 'refused') return false;
    return (
      trust.audiences === undefined || (credential.audiences ?? []).some((each) => trust.audiences?.has(each))
    );
  };
  const allows: Side['allows'] = (credential, service, operation) => {
    if (!policy.services.has(service)) return false;
    const authorize = authorizer.forService(service);
    if (authorize(undefined, [operation]).kind === 'allow') return true;
    if (credential === undefined || !accepts(credential, service)) return false;
    const issuer = issuerAt(credential.issuerUrl)?.name ?? credential.issuer;
    return authorize({ ...credential, issuer }, [operation]).kind === 'allow';
  };
  return { settings, policy, authorizer, issuerAt, accepts, allows };
}

function sourceClass({ class: kind, minted }: VerifiedCredential): CredentialClass {
  return minted?.source.class ?? kind;
}

type ServiceTrust =
  | { readonly kind: 'refused'; readonly why: string }
  /** `audiences`: accepted `aud`, in all forms; undefined for classes without an audience. */
  | { readonly kind: 'accepted'; readonly audiences: ReadonlySet<string> | undefined };

/** Whether a service accepts credentials of an issuer and a class. */
export function trustOf(
  { services }: ComparedSettings,
  issuer: Issuer | undefined,
  service: string,
  kind: CredentialClass,
): ServiceTrust {
  if (issuer === undefined) return { kind: 'refused', why: 'no issuer has this URL' };
  const settings = services.find(({ name }) => name === service);
  if (settings?.issuers?.includes(issuer.name) === false)
    return { kind: 'refused', why: `service ${service} does not accept issuer ${issuer.name}` };
  switch (kind) {
    case 'id_token': {
      const audiences = settings?.audiences ?? issuer.audiences;
      const forms = audiences.flatMap((each) => audienceForms(issuer.type, each));
      return { kind: 'accepted', audiences: new Set(forms) };
    }
    case 'job_token':
      return issuer.jobTokens === undefined
        ? { kind: 'refused', why: `issuer ${issuer.name} does not accept job tokens` }
        : { kind: 'accepted', audiences: undefined };
    case 'deploy_token':
      return issuer.deployTokens === undefined
        ? { kind: 'refused', why: `issuer ${issuer.name} does not accept deploy tokens` }
        : { kind: 'accepted', audiences: undefined };
    case 'access_token':
      return { kind: 'refused', why: 'access tokens have the class of their source' };
    default:
      return kind satisfies never;
  }
}
