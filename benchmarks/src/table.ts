import { measure } from 'mitata';

/** A contender: its name, and the operation to measure. */
export type Contender = readonly [name: string, run: () => unknown];

/** How many calls one sample contains, so that reading the timer does not matter. */
const CALLS = 1_000;

/** Awaits each contender repeatedly and prints the median of one call, as a ratio to the first. */
export async function compare(title: string, contenders: readonly Contender[]): Promise<void> {
  const rows: (readonly [string, number])[] = [];
  for (const [name, run] of contenders) {
    const stats = await measure(async () => {
      for (let call = 0; call < CALLS; call += 1) await run();
    });
    rows.push([name, stats.p50 / CALLS]);
  }
  print(title, rows, nanoseconds);
}

/** Compares synchronous contenders in the same way. */
export async function compareSync(title: string, contenders: readonly Contender[]): Promise<void> {
  const rows: (readonly [string, number])[] = [];
  for (const [name, run] of contenders) {
    const stats = await measure(() => {
      let last: unknown;
      for (let call = 0; call < CALLS; call += 1) last = run();
      return last;
    });
    rows.push([name, stats.p50 / CALLS]);
  }
  print(title, rows, nanoseconds);
}

export function print(
  title: string,
  rows: readonly (readonly [string, number])[],
  unit: (value: number) => string,
): void {
  const floor = rows[0]?.[1] ?? 1;
  console.log(title);
  for (const [name, value] of rows) {
    console.log(`  ${name.padEnd(52)} ${unit(value).padStart(12)}  ×${(value / floor).toFixed(2)}`);
  }
  console.log();
}

function nanoseconds(value: number): string {
  return value < 10_000 ? `${value.toFixed(1)} ns` : `${(value / 1_000).toFixed(1)} µs`;
}
