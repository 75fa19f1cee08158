import { fault } from '@frameio-auth/testing';
import { expect, it } from 'vitest';
import { errorOf, isSettled, LIFETIME, reaches, startWorld } from './world.js';

it('lets a caller go who aborts, with the reason of the signal, and leaves the request to the others', async () => {
  const { server, service } = await startWorld();
  const auth = service();
  const held = fault.held();
  server.faults.next('token', held);
  const abortion = new AbortController();
  const leaving = errorOf(auth.getToken({ signal: abortion.signal }));
  const staying = auth.getToken();
  await held.reached;
  const reason = new Error('The page was closed');
  abortion.abort(reason);
  expect(await leaving).toBe(reason);
  expect(await isSettled(staying)).toBe(false);
  held.release();
  expect(server.accessTokenIsLive(await staying)).toBe(true);
  expect(server.count({ endpoint: 'token' })).toBe(1);
});

it('finishes the request although all callers have aborted', async () => {
  const { server, service } = await startWorld();
  const auth = service();
  const held = fault.held();
  server.faults.next('token', held);
  const abortions = Array.from({ length: 10 }, () => new AbortController());
  const leaving = abortions.map(({ signal }) => errorOf(auth.getToken({ signal })));
  await held.reached;
  for (const abortion of abortions) abortion.abort();
  for (const error of await Promise.all(leaving)) expect(error.name).toBe('AbortError');
  held.release();
  await reaches(auth, 'valid.fresh');
  expect(server.accessTokenIsLive(await auth.getToken())).toBe(true);
  expect(server.count({ endpoint: 'token' })).toBe(1);
});

it('rejects a caller with an aborted signal, even if a token is available, and sends no request', async () => {
  const { server, service } = await startWorld();
  const reason = new Error('Too late');
  const signal = AbortSignal.abort(reason);
  const cold = service();
  expect(await errorOf(cold.getToken({ signal }))).toBe(reason);
  expect([cold.snapshot.state, server.count()]).toEqual(['restoring', 0]);
  await cold.getToken();
  expect(await errorOf(cold.getToken({ signal }))).toBe(reason);
  expect(server.count()).toBe(1);
});

it('lets a caller go who aborts while the rejected token is looked up', async () => {
  const { server, signedIn } = await startWorld();
  const auth = await signedIn();
  const rejected = await auth.getToken();
  const held = fault.held();
  server.faults.next('token', held);
  const abortion = new AbortController();
  const reason = new Error('Never mind');
  const leaving = errorOf(auth.getToken({ rejected, signal: abortion.signal }));
  abortion.abort(reason);
  expect(await leaving).toBe(reason);
  held.release();
});

it('lets go of a signal when the caller is served', async () => {
  const { clock, service } = await startWorld();
  const auth = service();
  const listeners = { added: 0, removed: 0 };
  const { signal } = new AbortController();
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  Object.assign(signal, {
    addEventListener: (...listener: Parameters<typeof add>) => {
      listeners.added += 1;
      add(...listener);
    },
    removeEventListener: (...listener: Parameters<typeof remove>) => {
      listeners.removed += 1;
      remove(...listener);
    },
  });
  await auth.getToken({ signal });
  clock.setNow(clock.now() + LIFETIME);
  await auth.getToken({ signal });
  await auth.getToken({ signal });
  expect(listeners).toEqual({ added: 2, removed: 2 });
});
