import { HAPROXY } from '../../support/authorizer/proxies.ts';
import { testExternalProxy } from '../../support/authorizer/proxy-suite.ts';

testExternalProxy(HAPROXY, { down: 503, passesUnable: true });
