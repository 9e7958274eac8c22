import { CADDY } from '../../support/authorizer/proxies.ts';
import { testExternalProxy } from '../../support/authorizer/proxy-suite.ts';

testExternalProxy(CADDY, { down: 503, passesUnable: true, webSockets: true });
