import type { Environment } from '../environment.ts';
import type { Instance } from '../fleet.ts';

/** Whether a request is a refresh. */
export const isRefresh = ({ form }: { form: URLSearchParams }) => form.get('grant_type') === 'refresh_token';

/** Counts requests to the server, and failures, from now on. */
export function countFrom({ server, fleet }: Environment) {
  const requests = server.count({ endpoint: 'token' });
  const failures = () => fleet.instances.reduce((sum, { counts }) => sum + counts.failedCalls, 0);
  const failuresBefore = failures();
  const refreshes = new Map(fleet.instances.map((instance) => [instance, instance.counts.refreshes]));
  return {
    requests: () => server.count({ endpoint: 'token' }) - requests,
    failedCalls: () => failures() - failuresBefore,
    /** The instance that received new tokens. */
    refresher: () => fleet.instances.find((instance) => instance.counts.refreshes > (refreshes.get(instance) ?? 0)),
  };
}

/**
 * Lets the token expire, and waits until all instances serve the next one. Resolves to the instance that requested it.
 */
export async function renew(
  environment: Environment,
  faults: () => void = () => {},
): Promise<{ refresher: Instance; requests: number; failedCalls: number }> {
  const { fleet } = environment;
  const before = fleet.token;
  const count = countFrom(environment);
  faults();
  environment.passExpiry();
  environment.useEverywhere();
  const refresher = await fleet.until(
    'the token was refreshed',
    () => fleet.token !== undefined && fleet.token !== before && count.refresher(),
  );
  return { refresher, requests: count.requests(), failedCalls: count.failedCalls() };
}

export function times(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
