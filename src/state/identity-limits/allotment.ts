/**
 * The part of a rate that one replica may use, so that all replicas together use the whole rate and not more. Replicas
 * that need less than an equal part leave the rest to the others (max-min fairness).
 * `demands`: requests per second that arrive at each of the other replicas.
 */
export function allotmentOf(rate: number, demands: readonly number[]): number {
  let left = rate;
  let replicas = demands.length + 1;
  for (const demand of demands.toSorted((a, b) => a - b)) {
    if (demand >= left / replicas) break;
    left -= demand;
    replicas -= 1;
  }
  return left / replicas;
}
