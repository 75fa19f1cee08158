import { planOf } from './plan.ts';
import { simulate } from './simulation.ts';
import { tell } from './storytelling.ts';
const [from='1', count='100', plant] = process.argv.slice(2);
const t=performance.now(); let ev=0, sim=0; const by: Record<string, number[]>={};
for (let seed=+from; seed<+from + +count; seed++) {
  const t0=performance.now();
  const o = await simulate(planOf(seed), plant as never);
  ev+=o.events.length; sim+=o.lasted;
  if (performance.now()-t0>2000) console.log('slow', seed, o.events.length);
  if (o.violation) { (by[o.violation.invariant]??=[]).push(seed); }
  if (count==='1') { console.log(JSON.stringify(o.plan.parameters)); console.log(tell(o.events)); console.log(o.violation); }
}
console.log(Object.entries(by).map(([k,v])=>k+': '+v.length+' '+v.slice(0,12).join(' ')).join('\n'));
console.log('seeds/s', +count/((performance.now()-t)/1000), 'events', ev/+count, 'years', sim/3.15e10);
