// Why buttons cannot be pressed now; `undefined`: they can.
import type { Stage } from '../stage.ts';

export const whenOneRuns = ({ fleet }: Stage) => (fleet.running.length === 0 ? 'No instance runs.' : undefined);
export const whenSignedIn = (stage: Stage) =>
  whenOneRuns(stage) ?? (stage.fleet.isSignedIn ? undefined : 'Nobody is signed in.');
export const whenReachable = (stage: Stage) =>
  whenSignedIn(stage) ?? (stage.isServerUp ? undefined : 'The server is down: bring it back first.');
export const whenTwoRun = (stage: Stage) =>
  whenReachable(stage) ?? (stage.fleet.running.length < 2 ? 'It takes two instances that run.' : undefined);
export const whenAllRun = (stage: Stage) =>
  stage.fleet.running.length < stage.fleet.instances.length
    ? 'All instances have to run: let them go on, or start them.'
    : undefined;
