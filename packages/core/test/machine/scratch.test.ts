import { fromTransition } from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';
import { it } from 'vitest';
import { SERVICE, USER } from '/work/main/packages/core/test/machine/fixtures.js';
import { essenceOf, firstWorld, move, movesOf } from '/work/main/packages/core/test/machine/world.js';
it('explores', () => {
for (const input of [USER, SERVICE]) for (const onStorageUnavailable of ['fail','request'] as const) {
  const t = performance.now();
  const logic = fromTransition(move as any, () => firstWorld({...input, onStorageUnavailable}) as any);
  const adj = getAdjacencyMap(logic as any, { events: (s: any) => movesOf(s.context) as any, serializeState: (s: any) => essenceOf(s.context) as any, serializeEvent: (e: any) => e.type, limit: 3_000_000 } as any);
  const n = Object.keys(adj).length;
  const e = Object.values(adj).reduce((a: number, v: any) => a + Object.keys(v.transitions).length, 0);
  console.log(input.renewal, onStorageUnavailable, n, e, Math.round(performance.now() - t));
}
}, 300000);
