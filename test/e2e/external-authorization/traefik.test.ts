import { TRAEFIK } from '../../support/authorizer/proxies.ts';
import { testExternalProxy } from '../../support/authorizer/proxy-suite.ts';

testExternalProxy(TRAEFIK, { down: 500, passesUnable: true, webSockets: false });
