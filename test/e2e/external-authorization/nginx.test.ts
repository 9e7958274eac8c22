import { NGINX } from '../../support/authorizer/proxies.ts';
import { testExternalProxy } from '../../support/authorizer/proxy-suite.ts';

testExternalProxy(NGINX, { down: 503, passesUnable: true, webSockets: true });
