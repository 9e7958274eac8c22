import type { TestGateway } from '../gateway.ts';

interface Replicas {
  readonly gateway: TestGateway;
  readonly others: readonly TestGateway[];
}

/** The two gateways of a scenario with `replicas: 2`. */
export function bothOf({ gateway, others }: Replicas): readonly [TestGateway, TestGateway] {
  const [other] = others;
  if (other === undefined) throw new Error('the scenario has one gateway; set replicas: 2');
  return [gateway, other];
}
