import type { Config } from '../../config/index.ts';

type Service = Config['services'][number];
type HttpService = Extract<Service, { readonly type: 'http' }>;

/** A service that OAuth clients can use: they send the access token in the Authorization header. */
export function isProtectedResource(service: Service): service is HttpService {
  return service.type === 'http' && (service.credentialSources?.includes('bearer') ?? true);
}
