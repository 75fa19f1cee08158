import { layOut } from '../statechart/layout.ts';
import { pageOf } from '../statechart/page.ts';
import { pictureOf } from '../statechart/picture.ts';
import { codeOf, outlineOf } from '../statechart/plain-machine.ts';
import { built } from './built.ts';

type Machine = typeof import('../../packages/core/src/machine.ts');
type Inspector = typeof import('../../packages/inspector/src/chart.ts');

/** Returns the page and the picture of the statechart, its layout for the viewer, and the machine as plain XState code. */
export async function statechartFiles(): Promise<Record<string, string>> {
  const { initialSnapshot, sessionMachine } = await built<Machine>('core/dist/machine.js');
  const { sessionChart } = await built<Inspector>('inspector/dist/chart.js');
  const plans = await layOut(sessionChart);
  const settings = { renewal: 'refresh_token', refreshBuffer: 300_000, onStorageUnavailable: 'fail' } as const;
  const code = codeOf(sessionMachine.root, initialSnapshot(settings).context);
  await checkCode(code, outlineOf(sessionMachine.root));
  return {
    'docs/reference/statechart.md': pageOf(sessionChart, plans.wide.connections.length),
    'docs/reference/statechart.svg': pictureOf(plans.wide, sessionChart),
    'docs/reference/session-machine.js': code,
    'packages/inspector/viewer/statechart.json': JSON.stringify(plans),
  };
}

/** Runs the plain code, and fails unless its machine is like the original. */
async function checkCode(code: string, outline: string): Promise<void> {
  const xstate = import.meta.resolve('xstate');
  const address = `data:text/javascript,${encodeURIComponent(code.replace("'xstate'", `'${xstate}'`))}`;
  const { sessionMachine } = await import(address);
  if (outlineOf(sessionMachine.root) !== outline) throw new Error('The plain code is not the machine of the sessions.');
}
