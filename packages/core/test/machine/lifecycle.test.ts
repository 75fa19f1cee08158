import { describe, expect, it } from 'vitest';
import type { SessionInput } from '../../src/machine/context.js';
import type { Effect } from '../../src/machine/effects.js';
import { policy } from '../../src/machine/policy.js';
import { failures, HOUR, MINUTE, REFRESH_BUFFER, record, SECOND, SERVICE, START, tokens, USER } from './fixtures.js';
import { TestSession } from './test-session.js';

const user = (input: Partial<SessionInput> = {}) => new TestSession({ ...USER, ...input });
const service = (input: Partial<SessionInput> = {}) => new TestSession({ ...SERVICE, ...input });

const refused = { type: 'tokenRequest.failed', failure: failures.refused } as const;
const unreachable = { type: 'tokenRequest.failed', failure: failures.unreachable } as const;
const busy = { type: 'tokenRequest.failed', failure: failures.busy } as const;
const lost = { type: 'tokenRequest.failed', failure: failures.lost } as const;
const misconfigured = { type: 'tokenRequest.failed', failure: failures.misconfigured } as const;
const storageFailed = { type: 'storage.failed', failure: failures.storage } as const;
const asked = { type: 'token.requested' } as const;
const granted = { type: 'lease.granted', abandoned: false } as const;
const written = (version: number) => ({ type: 'commit.succeeded', version }) as const;

/** A user's session with a new token pair that the storage did not accept. */
const unsaved = (input: Partial<SessionInput> = {}) =>
  user(input).opensFresh().asksServer().receives().send(storageFailed);

const rejected = (session: TestSession) => session.effect('rejectCallers').rejection;
const stateOf = ({ state, context }: TestSession) => ({ state, context });

describe('a session that opens', () => {
  it('does nothing before it is used', () => {
    const session = user();
    expect(session.state).toBe('restoring.unread');
    expect(session.context).toMatchObject({ tokens: null, version: 0, requested: false });
  });

  it('reads the record first, once for all callers', () => {
    const session = user().send(asked);
    expect(session.effects).toEqual([{ type: 'readRecord', params: undefined }]);
    expect(session.send(asked).send({ type: 'session.opened' }).effects).toEqual([]);
  });

  it('serves the fresh tokens that the record has', () => {
    const session = user()
      .send(asked)
      .send({ type: 'record.read', record: record.holding(7, tokens(START)) });
    expect(session.state).toBe('valid.fresh');
    expect(session.effectNames).toEqual(['adoptTokens', 'serveCallers', 'startTimer']);
    expect(session.effect('adoptTokens')).toEqual({ from: 'record' });
    expect(session.context).toMatchObject({ version: 7, tokens: tokens(START), requested: false });
  });

  it('serves tokens that are due at once, and refreshes them meanwhile', () => {
    const facts = tokens(START - HOUR + MINUTE);
    const session = user()
      .send(asked)
      .send({ type: 'record.read', record: record.holding(7, facts) });
    expect(session.state).toBe('refreshing.leasing');
    expect(session.effectNames).toEqual(['adoptTokens', 'serveCallers', 'requestLease']);
  });

  it('refreshes expired tokens when a caller requests one, and not before', () => {
    const facts = record.holding(7, tokens(START - 2 * HOUR));
    const wanted = user().send(asked).send({ type: 'record.read', record: facts });
    expect(wanted.state).toBe('refreshing.leasing');
    expect(wanted.effectNames).toEqual(['adoptTokens', 'requestLease']);
    expect(user().opensWith(facts).state).toBe('valid.due');
  });

  it('rejects with `not_authenticated` if there is no record', () => {
    const session = user().send(asked).send({ type: 'record.read', record: record.absent });
    expect(session.state).toBe('unauthenticated');
    expect(rejected(session)).toEqual({ reason: 'not_authenticated' });
  });

  it('without tokens reads the record again for each caller, because the hint of a sign-in may be lost', () => {
    for (const [facts, rejection] of [
      [record.absent, { reason: 'not_authenticated' }],
      [record.revoked(7), { reason: 'revoked' }],
    ] as const) {
      for (const request of [asked, { type: 'refresh.requested' }] as const) {
        const session = user().opensWith(facts);
        expect(session.send(request).effectNames).toEqual(['readRecord']);
        expect(session.send(request).effects).toEqual([]);
        expect(rejected(session.send({ type: 'record.read', record: facts }))).toEqual(rejection);

        expect(session.send(request).effectNames).toEqual(['readRecord']);
        expect(rejected(session.send(storageFailed))).toMatchObject({
          reason: 'failed',
          failure: { source: 'storage' },
        });

        session.send(request).send({ type: 'record.read', record: record.holding(8, tokens(START)) });
        expect(session.state).toBe('valid.fresh');
        expect(session.effectNames).toContain('serveCallers');
      }
    }
  });

  it('rejects callers with the reason from a tombstone', () => {
    const ended = user()
      .send(asked)
      .send({ type: 'record.read', record: record.expired(7) });
    expect(ended.state).toBe('expired');
    expect(rejected(ended)).toMatchObject({ reason: 'ended', ending: { cause: 'refresh_token_rejected' } });
    const revoked = user()
      .send(asked)
      .send({ type: 'record.read', record: record.revoked(7) });
    expect(revoked.state).toBe('revoked');
    expect(rejected(revoked)).toEqual({ reason: 'revoked' });
  });

  it('ends at once if the tokens have expired and cannot be refreshed', () => {
    const session = user().opensWith(record.holding(7, tokens(START - 2 * HOUR, { refreshable: false })));
    expect(session.state).toBe('expired');
    expect(session.context).toMatchObject({ tokens: null, ending: { cause: 'access_token_expired', failure: null } });
    expect(session.effectNames).toContain('forgetTokens');
  });

  it('reports the failed storage, and reads again for the next caller', () => {
    const session = user().send(asked).send(storageFailed);
    expect(session.state).toBe('restoring.unread');
    expect(rejected(session)).toEqual({ reason: 'failed', failure: failures.storage });
    expect(session.send(asked).effectNames).toEqual(['readRecord']);
  });

  it.each(['request', 'fail'] as const)(
    'never says that a user is not signed in because the storage failed (without storage: %s)',
    (onStorageUnavailable) => {
      const session = user({ onStorageUnavailable }).send(asked).send(storageFailed);
      expect(session.state).toBe('restoring.unread');
      expect(rejected(session)).toEqual({ reason: 'failed', failure: failures.storage });
    },
  );
});

describe('a service', () => {
  it('starts cold: requests the lease, then tokens, writes them, and only then serves them', () => {
    const session = service().send(asked).send({ type: 'record.read', record: record.absent });
    expect(session.state).toBe('authorizing.leasing');
    expect(session.effect('requestLease')).toEqual({ ifVersion: 0 });

    session.send(granted);
    expect(session.effect('requestToken')).toEqual({ grant: 'client_credentials' });

    session.receives();
    expect(session.effectNames).toEqual(['stopTimer', 'holdTokens', 'commitTokens']);
    expect(session.effect('commitTokens')).toEqual({ expectedVersion: 0 });

    session.send(written(1));
    expect(session.state).toBe('valid.fresh');
    expect(session.effectNames).toEqual(
      expect.arrayContaining(['adoptTokens', 'announceTokens', 'serveCallers', 'startTimer']),
    );
    expect(session.context).toMatchObject({ version: 1, requested: false, held: null });
  });

  it('requests nothing before a caller needs a token', () => {
    expect(service().opensWith(record.absent).state).toBe('unauthenticated');
  });

  it('requests tokens again after a revocation or the end of its session', () => {
    expect(service().opensWith(record.revoked(3)).send(asked).effect('requestLease')).toEqual({ ifVersion: 3 });
    expect(service().opensWith(record.expired(3)).send(asked).effect('requestLease')).toEqual({ ifVersion: 3 });
  });

  it('adopts the token of a faster instance without announcing it', () => {
    const session = service().send(asked).send({ type: 'record.read', record: record.absent }).send(granted).receives();
    const winner = record.holding(1, tokens(START));
    session.send({ type: 'commit.conflicted', record: winner });
    expect(session.state).toBe('valid.fresh');
    expect(session.effectNames).toContain('serveCallers');
    expect(session.effectNames).not.toContain('announceTokens');
    expect(session.effectNames).not.toContain('revokeTokens');
  });

  it('requests its own token while the storage is down', () => {
    const session = service().send(asked).send(storageFailed).send(storageFailed);
    expect(session.state).toBe('authorizing.requesting');
    session.receives().send(storageFailed);
    expect(session.state).toBe('valid.unsaved');
    expect(session.effectNames).toContain('serveCallers');
  });

  it('waits for the storage instead, if configured to', () => {
    const session = service({ onStorageUnavailable: 'fail' }).opensWith(record.absent).send(asked).send(storageFailed);
    expect(session.state).toBe('authorizing.backingOff');
    expect(session.effectNames).not.toContain('rejectCallers');
    expect(session.send({ type: 'retryTimer.elapsed' }).state).toBe('authorizing.leasing');
  });
});

describe('a refresh', () => {
  it('starts when the timer elapses, if the token was used', () => {
    const session = user().opensFresh();
    const { notBefore, notAfter } = session.effect('startTimer');
    expect({ notBefore, notAfter }).toEqual({
      notBefore: START + HOUR - REFRESH_BUFFER,
      notAfter: START + HOUR - REFRESH_BUFFER / 2,
    });
    session.after(notBefore - START).send({ type: 'refreshTimer.elapsed', used: true });
    expect(session.state).toBe('refreshing.leasing');
    expect(session.effect('requestLease')).toEqual({ ifVersion: 7 });
  });

  it('waits for the next caller if no caller used the token', () => {
    const session = user()
      .opensFresh()
      .after(HOUR - MINUTE)
      .send({ type: 'refreshTimer.elapsed', used: false });
    expect(session.state).toBe('valid.due');
    expect(session.effects).toEqual([{ type: 'stopTimer', params: { timer: 'refresh' } }]);
    expect(session.after(HOUR).send(asked).state).toBe('refreshing.leasing');
  });

  it('is shared by all callers while it is in progress', () => {
    const session = user().opensFresh().asksServer();
    for (const type of ['token.requested', 'refresh.requested', 'token.rejected'] as const) {
      session.send({ type });
      expect(session.state).toBe('refreshing.requesting');
      expect(session.effects).toEqual([]);
    }
  });

  it('sends the refresh token under the lease, writes the response, and then serves it', () => {
    const session = user().opensFresh().asksServer();
    expect(session.effect('requestToken')).toEqual({ grant: 'refresh_token' });
    session.after(SECOND).receives();
    expect(session.context).toMatchObject({ tokens: tokens(START), held: tokens(START + SECOND) });
    expect(session.effect('commitTokens')).toEqual({ expectedVersion: 7 });
    session.send(written(8));
    expect(session.context).toMatchObject({ version: 8, tokens: tokens(START + SECOND), held: null });
    expect(session.effect('adoptTokens')).toEqual({ from: 'held' });
  });

  it('renews its lease until the response arrives, however long that takes', () => {
    const session = user().opensFresh().asksServer();
    for (let minute = 0; minute < 3; minute += 1) {
      session.after(policy.leaseRenewal).send({ type: 'leaseTimer.elapsed' });
      expect(session.effectNames).toEqual(['renewLease', 'startTimer']);
      expect(session.effect('startTimer')).toEqual({
        timer: 'lease',
        notBefore: session.now + policy.leaseRenewal,
        notAfter: session.now + policy.leaseRenewal,
      });
    }
    expect(session.state).toBe('refreshing.requesting');
  });

  it('adopts the tokens of another instance without a request', () => {
    const session = user().opensFresh().send({ type: 'refresh.requested' });
    session.send({ type: 'lease.moved', record: record.holding(8, tokens(START + SECOND)) });
    expect(session.state).toBe('valid.fresh');
    expect(session.context.version).toBe(8);
    expect(session.effectNames).not.toContain('requestToken');
    expect(session.effectNames).toContain('serveCallers');
  });

  it('waits for the lease holder, and reads again after a hint or a while without one', () => {
    const session = user().opensFresh().send({ type: 'refresh.requested' });
    session.send({ type: 'lease.held', until: START + 30 * SECOND });
    expect(session.state).toBe('refreshing.waiting');
    expect(session.effect('startTimer')).toEqual({
      timer: 'poll',
      notBefore: START + policy.poll.notBefore,
      notAfter: START + policy.poll.notAfter,
    });
    expect(session.send({ type: 'record.changed', version: 7 }).effectNames).toEqual(['stopTimer', 'requestLease']);
    session
      .send({ type: 'lease.held', until: START + 30 * SECOND })
      .after(SECOND)
      .send({ type: 'pollTimer.elapsed' });
    expect(session.state).toBe('refreshing.leasing');
  });

  it('drops its tokens for those that another instance wrote first', () => {
    const session = user().opensFresh().asksServer().receives();
    session.send({ type: 'commit.conflicted', record: record.holding(8, tokens(START + SECOND)) });
    expect(session.state).toBe('valid.fresh');
    expect(session.context).toMatchObject({ version: 8, tokens: tokens(START + SECOND), held: null });
  });

  it('overwrites a tombstone, because its tokens disprove it', () => {
    const session = user().opensFresh().asksServer().receives();
    session.send({ type: 'commit.conflicted', record: record.expired(8) });
    expect(session.state).toBe('refreshing.committing');
    expect(session.effect('commitTokens')).toEqual({ expectedVersion: 8 });
  });

  it('revokes and drops its new tokens if the session was revoked meanwhile', () => {
    const session = user().opensFresh().asksServer().receives();
    session.send({ type: 'commit.conflicted', record: record.revoked(8) });
    expect(session.state).toBe('revoked');
    expect(session.effectNames.slice(0, 2)).toEqual(['revokeTokens', 'adoptTokens']);
    expect(session.effect('revokeTokens')).toEqual({ which: 'held' });
    expect(rejected(session)).toEqual({ reason: 'revoked' });
    expect(session.context).toMatchObject({ tokens: null, held: null });
  });

  it('writes the record again if the storage lost it', () => {
    const session = user().opensFresh().send({ type: 'refresh.requested' });
    session.send({ type: 'lease.moved', record: record.absent });
    expect(session.state).toBe('refreshing.leasing');
    expect(session.effect('requestLease')).toEqual({ ifVersion: 0 });
    expect(session.context.tokens).toEqual(tokens(START));
    expect(session.send(granted).receives().effect('commitTokens')).toEqual({ expectedVersion: 0 });
  });

  it('writes the record again if the storage lost it during the request', () => {
    const session = user()
      .opensFresh()
      .asksServer()
      .receives()
      .send({ type: 'commit.conflicted', record: record.absent });
    expect(session.effect('commitTokens')).toEqual({ expectedVersion: 0 });
  });

  it('is rejected without a refresh token, and the access token is still served', () => {
    const session = user().opensFresh({ refreshable: false }).send({ type: 'refresh.requested' });
    expect(session.state).toBe('valid.fresh');
    expect(rejected(session)).toMatchObject({ reason: 'failed', failure: { code: 'no_refresh_token' } });
  });

  it('serves a token that has expired on arrival, instead of requesting tokens forever', () => {
    const session = user()
      .opensWith(record.holding(7, tokens(START - 2 * HOUR)))
      .send(asked)
      .send(granted);
    session.receives({ expiresAt: START }).send(written(8));
    expect(session.state).toBe('valid.due');
    expect(session.effectNames).toContain('serveCallers');
    expect(session.effectNames).not.toContain('requestLease');
  });
});

describe('a token that an API rejected with 401', () => {
  it('is refreshed within the same minute once it has expired, such as after a late response', () => {
    const session = user().opensFresh().send({ type: 'token.rejected' }).send(granted);
    session.receives({ expiresAt: session.now + SECOND }).send(written(8));
    session.after(2 * SECOND).send({ type: 'token.rejected' });
    expect(session.state).toBe('refreshing.leasing');
    expect(session.effectNames).not.toContain('serveCallers');
  });

  it('is refreshed early, once a minute', () => {
    const session = user().opensFresh().after(MINUTE).send({ type: 'token.rejected' });
    expect(session.state).toBe('refreshing.leasing');
    expect(session.context).toMatchObject({ suspect: true, forcedAt: session.now });
    session.send(granted).receives().send(written(8));
    expect(session.context.suspect).toBe(false);

    session.after(policy.forcedRenewalInterval - 1).send({ type: 'token.rejected' });
    expect(session.state).toBe('valid.fresh');
    expect(session.effectNames).toEqual(['serveCallers']);

    session.after(1).send({ type: 'token.rejected' });
    expect(session.state).toBe('refreshing.leasing');
  });

  it('is served again if its refresh failed', () => {
    const session = user().opensFresh().send({ type: 'token.rejected' }).send(granted).send(misconfigured);
    expect(session.context.suspect).toBe(false);
    session.after(MINUTE).send({ type: 'retryTimer.elapsed' });
    expect(session.state).toBe('valid.fresh');
  });

  it('ends a session that cannot be refreshed', () => {
    const session = user().opensFresh({ refreshable: false }).send({ type: 'token.rejected' });
    expect(session.state).toBe('expired');
    expect(rejected(session)).toEqual({ reason: 'ended', ending: { cause: 'access_token_rejected', failure: null } });
    expect(session.effectNames).not.toContain('commitTombstone');
  });

  it('is refreshed once a minute even while the storage is down', () => {
    const session = unsaved({ onStorageUnavailable: 'request' }).send({ type: 'token.rejected' });
    expect(session.state).toBe('refreshing.leasing');
    session.send(storageFailed).receives().send(storageFailed);
    expect(session.state).toBe('valid.unsaved');
    expect(session.send({ type: 'token.rejected' }).effectNames).toEqual(['serveCallers']);
  });
});

describe('a refresh token that the server rejects', () => {
  it('ends the session for all instances', () => {
    const session = user().opensFresh().asksServer().send(refused);
    expect(session.state).toBe('refreshing.writingTombstone');
    expect(session.effect('commitTombstone')).toEqual({
      expectedVersion: 7,
      tombstone: {
        status: 'expired',
        ending: { cause: 'refresh_token_rejected', failure: failures.refused },
        ofVersion: 7,
      },
    });
    expect(session.context.tokens).toEqual(tokens(START));

    session.send(written(8));
    expect(session.state).toBe('expired');
    expect(session.effectNames).toEqual(['forgetTokens', 'rejectCallers']);
    expect(rejected(session)).toMatchObject({ reason: 'ended', ending: { cause: 'refresh_token_rejected' } });
    expect(session.context).toMatchObject({ version: 8, tokens: null });
    session.send(asked).send({ type: 'record.read', record: record.expired(8) });
    expect(rejected(session)).toMatchObject({ reason: 'ended' });
  });

  it('is ignored if another instance has a newer one', () => {
    const session = user().opensFresh().asksServer().send(refused);
    session.send({ type: 'commit.conflicted', record: record.holding(8, tokens(START + SECOND)) });
    expect(session.state).toBe('valid.fresh');
    expect(session.context).toMatchObject({ version: 8, ending: null, tokens: tokens(START + SECOND) });
    expect(session.effectNames).toContain('serveCallers');
  });

  it('does not end the session while the storage cannot tell whether it is the newest', () => {
    const session = user().opensFresh().asksServer().send(refused).send(storageFailed);
    expect(session.state).toBe('refreshing.backingOff');
    expect(session.context).toMatchObject({ ending: null, tokens: tokens(START) });
    expect(rejected(session)).toEqual({ reason: 'failed', failure: failures.storage });
  });

  it('ends the session although the storage lost its record', () => {
    const session = user().opensFresh().asksServer().send(refused);
    session.send({ type: 'commit.conflicted', record: record.absent });
    expect(session.state).toBe('refreshing.writingTombstone');
    expect(session.effect('commitTombstone')).toMatchObject({ expectedVersion: 0, tombstone: { status: 'expired' } });
    expect(session.send(written(1)).state).toBe('expired');
    expect(rejected(session)).toMatchObject({ reason: 'ended', ending: { cause: 'refresh_token_rejected' } });
  });

  it('has the cause `refresh_token_rejected` if only the storage timed out', () => {
    const session = user().opensFresh().send({ type: 'refresh.requested' });
    session.send({ type: 'storage.failed', failure: { ...failures.storage, kind: 'ambiguous' } });
    expect(session.context.possiblySpent).toBe(false);
  });

  it('has its own cause if the user must act', () => {
    const session = user().opensFresh().asksServer();
    session.send({ type: 'tokenRequest.failed', failure: failures.userMustAct }).send(written(8));
    expect(session.context.ending).toEqual({ cause: 'user_action_required', failure: failures.userMustAct });
  });

  it('has the cause `refresh_interrupted` after a lost response', () => {
    const session = user().opensFresh().asksServer().send(lost);
    expect(session.state).toBe('refreshing.leasing');
    expect(session.effectNames).toEqual(['stopTimer', 'requestLease']);
    session.send(granted).send(refused).send(written(8));
    expect(session.context.ending).toMatchObject({ cause: 'refresh_interrupted' });
  });

  it('has the cause `refresh_interrupted` after an abandoned lease', () => {
    const session = user().opensFresh().asksServer({ abandoned: true }).send(refused).send(written(8));
    expect(session.context.ending).toMatchObject({ cause: 'refresh_interrupted' });
  });

  it('has the cause `refresh_token_rejected` if the lost response was for the token before it', () => {
    const session = user().opensFresh().asksServer().send(lost).send(granted).receives().send(written(8));
    session.asksServer().send(refused).send(written(9));
    expect(session.context.ending).toMatchObject({ cause: 'refresh_token_rejected' });
  });
});

describe('a request without a response', () => {
  it('is retried once immediately, under a new lease', () => {
    const session = user().opensFresh().asksServer().send(lost);
    expect(session.effect('requestLease')).toEqual({ ifVersion: 7 });
    session.send(granted);
    expect(session.effect('requestToken')).toEqual({ grant: 'refresh_token' });
    session.send(lost);
    expect(session.state).toBe('refreshing.backingOff');
    expect(session.effectNames).not.toContain('requestToken');
  });

  it('is not retried if another instance has refreshed meanwhile, or is about to', () => {
    const session = user().opensFresh().asksServer().send(lost);
    expect(session.send({ type: 'lease.held', until: START + MINUTE }).state).toBe('refreshing.waiting');
    expect(session.send({ type: 'record.changed', version: 8 }).state).toBe('refreshing.leasing');
    session.send({ type: 'lease.moved', record: record.holding(8, tokens(START + SECOND)) });
    expect(session.state).toBe('valid.fresh');
    expect(session.effectNames).not.toContain('requestToken');
  });

  it('is retried immediately again under the next lease', () => {
    const session = user().opensFresh().asksServer().send(lost).send(granted).send(lost);
    session.after(SECOND).send({ type: 'retryTimer.elapsed' }).send(granted).send(lost);
    expect(session.state).toBe('refreshing.leasing');
  });
});

describe('a sign-in that was written, but without a response', () => {
  const signedIn = (signIn: string) => {
    const session = user().opensFresh().send({ type: 'code.received' });
    return session.receives({ signIn }).send(storageFailed).after(SECOND).send({ type: 'retryTimer.elapsed' });
  };

  it('yields to what another instance wrote after it', () => {
    const session = signedIn('one');
    session.send({ type: 'commit.conflicted', record: record.holding(9, tokens(START + SECOND, { signIn: 'one' })) });
    expect(session.state).toBe('valid.fresh');
    expect(session.context.version).toBe(9);
    expect(session.effectNames).not.toContain('commitTokens');
  });

  it('yields to its revocation by another instance, and revokes its tokens at the server', () => {
    const session = signedIn('one');
    session.send({ type: 'commit.conflicted', record: record.revoked(9, 'one') });
    expect(session.state).toBe('revoked');
    expect(session.effect('revokeTokens')).toEqual({ which: 'unwritten' });
    expect(session.effectNames).not.toContain('commitTokens');
  });

  it('replaces the revocation of another sign-in before it', () => {
    for (const tombstone of [record.revoked(9, 'other'), record.revoked(9)]) {
      const session = signedIn('one');
      session.send({ type: 'commit.conflicted', record: tombstone });
      expect(session.effect('commitTokens')).toEqual({ expectedVersion: 9 });
    }
  });

  it('replaces the tokens of an earlier sign-in', () => {
    const session = signedIn('one');
    session.send({ type: 'commit.conflicted', record: record.holding(9, tokens(START + SECOND, { signIn: 'other' })) });
    expect(session.effect('commitTokens')).toEqual({ expectedVersion: 9 });
    const older = signedIn('one');
    older.send({ type: 'commit.conflicted', record: record.holding(9, tokens(START)) });
    expect(older.effect('commitTokens')).toEqual({ expectedVersion: 9 });
  });
});

describe('a transient failure', () => {
  it('keeps the lease if the refresh token may be spent, so that the next holder learns of it', () => {
    const session = user().opensFresh().asksServer().send(lost).send(granted).send(lost);
    expect(session.effect('releaseLease')).toEqual({ spent: true });
    const alive = user().opensFresh().asksServer().send(unreachable);
    expect(alive.effect('releaseLease')).toEqual({ spent: false });
  });

  it('releases the lease and retries with backoff', () => {
    const session = user().opensFresh().asksServer();
    const windows: Effect[] = [];
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      session.send(unreachable);
      expect(session.state).toBe('refreshing.backingOff');
      expect(session.effectNames).toContain('releaseLease');
      windows.push(...session.effects.filter(({ type }) => type === 'startTimer'));
      session.send(asked).after(MINUTE).send({ type: 'retryTimer.elapsed' }).send(granted);
    }
    const waits = windows.map((effect) =>
      effect.type === 'startTimer' ? effect.params.notAfter - effect.params.notBefore : undefined,
    );
    expect(waits).toEqual([SECOND, 2 * SECOND, 4 * SECOND]);
  });

  it('lets callers wait for two attempts, and rejects them with the third', () => {
    const session = user().opensFresh().asksServer();
    for (const _ of [1, 2]) {
      session.send(unreachable);
      expect(session.effectNames).not.toContain('rejectCallers');
      expect(session.send(asked).effects).toEqual([]);
      session
        .after(10 * SECOND)
        .send({ type: 'retryTimer.elapsed' })
        .send(granted);
    }
    session.send(unreachable);
    expect(rejected(session)).toEqual({ reason: 'failed', failure: failures.unreachable });
    expect(rejected(session.send(asked))).toEqual({ reason: 'failed', failure: failures.unreachable });
  });

  it('rests with the tokens kept if no caller has asked since', () => {
    const session = user()
      .opensFresh()
      .asksServer()
      .send(busy)
      .after(5 * MINUTE)
      .send({ type: 'retryTimer.elapsed' });
    expect(session.state).toBe('valid.fresh');
    expect(session.context).toMatchObject({ tokens: tokens(START), attempt: 1, failure: failures.busy });
  });

  it('is retried after the pause if a caller asked meanwhile, although that caller was rejected', () => {
    const session = user().opensFresh().asksServer().send(busy);
    expect(rejected(session.send(asked))).toEqual({ reason: 'failed', failure: failures.busy });
    expect(session.after(5 * MINUTE).send({ type: 'retryTimer.elapsed' }).state).toBe('refreshing.leasing');
  });

  it('waits as long as the server says, whatever callers request (RFC 9110 §10.2.3)', () => {
    const session = user().opensFresh().asksServer().send(busy);
    expect(session.effect('startTimer')).toEqual({
      timer: 'retry',
      notBefore: START + failures.busy.retryAfter,
      notAfter: START + failures.busy.retryAfter + SECOND,
    });
    expect(rejected(session)).toEqual({ reason: 'failed', failure: failures.busy });
    expect(rejected(session.send({ type: 'refresh.requested' }))).toEqual({ reason: 'failed', failure: failures.busy });
    expect(session.state).toBe('refreshing.backingOff');
  });

  it('waits at most an hour, whatever the server says', () => {
    const failure = { ...failures.busy, retryAfter: 24 * HOUR };
    const session = user().opensFresh().asksServer().send({ type: 'tokenRequest.failed', failure });
    expect(session.effect('startTimer')).toMatchObject({ notBefore: START + HOUR, notAfter: START + HOUR + SECOND });
  });

  it('is retried at once for refresh(), if the server did not set the pause', () => {
    const session = user().opensFresh().asksServer().send(unreachable).send({ type: 'refresh.requested' });
    expect(session.state).toBe('refreshing.leasing');
    expect(session.effectNames).toEqual(['stopTimer', 'requestLease']);
  });

  it('ends when another instance refreshes', () => {
    const session = user().opensFresh().asksServer().send(unreachable).send({ type: 'record.changed', version: 8 });
    expect(session.effectNames).toEqual(['readRecord']);
    session.send({ type: 'record.read', record: record.holding(8, tokens(START + SECOND)) });
    expect(session.state).toBe('valid.fresh');
    expect(session.effectNames).toContain('serveCallers');
    expect(session.context).toMatchObject({ attempt: 0, failure: null, retryAt: null });
  });
});

describe('a configuration that the server rejects', () => {
  it('keeps the tokens, rejects callers at once, and pauses', () => {
    const session = user().opensFresh().asksServer().send(misconfigured);
    expect(session.state).toBe('refreshing.backingOff');
    expect(session.context.tokens).toEqual(tokens(START));
    expect(rejected(session)).toEqual({ reason: 'failed', failure: failures.misconfigured });
    expect(session.effect('startTimer')).toEqual({
      timer: 'retry',
      notBefore: START + policy.longPause.notBefore,
      notAfter: START + policy.longPause.notAfter,
    });
    expect(session.effectNames).not.toContain('commitTombstone');
  });

  it('rejects the callers of a service at once too, and ends no session', () => {
    for (const failure of [failures.misconfigured, failures.refused]) {
      const session = service().opensWith(record.absent).send(asked).send(granted);
      session.send({ type: 'tokenRequest.failed', failure });
      expect(session.state).toBe('authorizing.backingOff');
      expect(rejected(session)).toEqual({ reason: 'failed', failure });
      expect(session.after(MINUTE).send({ type: 'retryTimer.elapsed' }).state).toBe('unauthenticated');
    }
  });
});

describe('new tokens that cannot be written', () => {
  it('are served from memory, and the write is retried until it succeeds', () => {
    const session = unsaved();
    expect(session.state).toBe('valid.unsaved');
    expect(session.effectNames).toEqual([
      'adoptTokens',
      'announceTokens',
      'confirmSignIn',
      'serveCallers',
      'startTimer',
    ]);
    expect(session.context).toMatchObject({ version: 7, failure: failures.storage, attempt: 1 });

    session.after(SECOND).send({ type: 'retryTimer.elapsed' });
    expect(session.effect('commitTokens')).toEqual({ expectedVersion: 7 });
    session.send(storageFailed);
    expect(session.context.attempt).toBe(2);
    expect(session.effect('startTimer')).toMatchObject({ timer: 'retry', notAfter: session.now + 2 * SECOND });

    session
      .after(2 * SECOND)
      .send({ type: 'retryTimer.elapsed' })
      .send(written(8));
    expect(session.state).toBe('valid.fresh');
    expect(session.context).toMatchObject({ version: 8, failure: null, attempt: 0 });
    expect(session.effectNames).not.toContain('announceTokens');
  });

  it('yield to those that another instance wrote', () => {
    const session = unsaved().send({ type: 'retryTimer.elapsed' });
    session.send({ type: 'commit.conflicted', record: record.holding(8, tokens(START + SECOND)) });
    expect(session.state).toBe('valid.fresh');
    expect(session.context.tokens).toEqual(tokens(START + SECOND));
  });

  it('overwrite a tombstone, because they disprove it', () => {
    const session = unsaved().send({ type: 'retryTimer.elapsed' });
    session.send({ type: 'commit.conflicted', record: record.expired(8) });
    expect(session.state).toBe('valid.unsaved');
    expect(session.effect('commitTokens')).toEqual({ expectedVersion: 8 });
  });

  it('stay marked as unwritten, whatever else fails meanwhile', () => {
    const reckless = () => unsaved({ onStorageUnavailable: 'request' }).send({ type: 'refresh.requested' });
    const pause = HOUR / 2;
    const stories = [
      unsaved().send({ type: 'code.received' }).send(refused),
      reckless().send(storageFailed).send(misconfigured).after(pause).send({ type: 'retryTimer.elapsed' }),
      reckless().send(granted).send(busy).after(pause).send({ type: 'retryTimer.elapsed' }),
    ];
    for (const session of stories) {
      expect(session.state).toBe('valid.unsaved');
      expect(session.send({ type: 'retryTimer.elapsed' }).effectNames).toEqual(['commitTokens']);
    }
  });

  it('are revoked at the server if the session was revoked meanwhile, wherever that is noticed', () => {
    const revoked = record.revoked(8);
    const reckless = () => unsaved({ onStorageUnavailable: 'request' }).send({ type: 'refresh.requested' });
    const stories = [
      unsaved().send({ type: 'retryTimer.elapsed' }).send({ type: 'commit.conflicted', record: revoked }),
      reckless().send({ type: 'lease.moved', record: revoked }),
      reckless().send(granted).send(busy).send({ type: 'record.read', record: revoked }),
    ];
    for (const session of stories) {
      expect(session.state).toBe('revoked');
      expect(session.effect('revokeTokens')).toEqual({ which: 'unwritten' });
      expect(session.effectNames.indexOf('revokeTokens')).toBeLessThan(session.effectNames.indexOf('adoptTokens'));
    }
  });

  it('disprove a tombstone even if it is read when they are due', () => {
    const session = unsaved({ onStorageUnavailable: 'request' }).send({ type: 'refresh.requested' });
    session.send({ type: 'lease.moved', record: record.expired(8) });
    expect(session.effect('requestLease')).toEqual({ ifVersion: 8 });
    session
      .send(granted)
      .send(busy)
      .send({ type: 'record.read', record: record.expired(9) });
    expect(session.state).toBe('refreshing.backingOff');
    expect(session.context).toMatchObject({ version: 9, tokens: tokens(START), ending: null });
  });

  it('are served until they expire; then callers get a StorageError', () => {
    const session = unsaved()
      .after(HOUR - 1)
      .send(asked);
    expect(session.effectNames).toEqual(['serveCallers']);
    expect(rejected(session.after(1).send(asked))).toEqual({ reason: 'failed', failure: failures.storage });
    expect(rejected(session.send({ type: 'refresh.requested' }))).toEqual({
      reason: 'failed',
      failure: failures.storage,
    });
    expect(rejected(session.send({ type: 'token.rejected' }))).toEqual({ reason: 'failed', failure: failures.storage });
  });

  it('are not refreshed before they are due, however often callers request them', () => {
    const session = unsaved({ onStorageUnavailable: 'request' }).send(asked);
    expect(session.state).toBe('valid.unsaved');
    expect(session.effectNames).toEqual(['serveCallers']);
  });

  it('are refreshed without the storage when they are due, if that is allowed', () => {
    const session = unsaved({ onStorageUnavailable: 'request' }).after(HOUR).send(asked);
    expect(session.state).toBe('refreshing.leasing');
    expect(session.send(storageFailed).effect('requestToken')).toEqual({ grant: 'refresh_token' });
  });

  it('are not refreshed without a refresh token', () => {
    const session = user({ onStorageUnavailable: 'request' }).opensWith(record.absent).send({ type: 'code.received' });
    session.receives({ refreshable: false }).send(storageFailed);
    expect(session.state).toBe('valid.unsaved');
    for (const type of ['token.requested', 'refresh.requested', 'token.rejected'] as const) {
      session.after(HOUR).send({ type });
      expect(session.effectNames).not.toContain('requestLease');
    }
  });
});

describe('a storage that went back to an earlier record', () => {
  const older = tokens(START - HOUR / 2);
  const earlier = [record.holding(6, older), record.expired(6), record.revoked(6), record.absent];
  const known = { tokens: tokens(START), ending: null, revoked: false };

  it.each(earlier)(
    'has none of it adopted: the newer tokens are refreshed from, and written over it ($status)',
    (facts) => {
      const session = user()
        .opensFresh()
        .send({ type: 'refresh.requested' })
        .send({ type: 'lease.moved', record: facts });
      expect(session.state).toBe('refreshing.leasing');
      expect(session.effectNames).toEqual(['requestLease']);
      expect(session.effect('requestLease')).toEqual({ ifVersion: facts.version });
      expect(session.context).toMatchObject(known);
      expect(session.send(granted).receives().effect('commitTokens')).toEqual({ expectedVersion: facts.version });
      expect(session.send(written(8)).context).toMatchObject({ version: 8, newest: 8, unwritten: null });
    },
  );

  it.each(earlier)('during the request takes the new tokens ($status)', (facts) => {
    const session = user().opensFresh().asksServer().after(SECOND).receives();
    session.send({ type: 'commit.conflicted', record: facts });
    expect(session.state).toBe('refreshing.committing');
    expect(session.effectNames).toEqual(['commitTokens']);
    expect(session.effect('commitTokens')).toEqual({ expectedVersion: facts.version });
    expect(session.send(written(8)).context.tokens).toEqual(tokens(START + SECOND));
  });

  it('during the request, and forward again, does not bring the spent token back', () => {
    const session = user().opensFresh().asksServer().after(SECOND).receives();
    session.send({ type: 'commit.conflicted', record: record.holding(6, older) });
    session.send({ type: 'commit.conflicted', record: record.holding(7, tokens(START)) });
    expect(session.effect('commitTokens')).toEqual({ expectedVersion: 7 });
    session.send({ type: 'commit.conflicted', record: record.holding(8, tokens(START + 2 * SECOND)) });
    expect(session.context).toMatchObject({ version: 8, tokens: tokens(START + 2 * SECOND), held: null });
  });

  it('further with each request is followed to the end', () => {
    const session = user().opensFresh().send({ type: 'refresh.requested' });
    for (const version of [5, 3, 2]) session.send({ type: 'lease.moved', record: record.holding(version, older) });
    session.send({ type: 'lease.moved', record: record.absent });
    expect(session.effect('requestLease')).toEqual({ ifVersion: 0 });
    expect(session.send(granted).effect('requestToken')).toEqual({ grant: 'refresh_token' });
  });

  it.each(earlier)('takes the tokens of a sign-in and of a service ($status)', (facts) => {
    for (const session of [
      user().opensFresh().send({ type: 'code.received' }),
      service().opensWith(record.revoked(7)).send(asked).send(granted),
    ]) {
      session.receives().send({ type: 'commit.conflicted', record: facts });
      expect(session.state).toBe('authorizing.committing');
      expect(session.effect('commitTokens')).toEqual({ expectedVersion: facts.version });
    }
  });

  it('gives a service no token from before its revocation', () => {
    const session = service().opensWith(record.revoked(7)).send(asked);
    session.send({ type: 'lease.moved', record: record.holding(6, older) });
    expect(session.state).toBe('authorizing.leasing');
    expect(session.effectNames).toEqual(['requestLease']);
  });

  it.each(earlier)('does not undo the rejection of the newer refresh token ($status)', (facts) => {
    const session = user().opensFresh().asksServer().send(refused).send({ type: 'commit.conflicted', record: facts });
    expect(session.state).toBe('refreshing.writingTombstone');
    expect(session.effect('commitTombstone')).toMatchObject({
      expectedVersion: facts.version,
      tombstone: { status: 'expired' },
    });
    expect(session.send(written(8)).state).toBe('expired');
  });

  it.each(earlier)('takes the unwritten tokens ($status)', (facts) => {
    const session = unsaved().send({ type: 'retryTimer.elapsed' }).send({ type: 'commit.conflicted', record: facts });
    expect(session.state).toBe('valid.unsaved');
    expect(session.effect('commitTokens')).toEqual({ expectedVersion: facts.version });
  });

  it.each(earlier)('is restored by an idle session that gets a hint ($status)', (facts) => {
    const hearing = (session: TestSession) =>
      session.send({ type: 'record.changed', version: facts.version }).send({ type: 'record.read', record: facts });
    const idle = user()
      .opensFresh()
      .after(HOUR - MINUTE)
      .send({ type: 'refreshTimer.elapsed', used: false });
    for (const session of [hearing(user().opensFresh()), hearing(idle)]) {
      expect(session.state).toBe('valid.unsaved');
      expect(session.context).toMatchObject({ ...known, unwritten: 'refresh_token' });
      expect(session.send(asked).effectNames).toEqual(['serveCallers']);
      session.after(SECOND).send({ type: 'retryTimer.elapsed' });
      expect(session.effect('commitTokens')).toEqual({ expectedVersion: facts.version });
      expect(session.send(written(8)).context).toMatchObject({ ...known, version: 8, unwritten: null });
    }
    const pausing = hearing(user().opensFresh().asksServer().send(busy));
    expect(pausing.state).toBe('refreshing.backingOff');
    expect(pausing.after(HOUR).send({ type: 'retryTimer.elapsed' }).state).toBe('valid.unsaved');
    pausing.after(HOUR).send({ type: 'retryTimer.elapsed' });
    expect(pausing.effect('commitTokens')).toEqual({ expectedVersion: facts.version });
  });

  it('keeps the newer tokens in memory: the tombstone of an instance with older ones does not concern them', () => {
    const session = user().opensFresh().send({ type: 'refresh.requested' });
    session.send({ type: 'lease.moved', record: record.holding(6, older) });
    session.send({ type: 'lease.held', until: START + MINUTE }).send({ type: 'record.changed', version: 8 });
    session.send({ type: 'lease.moved', record: record.expired(8) });
    expect(session.effect('requestLease')).toEqual({ ifVersion: 8 });
    expect(session.context).toMatchObject(known);
    expect(session.send(granted).send(refused).send(written(9)).state).toBe('expired');
  });

  it('does not undo a revocation: the returned tokens are revoked too', () => {
    const session = user().opensFresh().send({ type: 'revocation.requested' }).send({ type: 'revocation.finished' });
    session.send(written(8)).send({ type: 'record.changed', version: 7 });
    session.send({ type: 'record.read', record: record.holding(7, tokens(START)) });
    expect(session.state).toBe('revoking.requesting');
    expect(session.effect('revokeTokens')).toEqual({ which: 'served' });
    session.send({ type: 'revocation.finished' });
    expect(session.effect('commitTombstone')).toEqual({ expectedVersion: 7, tombstone: { status: 'revoked' } });
    expect(session.send(written(9)).state).toBe('revoked');
  });

  it('during a revocation has the returned tokens revoked as well', () => {
    const session = user().opensFresh().send({ type: 'revocation.requested' }).send({ type: 'revocation.finished' });
    session.send({ type: 'commit.conflicted', record: record.holding(6, older) });
    expect(session.state).toBe('revoking.requesting');
    expect(session.send({ type: 'revocation.finished' }).effect('commitTombstone')).toMatchObject({
      expectedVersion: 6,
    });
  });
});

describe('a tombstone of older tokens than those at hand', () => {
  const ofOlder = (version: number) => record.expired(version, 6);

  it('shows that the storage lost these, so they are written again', () => {
    const session = user().opensFresh().send({ type: 'record.changed', version: 9 });
    session.send({ type: 'record.read', record: ofOlder(9) });
    expect(session.state).toBe('valid.unsaved');
    expect(session.send({ type: 'retryTimer.elapsed' }).effect('commitTokens')).toEqual({ expectedVersion: 9 });
  });

  it('ends the session if it names the same version, or none', () => {
    for (const tombstone of [record.expired(9, 7), record.expired(9)]) {
      const session = user().opensFresh().send({ type: 'record.changed', version: 9 });
      expect(session.send({ type: 'record.read', record: tombstone }).state).toBe('expired');
    }
  });

  it('is replaced by a refresh', () => {
    const session = user().opensFresh().send({ type: 'refresh.requested' });
    session.send({ type: 'lease.moved', record: ofOlder(9) });
    expect(session.effect('requestLease')).toEqual({ ifVersion: 9 });
  });

  it('is not overwritten after hints of other versions, which may have replaced the tokens', () => {
    const session = user().opensFresh().send({ type: 'record.changed', version: 8 });
    session.send(storageFailed).send({ type: 'record.changed', version: 9 });
    expect(session.send({ type: 'record.read', record: ofOlder(9) }).effects).toEqual([]);
    expect(session.state).toBe('valid.fresh');
  });
});

describe('tokens that the storage lost during a server pause', () => {
  it('are written when the pause ends, without another pause', () => {
    const session = user().opensFresh().send({ type: 'refresh.requested' }).send(granted).send(busy);
    expect(session.state).toBe('refreshing.backingOff');
    session.send({ type: 'record.read', record: record.absent });
    session.after(2 * MINUTE).send({ type: 'retryTimer.elapsed' });
    expect(session.state).toBe('valid.unsaved');
    expect(session.effect('startTimer')).toEqual({ timer: 'retry', notBefore: session.now, notAfter: session.now });
  });
});

describe('a session with its storage down', () => {
  it('makes users wait for it, because unwritten tokens would sign the other instances out', () => {
    const session = user()
      .opensWith(record.holding(7, tokens(START - 2 * HOUR)))
      .send(asked);
    for (const _ of [1, 2]) {
      session.send(storageFailed);
      expect(session.state).toBe('refreshing.backingOff');
      expect(session.effectNames).not.toContain('rejectCallers');
      session.after(10 * SECOND).send({ type: 'retryTimer.elapsed' });
    }
    expect(rejected(session.send(storageFailed))).toEqual({ reason: 'failed', failure: failures.storage });
    expect(session.context.tokens).toEqual(tokens(START - 2 * HOUR));
  });

  it('lets a service request tokens without a lease', () => {
    const session = service().opensFresh().send({ type: 'refresh.requested' }).send(storageFailed);
    expect(session.state).toBe('refreshing.requesting');
    expect(session.effect('requestToken')).toEqual({ grant: 'client_credentials' });
  });
});

describe('a sign-in', () => {
  it('exchanges the code, writes the tokens, and serves them', () => {
    const session = user().opensWith(record.absent).send({ type: 'authorization.started' });
    expect(session.state).toBe('authorizing.awaitingRedirect');
    session.after(MINUTE).send({ type: 'code.received' });
    expect(session.effectNames).toEqual(['stopTimer', 'requestToken', 'startTimer']);
    expect(session.effect('requestToken')).toEqual({ grant: 'authorization_code' });
    session.receives().send(written(1));
    expect(session.state).toBe('valid.fresh');
    expect(session.effectNames).toEqual(expect.arrayContaining(['announceTokens', 'confirmSignIn']));
  });

  it('succeeds although its tokens cannot be written, because they are served anyway', () => {
    const session = user().opensWith(record.absent).send({ type: 'code.received' }).receives().send(storageFailed);
    expect(session.state).toBe('valid.unsaved');
    expect(session.effectNames).toEqual(expect.arrayContaining(['announceTokens', 'confirmSignIn']));
  });

  it('waits ten minutes for the user, counted from the last start, and keeps no caller waiting meanwhile', () => {
    const session = user().opensWith(record.absent).send({ type: 'authorization.started' });
    session.send(asked).send({ type: 'record.read', record: record.absent });
    expect(rejected(session)).toEqual({ reason: 'not_authenticated' });
    session.after(5 * MINUTE).send({ type: 'authorization.started' });
    expect(session.effect('startTimer')).toEqual({
      timer: 'authorization',
      notBefore: session.now + policy.authorizationTtl,
      notAfter: session.now + policy.authorizationTtl,
    });
    expect(session.after(10 * MINUTE).send({ type: 'authorizationTimer.elapsed' }).state).toBe('unauthenticated');
  });

  it('changes nothing if the user declines', () => {
    const fresh = user().opensWith(record.absent).send({ type: 'authorization.started' });
    expect(fresh.send({ type: 'authorization.denied' }).state).toBe('unauthenticated');
    const ended = user().opensWith(record.expired(7)).send({ type: 'authorization.started' });
    expect(ended.send({ type: 'authorization.denied' }).state).toBe('expired');
  });

  it('may complete although another instance started it, or its time is over', () => {
    for (const facts of [record.absent, record.expired(7), record.revoked(7)]) {
      expect(user().opensWith(facts).send({ type: 'code.received' }).state).toBe('authorizing.requesting');
    }
  });

  it('replaces the present tokens, and any that were written meanwhile', () => {
    const session = user().opensFresh().send({ type: 'authorization.started' });
    expect(session.state).toBe('valid.fresh');
    session.send({ type: 'code.received' }).after(SECOND).receives();
    for (const facts of [record.holding(8, tokens(START)), record.expired(9), record.revoked(10), record.absent]) {
      session.send({ type: 'commit.conflicted', record: facts });
      expect(session.effect('commitTokens')).toEqual({ expectedVersion: facts.version });
    }
    session.send(written(11));
    expect(session.context).toMatchObject({ version: 11, tokens: tokens(START + SECOND) });
  });

  it('that fails keeps the present tokens', () => {
    const session = user().opensFresh().send({ type: 'code.received' }).send(refused);
    expect(session.effect('rejectSignIn')).toEqual({ failure: failures.refused });
    expect(session.state).toBe('valid.fresh');
    expect(session.context).toMatchObject({ tokens: tokens(START), ending: null });
  });

  it('that fails does not affect callers: they get refreshed tokens', () => {
    const session = user().opensFresh().send({ type: 'code.received' }).after(HOUR).send(asked).send(refused);
    expect(session.state).toBe('refreshing.leasing');
    expect(session.effectNames).not.toContain('rejectCallers');
    expect(session.send(granted).receives().send(written(8)).effectNames).toContain('serveCallers');
  });

  it('that fails rejects callers with the reason why there is no token', () => {
    for (const [facts, rejection] of [
      [record.absent, { reason: 'not_authenticated' }],
      [record.revoked(7), { reason: 'revoked' }],
    ] as const) {
      const session = user().opensWith(facts).send({ type: 'code.received' }).send(asked).send(refused);
      expect(session.effect('rejectSignIn')).toEqual({ failure: failures.refused });
      expect(rejected(session)).toEqual(rejection);
    }
  });

  it('that fails ends the suspicion of the token that it kept from being refreshed', () => {
    const session = user().opensFresh().send({ type: 'token.rejected' });
    session
      .send({ type: 'lease.held', until: START + SECOND })
      .send({ type: 'code.received' })
      .send(refused);
    expect(session.state).toBe('valid.fresh');
    expect(session.context.suspect).toBe(false);
  });

  it('is tried three times if the server cannot be reached, and then fails, because a code expires soon', () => {
    const session = user().opensWith(record.absent).send({ type: 'code.received' });
    for (const _ of [1, 2]) {
      session.send(unreachable);
      expect(session.state).toBe('authorizing.backingOff');
      session.after(5 * SECOND).send({ type: 'retryTimer.elapsed' });
      expect(session.effect('requestToken')).toEqual({ grant: 'authorization_code' });
    }
    session.send(unreachable);
    expect(session.state).toBe('unauthenticated');
    expect(session.effect('rejectSignIn')).toEqual({ failure: failures.unreachable });
    expect(session.context.attempt).toBe(0);
  });

  it('is completed: during a pause, no caller is rejected and nothing else begins', () => {
    const session = user().opensFresh().send({ type: 'code.received' }).send(unreachable);
    expect(session.state).toBe('authorizing.backingOff');
    for (const type of ['token.requested', 'token.rejected', 'refresh.requested'] as const) {
      expect(session.send({ type }).effects).toEqual([]);
    }
    expect(session.send({ type: 'record.changed', version: 8 }).effects).toEqual([]);
    for (const facts of [record.holding(8, tokens(START - 2 * HOUR)), record.expired(8), record.revoked(8)]) {
      expect(session.send({ type: 'record.read', record: facts }).effects).toEqual([]);
    }
    expect(session.state).toBe('authorizing.backingOff');
    expect(session.context).toMatchObject({ version: 7, tokens: tokens(START), requested: true });
    expect(session.after(SECOND).send({ type: 'retryTimer.elapsed' }).effect('requestToken')).toEqual({
      grant: 'authorization_code',
    });
  });
});

describe('imported tokens', () => {
  it('are written and served like received ones', () => {
    const session = user()
      .opensWith(record.absent)
      .send({ type: 'tokens.imported', tokens: tokens(START) });
    expect(session.effectNames).toEqual(['holdTokens', 'commitTokens']);
    session.send(written(1));
    expect(session.state).toBe('valid.fresh');
    expect(session.effectNames).toEqual(expect.arrayContaining(['confirmSignIn', 'serveCallers']));
  });

  it('are not announced, because the application had them first', () => {
    const session = user().opensFresh();
    session.send({ type: 'tokens.imported', tokens: tokens(START) }).send(written(8));
    expect(session.effectNames).not.toContain('announceTokens');
    session.send({ type: 'tokens.imported', tokens: tokens(START) }).send(storageFailed);
    expect(session.effectNames).not.toContain('announceTokens');
  });

  it('replace the present tokens', () => {
    const session = user()
      .opensFresh()
      .send({ type: 'tokens.imported', tokens: tokens(START + SECOND) });
    session.send({ type: 'commit.conflicted', record: record.holding(8, tokens(START)) });
    expect(session.effect('commitTokens')).toEqual({ expectedVersion: 8 });
  });

  it('may be expired if there is a refresh token, and the import does not wait for their refresh', () => {
    const session = user().opensWith(record.absent);
    session.send({ type: 'tokens.imported', tokens: tokens(START - 2 * HOUR) }).send(written(1));
    expect(session.state).toBe('valid.due');
    expect(session.effectNames).toEqual(['adoptTokens', 'confirmSignIn']);
  });

  it('that have expired are refreshed for waiting callers, who get no expired token', () => {
    const expired = { type: 'tokens.imported', tokens: tokens(START - 2 * HOUR) } as const;
    const session = user().opensWith(record.absent).send(expired).send(asked).send(written(1));
    expect(session.state).toBe('refreshing.leasing');
    expect(session.effectNames).toEqual(['adoptTokens', 'confirmSignIn', 'requestLease']);
  });

  it('that have expired and cannot be written are refreshed without the storage, or not at all', () => {
    const expired = { type: 'tokens.imported', tokens: tokens(START - 2 * HOUR) } as const;
    const imports = (input: Partial<SessionInput>) =>
      user(input).opensWith(record.absent).send(expired).send(asked).send(storageFailed);
    const renewing = imports({ onStorageUnavailable: 'request' });
    expect(renewing.state).toBe('refreshing.leasing');
    expect(renewing.effectNames).not.toContain('serveCallers');
    const failing = imports({ onStorageUnavailable: 'fail' });
    expect(failing.state).toBe('valid.unsaved');
    expect(failing.effectNames).toContain('confirmSignIn');
    expect(rejected(failing)).toEqual({ reason: 'failed', failure: failures.storage });
  });
});

describe('a revocation', () => {
  it('names the sign-in of the tokens', () => {
    const session = user().opensFresh({ signIn: 'one' }).send({ type: 'revocation.requested' });
    session.send({ type: 'revocation.finished' });
    const tombstone = { status: 'revoked', signIn: 'one' };
    expect(session.effect('commitTombstone')).toEqual({ expectedVersion: 7, tombstone });
  });

  it('revokes at the server, writes a tombstone, and forgets the tokens', () => {
    const session = user().opensFresh().send({ type: 'revocation.requested' });
    expect(session.effectNames).toEqual(['stopTimer', 'releaseLease', 'revokeTokens']);
    expect(session.effect('revokeTokens')).toEqual({ which: 'served' });
    session.send({ type: 'revocation.finished' });
    expect(session.effect('commitTombstone')).toEqual({ expectedVersion: 7, tombstone: { status: 'revoked' } });
    session.send(written(8));
    expect(session.state).toBe('revoked');
    expect(session.effectNames).toEqual(['forgetTokens', 'rejectCallers']);
    expect(session.context).toMatchObject({ version: 8, tokens: null, revoked: true });
  });

  it('rejects the callers that asked meanwhile when it ends', () => {
    const session = user().opensFresh().send({ type: 'revocation.requested' });
    expect(session.send(asked).effects).toEqual([]);
    session.send({ type: 'revocation.finished' }).send(written(8));
    expect(rejected(session)).toEqual({ reason: 'revoked' });
  });

  it('applies to the tokens of a concurrent refresh too', () => {
    const session = user().opensFresh().send({ type: 'revocation.requested' }).send({ type: 'revocation.finished' });
    session.send({ type: 'commit.conflicted', record: record.holding(8, tokens(START + SECOND)) });
    expect(session.state).toBe('revoking.requesting');
    expect(session.effectNames).toEqual(['adoptTokens', 'releaseLease', 'revokeTokens']);
    session.send({ type: 'revocation.finished' });
    expect(session.effect('commitTombstone')).toMatchObject({ expectedVersion: 8 });
  });

  it('overwrites a tombstone, and writes one even if the record is lost', () => {
    const session = user().opensFresh().send({ type: 'revocation.requested' }).send({ type: 'revocation.finished' });
    for (const facts of [record.expired(8), record.revoked(9), record.absent]) {
      session.send({ type: 'commit.conflicted', record: facts });
      expect(session.effect('commitTombstone')).toMatchObject({ expectedVersion: facts.version });
    }
  });

  it('forgets the tokens even if the storage fails, and remembers the failure', () => {
    const session = user().opensFresh().send({ type: 'revocation.requested' }).send({ type: 'revocation.finished' });
    session.send(storageFailed);
    expect(session.state).toBe('revoked');
    expect(session.effectNames).toContain('forgetTokens');
    expect(session.context).toMatchObject({ tokens: null, revoked: true, version: 7, failure: failures.storage });
    session.send({ type: 'revocation.requested' });
    expect(session.effect('commitTombstone')).toEqual({ expectedVersion: 7, tombstone: { status: 'revoked' } });
  });

  it('needs no tokens, but a record', () => {
    const session = user().opensWith(record.expired(7)).send({ type: 'revocation.requested' });
    expect(session.effectNames).toEqual(['commitTombstone']);
    const stranger = user().opensWith(record.absent).send({ type: 'revocation.requested' });
    expect(stranger.effects).toEqual([]);
    expect(stranger.state).toBe('unauthenticated');
  });

  it('of a service revokes its tokens, and waiting callers get a new one', () => {
    for (const [outcome, version] of [
      [written(8), 8],
      [storageFailed, 7],
    ] as const) {
      const session = service().opensFresh().send({ type: 'revocation.requested' }).send(asked);
      session.send({ type: 'revocation.finished' }).send(outcome);
      expect(session.state).toBe('authorizing.leasing');
      expect(session.effectNames).toEqual(['forgetTokens', 'requestLease']);
      expect(session.effect('requestLease')).toEqual({ ifVersion: version });
      expect(session.send(granted).receives().send(written(9)).effectNames).toContain('serveCallers');
    }
  });

  it('by another instance is read from the storage', () => {
    const session = user().opensFresh().send({ type: 'record.changed', version: 8 });
    session.send({ type: 'record.read', record: record.revoked(8) });
    expect(session.state).toBe('revoked');
    expect(session.effect('adoptTokens')).toEqual({ from: 'record' });
  });
});

describe('tokens that cannot be refreshed', () => {
  it('end the session when they expire', () => {
    const session = user().opensFresh({ refreshable: false });
    expect(session.effect('startTimer')).toEqual({ timer: 'refresh', notBefore: START + HOUR, notAfter: START + HOUR });
    session.after(HOUR).send({ type: 'refreshTimer.elapsed', used: true });
    expect(session.state).toBe('expired');
    expect(session.context.ending).toEqual({ cause: 'access_token_expired', failure: null });
    expect(session.effectNames).toEqual(['stopTimer', 'forgetTokens', 'rejectCallers']);
  });

  it('expire when a caller requests them after their expiry, even if the timer is late', () => {
    expect(user().opensFresh({ refreshable: false }).after(HOUR).send(asked).state).toBe('expired');
  });

  it('are served until then, even to callers that request others', () => {
    const session = user()
      .opensFresh({ refreshable: false })
      .after(HOUR - 1);
    expect(session.send(asked).effectNames).toEqual(['serveCallers']);
    expect(session.send({ type: 'refreshTimer.elapsed', used: true }).state).toBe('valid.fresh');
    expect(session.effect('startTimer')).toEqual({ timer: 'refresh', notBefore: START + HOUR, notAfter: START + HOUR });
  });

  it('never expire if the server did not say when', () => {
    const session = user().opensFresh({ refreshable: false, expiresAt: null });
    expect(session.effect('startTimer')).toMatchObject({ notBefore: Number.MAX_SAFE_INTEGER });
    session.after(10_000 * HOUR);
    expect(session.send(asked).effectNames).toEqual(['serveCallers']);
    expect(session.state).toBe('valid.fresh');
  });
});

describe('a hint of another instance', () => {
  it('causes a read if it is new, and none for a commit of the session itself', () => {
    const session = user().opensFresh();
    expect(session.send({ type: 'record.changed', version: 7 }).effects).toEqual([]);
    expect(session.send({ type: 'record.changed', version: 8 }).effectNames).toEqual(['readRecord']);
  });

  it('that is late changes nothing', () => {
    const session = user().opensFresh();
    const before = stateOf(session);
    expect(session.send({ type: 'record.changed', version: 6 }).effectNames).toEqual(['readRecord']);
    session.send({ type: 'record.read', record: record.holding(7, tokens(START)) });
    expect(stateOf(session)).toEqual(before);
  });

  it('with tokens that the storage lost before they were read keeps the older ones from being written again', () => {
    const session = user().opensFresh();
    const known = session.context.version;
    session.send({ type: 'record.changed', version: known + 5 });
    session.send(storageFailed);
    session.send({ type: 'record.changed', version: 0 });
    expect(session.send({ type: 'record.read', record: record.absent }).effectNames).toEqual([]);
    expect(session.state).toBe('valid.fresh');
    // If the hint had been of another storage, the record would be unchanged, and those tokens the newest.
    session.send({ type: 'record.changed', version: known + 5 });
    session.send({ type: 'record.read', record: record.holding(known, tokens(START)) });
    session.send({ type: 'record.changed', version: 0 });
    session.send({ type: 'record.read', record: record.absent });
    expect(session.state).toBe('valid.unsaved');
  });

  it('signs in a session without tokens', () => {
    for (const facts of [record.absent, record.expired(3), record.revoked(3)]) {
      const session = user().opensWith(facts).send({ type: 'record.changed', version: 4 });
      session.send({ type: 'record.read', record: record.holding(4, tokens(START)) });
      expect(session.state).toBe('valid.fresh');
      expect(session.context).toMatchObject({ ending: null, revoked: false });
    }
  });
});

describe('unexpected events', () => {
  const stray = [
    granted,
    { type: 'lease.held', until: START },
    { type: 'lease.moved', record: record.revoked(99) },
    written(99),
    { type: 'commit.conflicted', record: record.revoked(99) },
    storageFailed,
    { type: 'tokenResponse.received', tokens: tokens(START) },
    refused,
    { type: 'revocation.finished' },
    { type: 'retryTimer.elapsed' },
    { type: 'pollTimer.elapsed' },
    { type: 'leaseTimer.elapsed' },
    { type: 'authorizationTimer.elapsed' },
    { type: 'authorization.denied' },
  ] as const;

  it.each(stray)('change nothing in an idle session ($type)', (event) => {
    for (const session of [
      user().opensFresh(),
      user().opensWith(record.absent),
      user().opensWith(record.expired(7)),
      user().opensWith(record.revoked(7)),
      user().opensWith(record.holding(7, tokens(START - 2 * HOUR))),
    ]) {
      const before = stateOf(session);
      expect(session.send(event).effects).toEqual([]);
      expect(stateOf(session)).toEqual(before);
    }
  });

  it('start nothing else while a response is expected', () => {
    for (const event of [
      { type: 'code.received' },
      { type: 'tokens.imported', tokens: tokens(START) },
      { type: 'revocation.requested' },
      { type: 'authorization.started' },
      { type: 'session.opened' },
      { type: 'record.changed', version: 99 },
      { type: 'record.read', record: record.revoked(99) },
      { type: 'refreshTimer.elapsed', used: true },
    ] as const) {
      const session = user().opensFresh().asksServer();
      const before = stateOf(session);
      expect(session.send(event).effects).toEqual([]);
      expect(stateOf(session)).toEqual(before);
    }
  });
});

describe('a clock that goes backwards', () => {
  it('does not change a session', () => {
    const session = user()
      .opensFresh()
      .after(-24 * HOUR);
    expect(session.send({ type: 'refreshTimer.elapsed', used: false }).state).toBe('valid.due');
    expect(session.send(asked).send(granted).send(unreachable).state).toBe('refreshing.backingOff');
    expect(session.effect('startTimer')).toMatchObject({ notBefore: session.now, notAfter: session.now + SECOND });
  });
});
