import { expect } from 'vitest';
import { needs } from '../support/needs.ts';
import { needsConformance, runConformance } from '../support/oci-conformance.ts';
import { startRegistryRig } from '../support/registry-rig.ts';

needs('docker-registry').describe('the conformance suite of the distribution specification', () => {
  needsConformance.test(
    'has the same results through the gateway as directly at the registry',
    async () => {
      const rig = await startRegistryRig();
      try {
        const direct = await runConformance(rig.registry.host, undefined);
        const login = { username: 'ci', password: rig.job.idToken() };
        const through = await runConformance(rig.host, login);
        const mounts = direct.filter((result) => /\/mount\/.*: passed$/.test(result));
        expect(mounts.length).toBeGreaterThan(2);
        expect(direct.length).toBeGreaterThan(600);
        expect(through).toEqual(direct);
      } finally {
        await rig.close();
      }
    },
    120_000,
  );
});
