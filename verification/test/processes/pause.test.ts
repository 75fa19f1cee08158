import { describe, expect, it } from 'vitest';
import { type Pause, pause } from '../../processes/pause.ts';

/** Every value of each, and every two of them together; all of them, with the packages' own time-outs: `node pause.ts`. */
const cases: Pick<Pause, 'by' | 'transport' | 'scheme' | 'message'>[] = [
  { by: 'signal', transport: 'fetch', scheme: 'http', message: 'refresh' },
  { by: 'signal', transport: 'undici', scheme: 'https', message: 'code' },
  { by: 'work', transport: 'fetch', scheme: 'https', message: 'code' },
  { by: 'work', transport: 'undici', scheme: 'http', message: 'refresh' },
];

describe.concurrent('a process that stands still for longer than its time-out', () => {
  it.each(cases)('uses the answer that came meanwhile ($by, $transport, $scheme, $message)', async (how) => {
    const { result, presented } = await pause({ ...how, timeout: 4_000, duration: 5_000 });
    expect(result).toBe('access-1.fictional');
    expect(presented).toHaveLength(1);
  });
});
