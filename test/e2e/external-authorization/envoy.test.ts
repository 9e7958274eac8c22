import { ENVOY } from '../../support/authorizer/proxies.ts';
import { testExternalProxy } from '../../support/authorizer/proxy-suite.ts';

// ext_authz replaces a 5xx of the HTTP service by an empty `status_on_error`.
testExternalProxy(ENVOY, { down: 503, passesUnable: false, webSockets: true });
