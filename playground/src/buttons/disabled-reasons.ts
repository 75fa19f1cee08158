// Why buttons cannot be pressed now; `undefined`: they can.
import type { Environment } from '../environment.ts';

export const whenOneRuns = ({ fleet }: Environment) =>
  fleet.running.length === 0 ? 'No instance is running.' : undefined;
export const whenSignedIn = (environment: Environment) =>
  whenOneRuns(environment) ?? (environment.fleet.isSignedIn ? undefined : 'No user is signed in.');
export const whenReachable = (environment: Environment) =>
  whenSignedIn(environment) ?? (environment.isServerUp ? undefined : 'The server is down. Bring it back first.');
export const whenTwoRun = (environment: Environment) =>
  whenReachable(environment) ??
  (environment.fleet.running.length < 2 ? 'This needs two running instances.' : undefined);
export const whenAllRun = (environment: Environment) =>
  environment.fleet.running.length < environment.fleet.instances.length
    ? 'All instances must be running. Resume or start the others.'
    : undefined;
