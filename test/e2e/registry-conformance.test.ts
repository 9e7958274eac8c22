import { expect } from 'vitest';
import { needs } from '../support/needs.ts';
import { needsConformance, runConformance } from '../support/oci-conformance.ts';
import { startRegistryScenario } from '../support/scenario/registry.ts';

needs('docker-registry').describe('the conformance suite of the distribution specification', () => {
  needsConformance.test(
    'has the same results through the gateway as directly at the registry',
    async () => {
      const scenario = await startRegistryScenario();
      const direct = await runConformance(scenario.registry.host, undefined);
      const login = { username: 'ci', password: scenario.job.idToken() };
      const through = await runConformance(scenario.host, login);
      const mounts = direct.filter((result) => /\/mount\/.*: passed$/.test(result));
      expect(mounts.length).toBeGreaterThan(2);
      expect(direct.length).toBeGreaterThan(600);
      expect(through).toEqual(direct);
    },
    120_000,
  );
});
