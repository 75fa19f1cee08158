import { describe, expect, it } from 'vitest';
import type { SessionInput } from '../../src/machine/context.js';
import type { Effect } from '../../src/machine/effects.js';
import { policy } from '../../src/machine/policy.js';
import { failures, HOUR, MINUTE, REFRESH_BUFFER, record, SECOND, SERVICE, START, tokens, USER } from './fixtures.js';
import { Story } from './story.js';

const user = (input: Partial<SessionInput> = {}) => new Story({ ...USER, ...input });
const service = (input: Partial<SessionInput> = {}) => new Story({ ...SERVICE, ...input });

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
  user(input).opensFresh().asksServer().receives().hears(storageFailed);

const rejected = (story: Story) => story.deed('rejectCallers').rejection;
const stateOf = ({ place, context }: Story) => ({ place, context });

describe('a session that opens', () => {
  it('does nothing before it is used', () => {
    const story = user();
    expect(story.place).toBe('restoring.unread');
    expect(story.context).toMatchObject({ tokens: null, version: 0, requested: false });
  });

  it('reads the record first, once, however many ask', () => {
    const story = user().hears(asked);
    expect(story.effects).toEqual([{ type: 'readRecord', params: undefined }]);
    expect(story.hears(asked).hears({ type: 'session.opened' }).effects).toEqual([]);
  });

  it('serves the fresh tokens that the record has', () => {
    const story = user()
      .hears(asked)
      .hears({ type: 'record.read', record: record.holding(7, tokens(START)) });
    expect(story.place).toBe('valid.fresh');
    expect(story.deeds).toEqual(['adoptTokens', 'serveCallers', 'startTimer']);
    expect(story.deed('adoptTokens')).toEqual({ from: 'record' });
    expect(story.context).toMatchObject({ version: 7, tokens: tokens(START), requested: false });
  });

  it('serves tokens that are due at once, and renews them meanwhile', () => {
    const facts = tokens(START - HOUR + MINUTE);
    const story = user()
      .hears(asked)
      .hears({ type: 'record.read', record: record.holding(7, facts) });
    expect(story.place).toBe('refreshing.leasing');
    expect(story.deeds).toEqual(['adoptTokens', 'serveCallers', 'requestLease']);
  });

  it('renews expired tokens for those who ask, and leaves them alone when nobody does', () => {
    const facts = record.holding(7, tokens(START - 2 * HOUR));
    const wanted = user().hears(asked).hears({ type: 'record.read', record: facts });
    expect(wanted.place).toBe('refreshing.leasing');
    expect(wanted.deeds).toEqual(['adoptTokens', 'requestLease']);
    expect(user().opensWith(facts).place).toBe('valid.due');
  });

  it('says that nobody is signed in when there is no record', () => {
    const story = user().hears(asked).hears({ type: 'record.read', record: record.absent });
    expect(story.place).toBe('unauthenticated');
    expect(rejected(story)).toEqual({ reason: 'not_authenticated' });
  });

  it('that has no tokens looks again for each who asks, because the hint of a sign-in may be lost', () => {
    for (const [facts, rejection] of [
      [record.absent, { reason: 'not_authenticated' }],
      [record.revoked(7), { reason: 'revoked' }],
    ] as const) {
      for (const wish of [asked, { type: 'refresh.requested' }] as const) {
        const story = user().opensWith(facts);
        expect(story.hears(wish).deeds).toEqual(['readRecord']);
        expect(story.hears(wish).effects).toEqual([]);
        expect(rejected(story.hears({ type: 'record.read', record: facts }))).toEqual(rejection);

        expect(story.hears(wish).deeds).toEqual(['readRecord']);
        expect(rejected(story.hears(storageFailed))).toMatchObject({
          reason: 'failed',
          failure: { source: 'storage' },
        });

        story.hears(wish).hears({ type: 'record.read', record: record.holding(8, tokens(START)) });
        expect(story.place).toBe('valid.fresh');
        expect(story.deeds).toContain('serveCallers');
      }
    }
  });

  it('repeats what a tombstone says', () => {
    const ended = user()
      .hears(asked)
      .hears({ type: 'record.read', record: record.expired(7) });
    expect(ended.place).toBe('expired');
    expect(rejected(ended)).toMatchObject({ reason: 'ended', ending: { cause: 'refresh_token_rejected' } });
    const revoked = user()
      .hears(asked)
      .hears({ type: 'record.read', record: record.revoked(7) });
    expect(revoked.place).toBe('revoked');
    expect(rejected(revoked)).toEqual({ reason: 'revoked' });
  });

  it('ends at once when the tokens are expired and nothing can renew them', () => {
    const story = user().opensWith(record.holding(7, tokens(START - 2 * HOUR, { refreshable: false })));
    expect(story.place).toBe('expired');
    expect(story.context).toMatchObject({ tokens: null, ending: { cause: 'access_token_expired', failure: null } });
    expect(story.deeds).toContain('forgetTokens');
  });

  it('says that the storage failed, and reads again for the next who asks', () => {
    const story = user().hears(asked).hears(storageFailed);
    expect(story.place).toBe('restoring.unread');
    expect(rejected(story)).toEqual({ reason: 'failed', failure: failures.storage });
    expect(story.hears(asked).deeds).toEqual(['readRecord']);
  });

  it.each(['request', 'fail'] as const)(
    'never says that a user is not signed in because the storage failed (without storage: %s)',
    (onStorageUnavailable) => {
      const story = user({ onStorageUnavailable }).hears(asked).hears(storageFailed);
      expect(story.place).toBe('restoring.unread');
      expect(rejected(story)).toEqual({ reason: 'failed', failure: failures.storage });
    },
  );
});

describe('a service that signs in by itself', () => {
  it('starts cold: asks for the lease, then the server, writes, and only then serves', () => {
    const story = service().hears(asked).hears({ type: 'record.read', record: record.absent });
    expect(story.place).toBe('authorizing.leasing');
    expect(story.deed('requestLease')).toEqual({ ifVersion: 0 });

    story.hears(granted);
    expect(story.deed('requestToken')).toEqual({ grant: 'client_credentials' });

    story.receives();
    expect(story.deeds).toEqual(['stopTimer', 'holdTokens', 'commitTokens']);
    expect(story.deed('commitTokens')).toEqual({ expectedVersion: 0 });

    story.hears(written(1));
    expect(story.place).toBe('valid.fresh');
    expect(story.deeds).toEqual(
      expect.arrayContaining(['adoptTokens', 'announceTokens', 'serveCallers', 'startTimer']),
    );
    expect(story.context).toMatchObject({ version: 1, requested: false, held: null });
  });

  it('asks for nothing before somebody wants a token', () => {
    expect(service().opensWith(record.absent).place).toBe('unauthenticated');
  });

  it('asks again after it was revoked or its record says that it ended', () => {
    expect(service().opensWith(record.revoked(3)).hears(asked).deed('requestLease')).toEqual({ ifVersion: 3 });
    expect(service().opensWith(record.expired(3)).hears(asked).deed('requestLease')).toEqual({ ifVersion: 3 });
  });

  it('lets the one that asked first win, and adopts its token without announcing it', () => {
    const story = service()
      .hears(asked)
      .hears({ type: 'record.read', record: record.absent })
      .hears(granted)
      .receives();
    const winner = record.holding(1, tokens(START));
    story.hears({ type: 'commit.conflicted', record: winner });
    expect(story.place).toBe('valid.fresh');
    expect(story.deeds).toContain('serveCallers');
    expect(story.deeds).not.toContain('announceTokens');
    expect(story.deeds).not.toContain('revokeTokens');
  });

  it('asks for its own token while the storage is down', () => {
    const story = service().hears(asked).hears(storageFailed).hears(storageFailed);
    expect(story.place).toBe('authorizing.requesting');
    story.receives().hears(storageFailed);
    expect(story.place).toBe('valid.unsaved');
    expect(story.deeds).toContain('serveCallers');
  });

  it('waits for the storage instead, where it is told to', () => {
    const story = service({ onStorageUnavailable: 'fail' }).opensWith(record.absent).hears(asked).hears(storageFailed);
    expect(story.place).toBe('authorizing.backingOff');
    expect(story.deeds).not.toContain('rejectCallers');
    expect(story.hears({ type: 'retryTimer.elapsed' }).place).toBe('authorizing.leasing');
  });
});

describe('a renewal', () => {
  it('begins when the timer runs out and the token was used', () => {
    const story = user().opensFresh();
    const { notBefore, notAfter } = story.deed('startTimer');
    expect({ notBefore, notAfter }).toEqual({
      notBefore: START + HOUR - REFRESH_BUFFER,
      notAfter: START + HOUR - REFRESH_BUFFER / 2,
    });
    story.after(notBefore - START).hears({ type: 'refreshTimer.elapsed', used: true });
    expect(story.place).toBe('refreshing.leasing');
    expect(story.deed('requestLease')).toEqual({ ifVersion: 7 });
  });

  it('waits until somebody asks when nobody used the token', () => {
    const story = user()
      .opensFresh()
      .after(HOUR - MINUTE)
      .hears({ type: 'refreshTimer.elapsed', used: false });
    expect(story.place).toBe('valid.due');
    expect(story.effects).toEqual([{ type: 'stopTimer', params: { timer: 'refresh' } }]);
    expect(story.after(HOUR).hears(asked).place).toBe('refreshing.leasing');
  });

  it('is one for all who ask while it is under way', () => {
    const story = user().opensFresh().asksServer();
    for (const type of ['token.requested', 'refresh.requested', 'token.rejected'] as const) {
      story.hears({ type });
      expect(story.place).toBe('refreshing.requesting');
      expect(story.effects).toEqual([]);
    }
  });

  it('presents the refresh token under the lease, writes the answer, and serves it then', () => {
    const story = user().opensFresh().asksServer();
    expect(story.deed('requestToken')).toEqual({ grant: 'refresh_token' });
    story.after(SECOND).receives();
    expect(story.context).toMatchObject({ tokens: tokens(START), held: tokens(START + SECOND) });
    expect(story.deed('commitTokens')).toEqual({ expectedVersion: 7 });
    story.hears(written(8));
    expect(story.context).toMatchObject({ version: 8, tokens: tokens(START + SECOND), held: null });
    expect(story.deed('adoptTokens')).toEqual({ from: 'held' });
  });

  it('keeps its lease alive as long as the request is out, and awaits the answer however long it takes', () => {
    const story = user().opensFresh().asksServer();
    for (let minute = 0; minute < 3; minute += 1) {
      story.after(policy.leaseRenewal).hears({ type: 'leaseTimer.elapsed' });
      expect(story.deeds).toEqual(['renewLease', 'startTimer']);
      expect(story.deed('startTimer')).toEqual({
        timer: 'lease',
        notBefore: story.now + policy.leaseRenewal,
        notAfter: story.now + policy.leaseRenewal,
      });
    }
    expect(story.place).toBe('refreshing.requesting');
  });

  it('adopts what another instance renewed, and asks the server for nothing', () => {
    const story = user().opensFresh().hears({ type: 'refresh.requested' });
    story.hears({ type: 'lease.moved', record: record.holding(8, tokens(START + SECOND)) });
    expect(story.place).toBe('valid.fresh');
    expect(story.context.version).toBe(8);
    expect(story.deeds).not.toContain('requestToken');
    expect(story.deeds).toContain('serveCallers');
  });

  it('waits for the instance that holds the lease, and looks again when it hears of it or for long nothing', () => {
    const story = user().opensFresh().hears({ type: 'refresh.requested' });
    story.hears({ type: 'lease.held', until: START + 30 * SECOND });
    expect(story.place).toBe('refreshing.waiting');
    expect(story.deed('startTimer')).toEqual({
      timer: 'poll',
      notBefore: START + policy.poll.notBefore,
      notAfter: START + policy.poll.notAfter,
    });
    expect(story.hears({ type: 'record.changed', version: 7 }).deeds).toEqual(['stopTimer', 'requestLease']);
    story
      .hears({ type: 'lease.held', until: START + 30 * SECOND })
      .after(SECOND)
      .hears({ type: 'pollTimer.elapsed' });
    expect(story.place).toBe('refreshing.leasing');
  });

  it('gives its tokens up for those that another instance wrote first', () => {
    const story = user().opensFresh().asksServer().receives();
    story.hears({ type: 'commit.conflicted', record: record.holding(8, tokens(START + SECOND)) });
    expect(story.place).toBe('valid.fresh');
    expect(story.context).toMatchObject({ version: 8, tokens: tokens(START + SECOND), held: null });
  });

  it('overwrites a tombstone, which its tokens disprove', () => {
    const story = user().opensFresh().asksServer().receives();
    story.hears({ type: 'commit.conflicted', record: record.expired(8) });
    expect(story.place).toBe('refreshing.committing');
    expect(story.deed('commitTokens')).toEqual({ expectedVersion: 8 });
  });

  it('revokes and drops what it received when the session was revoked meanwhile', () => {
    const story = user().opensFresh().asksServer().receives();
    story.hears({ type: 'commit.conflicted', record: record.revoked(8) });
    expect(story.place).toBe('revoked');
    expect(story.deeds.slice(0, 2)).toEqual(['revokeTokens', 'adoptTokens']);
    expect(story.deed('revokeTokens')).toEqual({ which: 'held' });
    expect(rejected(story)).toEqual({ reason: 'revoked' });
    expect(story.context).toMatchObject({ tokens: null, held: null });
  });

  it('writes the record anew when the storage lost it', () => {
    const story = user().opensFresh().hears({ type: 'refresh.requested' });
    story.hears({ type: 'lease.moved', record: record.absent });
    expect(story.place).toBe('refreshing.leasing');
    expect(story.deed('requestLease')).toEqual({ ifVersion: 0 });
    expect(story.context.tokens).toEqual(tokens(START));
    expect(story.hears(granted).receives().deed('commitTokens')).toEqual({ expectedVersion: 0 });
  });

  it('writes the record anew when the storage lost it while the request was out', () => {
    const story = user()
      .opensFresh()
      .asksServer()
      .receives()
      .hears({ type: 'commit.conflicted', record: record.absent });
    expect(story.deed('commitTokens')).toEqual({ expectedVersion: 0 });
  });

  it('is refused where there is nothing to renew with, and the token goes on being served', () => {
    const story = user().opensFresh({ refreshable: false }).hears({ type: 'refresh.requested' });
    expect(story.place).toBe('valid.fresh');
    expect(rejected(story)).toMatchObject({ reason: 'failed', failure: { code: 'no_refresh_token' } });
  });

  it('serves a token that is expired when it comes, instead of asking for ever', () => {
    const story = user()
      .opensWith(record.holding(7, tokens(START - 2 * HOUR)))
      .hears(asked)
      .hears(granted);
    story.receives({ expiresAt: START }).hears(written(8));
    expect(story.place).toBe('valid.due');
    expect(story.deeds).toContain('serveCallers');
    expect(story.deeds).not.toContain('requestLease');
  });
});

describe('a token that an API answered 401 to', () => {
  it('is renewed within the same minute when it is over, as one whose answer came late', () => {
    const story = user().opensFresh().hears({ type: 'token.rejected' }).hears(granted);
    story.receives({ expiresAt: story.now + SECOND }).hears(written(8));
    story.after(2 * SECOND).hears({ type: 'token.rejected' });
    expect(story.place).toBe('refreshing.leasing');
    expect(story.deeds).not.toContain('serveCallers');
  });

  it('is renewed before its time, once a minute', () => {
    const story = user().opensFresh().after(MINUTE).hears({ type: 'token.rejected' });
    expect(story.place).toBe('refreshing.leasing');
    expect(story.context).toMatchObject({ suspect: true, forcedAt: story.now });
    story.hears(granted).receives().hears(written(8));
    expect(story.context.suspect).toBe(false);

    story.after(policy.forcedRenewalInterval - 1).hears({ type: 'token.rejected' });
    expect(story.place).toBe('valid.fresh');
    expect(story.deeds).toEqual(['serveCallers']);

    story.after(1).hears({ type: 'token.rejected' });
    expect(story.place).toBe('refreshing.leasing');
  });

  it('is served again when it could not be renewed', () => {
    const story = user().opensFresh().hears({ type: 'token.rejected' }).hears(granted).hears(misconfigured);
    expect(story.context.suspect).toBe(false);
    story.after(MINUTE).hears({ type: 'retryTimer.elapsed' });
    expect(story.place).toBe('valid.fresh');
  });

  it('ends a session that nothing renews', () => {
    const story = user().opensFresh({ refreshable: false }).hears({ type: 'token.rejected' });
    expect(story.place).toBe('expired');
    expect(rejected(story)).toEqual({ reason: 'ended', ending: { cause: 'access_token_rejected', failure: null } });
    expect(story.deeds).not.toContain('commitTombstone');
  });

  it('is renewed once a minute also while the storage is down', () => {
    const story = unsaved({ onStorageUnavailable: 'request' }).hears({ type: 'token.rejected' });
    expect(story.place).toBe('refreshing.leasing');
    story.hears(storageFailed).receives().hears(storageFailed);
    expect(story.place).toBe('valid.unsaved');
    expect(story.hears({ type: 'token.rejected' }).deeds).toEqual(['serveCallers']);
  });
});

describe('a refresh token that the server refuses', () => {
  it('ends the session, for everybody', () => {
    const story = user().opensFresh().asksServer().hears(refused);
    expect(story.place).toBe('refreshing.writingTombstone');
    expect(story.deed('commitTombstone')).toEqual({
      expectedVersion: 7,
      tombstone: {
        status: 'expired',
        ending: { cause: 'refresh_token_rejected', failure: failures.refused },
        ofVersion: 7,
      },
    });
    expect(story.context.tokens).toEqual(tokens(START));

    story.hears(written(8));
    expect(story.place).toBe('expired');
    expect(story.deeds).toEqual(['forgetTokens', 'rejectCallers']);
    expect(rejected(story)).toMatchObject({ reason: 'ended', ending: { cause: 'refresh_token_rejected' } });
    expect(story.context).toMatchObject({ version: 8, tokens: null });
    story.hears(asked).hears({ type: 'record.read', record: record.expired(8) });
    expect(rejected(story)).toMatchObject({ reason: 'ended' });
  });

  it('means nothing when another instance has a newer one', () => {
    const story = user().opensFresh().asksServer().hears(refused);
    story.hears({ type: 'commit.conflicted', record: record.holding(8, tokens(START + SECOND)) });
    expect(story.place).toBe('valid.fresh');
    expect(story.context).toMatchObject({ version: 8, ending: null, tokens: tokens(START + SECOND) });
    expect(story.deeds).toContain('serveCallers');
  });

  it('ends nothing while the storage cannot say whether it is the newest', () => {
    const story = user().opensFresh().asksServer().hears(refused).hears(storageFailed);
    expect(story.place).toBe('refreshing.backingOff');
    expect(story.context).toMatchObject({ ending: null, tokens: tokens(START) });
    expect(rejected(story)).toEqual({ reason: 'failed', failure: failures.storage });
  });

  it('ends the session although the storage lost its record', () => {
    const story = user().opensFresh().asksServer().hears(refused);
    story.hears({ type: 'commit.conflicted', record: record.absent });
    expect(story.place).toBe('refreshing.writingTombstone');
    expect(story.deed('commitTombstone')).toMatchObject({ expectedVersion: 0, tombstone: { status: 'expired' } });
    expect(story.hears(written(1)).place).toBe('expired');
    expect(rejected(story)).toMatchObject({ reason: 'ended', ending: { cause: 'refresh_token_rejected' } });
  });

  it('was not interrupted, when it was the storage that did not answer in time', () => {
    const story = user().opensFresh().hears({ type: 'refresh.requested' });
    story.hears({ type: 'storage.failed', failure: { ...failures.storage, kind: 'ambiguous' } });
    expect(story.context.possiblySpent).toBe(false);
  });

  it('says so when it is the user who must act', () => {
    const story = user().opensFresh().asksServer();
    story.hears({ type: 'tokenRequest.failed', failure: failures.userMustAct }).hears(written(8));
    expect(story.context.ending).toEqual({ cause: 'user_action_required', failure: failures.userMustAct });
  });

  it('was interrupted, when the answer to an earlier request was lost', () => {
    const story = user().opensFresh().asksServer().hears(lost);
    expect(story.place).toBe('refreshing.leasing');
    expect(story.deeds).toEqual(['stopTimer', 'requestLease']);
    story.hears(granted).hears(refused).hears(written(8));
    expect(story.context.ending).toMatchObject({ cause: 'refresh_interrupted' });
  });

  it('was interrupted, when the last holder of the lease never came back', () => {
    const story = user().opensFresh().asksServer({ abandoned: true }).hears(refused).hears(written(8));
    expect(story.context.ending).toMatchObject({ cause: 'refresh_interrupted' });
  });

  it('was not interrupted, when a lost answer was to a request for the token before it', () => {
    const story = user().opensFresh().asksServer().hears(lost).hears(granted).receives().hears(written(8));
    story.asksServer().hears(refused).hears(written(9));
    expect(story.context.ending).toMatchObject({ cause: 'refresh_token_rejected' });
  });
});

describe('a request without an answer', () => {
  it('is repeated at once, once, under a lease that is granted anew', () => {
    const story = user().opensFresh().asksServer().hears(lost);
    expect(story.deed('requestLease')).toEqual({ ifVersion: 7 });
    story.hears(granted);
    expect(story.deed('requestToken')).toEqual({ grant: 'refresh_token' });
    story.hears(lost);
    expect(story.place).toBe('refreshing.backingOff');
    expect(story.deeds).not.toContain('requestToken');
  });

  it('is not repeated when another instance has renewed meanwhile, or is about to', () => {
    const story = user().opensFresh().asksServer().hears(lost);
    expect(story.hears({ type: 'lease.held', until: START + MINUTE }).place).toBe('refreshing.waiting');
    expect(story.hears({ type: 'record.changed', version: 8 }).place).toBe('refreshing.leasing');
    story.hears({ type: 'lease.moved', record: record.holding(8, tokens(START + SECOND)) });
    expect(story.place).toBe('valid.fresh');
    expect(story.deeds).not.toContain('requestToken');
  });

  it('is repeated at once again under the next lease', () => {
    const story = user().opensFresh().asksServer().hears(lost).hears(granted).hears(lost);
    story.after(SECOND).hears({ type: 'retryTimer.elapsed' }).hears(granted).hears(lost);
    expect(story.place).toBe('refreshing.leasing');
  });
});

describe('a sign-in that the storage took without an answer', () => {
  const signedIn = (signIn: string) => {
    const story = user().opensFresh().hears({ type: 'code.received' });
    return story.receives({ signIn }).hears(storageFailed).after(SECOND).hears({ type: 'retryTimer.elapsed' });
  };

  it('gives way to what another instance made of it', () => {
    const story = signedIn('one');
    story.hears({ type: 'commit.conflicted', record: record.holding(9, tokens(START + SECOND, { signIn: 'one' })) });
    expect(story.place).toBe('valid.fresh');
    expect(story.context.version).toBe(9);
    expect(story.deeds).not.toContain('commitTokens');
  });

  it('gives way to its own revocation by another instance, and revokes its tokens at the server', () => {
    const story = signedIn('one');
    story.hears({ type: 'commit.conflicted', record: record.revoked(9, 'one') });
    expect(story.place).toBe('revoked');
    expect(story.deed('revokeTokens')).toEqual({ which: 'unwritten' });
    expect(story.deeds).not.toContain('commitTokens');
  });

  it('replaces the revocation of another sign-in before it', () => {
    for (const tombstone of [record.revoked(9, 'other'), record.revoked(9)]) {
      const story = signedIn('one');
      story.hears({ type: 'commit.conflicted', record: tombstone });
      expect(story.deed('commitTokens')).toEqual({ expectedVersion: 9 });
    }
  });

  it('replaces what another sign-in brought before it', () => {
    const story = signedIn('one');
    story.hears({ type: 'commit.conflicted', record: record.holding(9, tokens(START + SECOND, { signIn: 'other' })) });
    expect(story.deed('commitTokens')).toEqual({ expectedVersion: 9 });
    const older = signedIn('one');
    older.hears({ type: 'commit.conflicted', record: record.holding(9, tokens(START)) });
    expect(older.deed('commitTokens')).toEqual({ expectedVersion: 9 });
  });
});

describe('a failure that passes', () => {
  it('keeps the lease, so that the next holder learns of it, when the refresh token may be spent', () => {
    const story = user().opensFresh().asksServer().hears(lost).hears(granted).hears(lost);
    expect(story.deed('releaseLease')).toEqual({ spent: true });
    const alive = user().opensFresh().asksServer().hears(unreachable);
    expect(alive.deed('releaseLease')).toEqual({ spent: false });
  });

  it('gives the lease back and tries again after a while, longer each time', () => {
    const story = user().opensFresh().asksServer();
    const windows: Effect[] = [];
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      story.hears(unreachable);
      expect(story.place).toBe('refreshing.backingOff');
      expect(story.deeds).toContain('releaseLease');
      windows.push(...story.effects.filter(({ type }) => type === 'startTimer'));
      story.hears(asked).after(MINUTE).hears({ type: 'retryTimer.elapsed' }).hears(granted);
    }
    const waits = windows.map((effect) =>
      effect.type === 'startTimer' ? effect.params.notAfter - effect.params.notBefore : undefined,
    );
    expect(waits).toEqual([SECOND, 2 * SECOND, 4 * SECOND]);
  });

  it('keeps callers waiting for two attempts, and turns them away with the third', () => {
    const story = user().opensFresh().asksServer();
    for (const _ of [1, 2]) {
      story.hears(unreachable);
      expect(story.deeds).not.toContain('rejectCallers');
      expect(story.hears(asked).effects).toEqual([]);
      story
        .after(10 * SECOND)
        .hears({ type: 'retryTimer.elapsed' })
        .hears(granted);
    }
    story.hears(unreachable);
    expect(rejected(story)).toEqual({ reason: 'failed', failure: failures.unreachable });
    expect(rejected(story.hears(asked))).toEqual({ reason: 'failed', failure: failures.unreachable });
  });

  it('rests when nobody asked since, with the tokens kept', () => {
    const story = user()
      .opensFresh()
      .asksServer()
      .hears(busy)
      .after(5 * MINUTE)
      .hears({ type: 'retryTimer.elapsed' });
    expect(story.place).toBe('valid.fresh');
    expect(story.context).toMatchObject({ tokens: tokens(START), attempt: 1, failure: failures.busy });
  });

  it('is tried again at the end of the break when somebody asked meanwhile, although they were turned away', () => {
    const story = user().opensFresh().asksServer().hears(busy);
    expect(rejected(story.hears(asked))).toEqual({ reason: 'failed', failure: failures.busy });
    expect(story.after(5 * MINUTE).hears({ type: 'retryTimer.elapsed' }).place).toBe('refreshing.leasing');
  });

  it('waits as long as the server says, and lets nobody hurry it (RFC 9110 §10.2.3)', () => {
    const story = user().opensFresh().asksServer().hears(busy);
    expect(story.deed('startTimer')).toEqual({
      timer: 'retry',
      notBefore: START + failures.busy.retryAfter,
      notAfter: START + failures.busy.retryAfter + SECOND,
    });
    expect(rejected(story)).toEqual({ reason: 'failed', failure: failures.busy });
    expect(rejected(story.hears({ type: 'refresh.requested' }))).toEqual({ reason: 'failed', failure: failures.busy });
    expect(story.place).toBe('refreshing.backingOff');
  });

  it('waits an hour at the most, whatever the server says', () => {
    const failure = { ...failures.busy, retryAfter: 24 * HOUR };
    const story = user().opensFresh().asksServer().hears({ type: 'tokenRequest.failed', failure });
    expect(story.deed('startTimer')).toMatchObject({ notBefore: START + HOUR, notAfter: START + HOUR + SECOND });
  });

  it('is hurried by whoever asks for a renewal, when only the break is ours', () => {
    const story = user().opensFresh().asksServer().hears(unreachable).hears({ type: 'refresh.requested' });
    expect(story.place).toBe('refreshing.leasing');
    expect(story.deeds).toEqual(['stopTimer', 'requestLease']);
  });

  it('is over when another instance renews', () => {
    const story = user().opensFresh().asksServer().hears(unreachable).hears({ type: 'record.changed', version: 8 });
    expect(story.deeds).toEqual(['readRecord']);
    story.hears({ type: 'record.read', record: record.holding(8, tokens(START + SECOND)) });
    expect(story.place).toBe('valid.fresh');
    expect(story.deeds).toContain('serveCallers');
    expect(story.context).toMatchObject({ attempt: 0, failure: null, retryAt: null });
  });
});

describe('a configuration that the server refuses', () => {
  it('keeps the tokens, turns callers away at once, and cools down', () => {
    const story = user().opensFresh().asksServer().hears(misconfigured);
    expect(story.place).toBe('refreshing.backingOff');
    expect(story.context.tokens).toEqual(tokens(START));
    expect(rejected(story)).toEqual({ reason: 'failed', failure: failures.misconfigured });
    expect(story.deed('startTimer')).toEqual({
      timer: 'retry',
      notBefore: START + policy.longPause.notBefore,
      notAfter: START + policy.longPause.notAfter,
    });
    expect(story.deeds).not.toContain('commitTombstone');
  });

  it('turns a service away at once too, and ends nothing', () => {
    for (const failure of [failures.misconfigured, failures.refused]) {
      const story = service().opensWith(record.absent).hears(asked).hears(granted);
      story.hears({ type: 'tokenRequest.failed', failure });
      expect(story.place).toBe('authorizing.backingOff');
      expect(rejected(story)).toEqual({ reason: 'failed', failure });
      expect(story.after(MINUTE).hears({ type: 'retryTimer.elapsed' }).place).toBe('unauthenticated');
    }
  });
});

describe('new tokens that cannot be written', () => {
  it('are served from memory, and the write is repeated until it succeeds', () => {
    const story = unsaved();
    expect(story.place).toBe('valid.unsaved');
    expect(story.deeds).toEqual(['adoptTokens', 'announceTokens', 'confirmSignIn', 'serveCallers', 'startTimer']);
    expect(story.context).toMatchObject({ version: 7, failure: failures.storage, attempt: 1 });

    story.after(SECOND).hears({ type: 'retryTimer.elapsed' });
    expect(story.deed('commitTokens')).toEqual({ expectedVersion: 7 });
    story.hears(storageFailed);
    expect(story.context.attempt).toBe(2);
    expect(story.deed('startTimer')).toMatchObject({ timer: 'retry', notAfter: story.now + 2 * SECOND });

    story
      .after(2 * SECOND)
      .hears({ type: 'retryTimer.elapsed' })
      .hears(written(8));
    expect(story.place).toBe('valid.fresh');
    expect(story.context).toMatchObject({ version: 8, failure: null, attempt: 0 });
    expect(story.deeds).not.toContain('announceTokens');
  });

  it('give way to those that another instance wrote', () => {
    const story = unsaved().hears({ type: 'retryTimer.elapsed' });
    story.hears({ type: 'commit.conflicted', record: record.holding(8, tokens(START + SECOND)) });
    expect(story.place).toBe('valid.fresh');
    expect(story.context.tokens).toEqual(tokens(START + SECOND));
  });

  it('overwrite a tombstone, which they disprove', () => {
    const story = unsaved().hears({ type: 'retryTimer.elapsed' });
    story.hears({ type: 'commit.conflicted', record: record.expired(8) });
    expect(story.place).toBe('valid.unsaved');
    expect(story.deed('commitTokens')).toEqual({ expectedVersion: 8 });
  });

  it('are not forgotten as such, whatever else fails meanwhile', () => {
    const reckless = () => unsaved({ onStorageUnavailable: 'request' }).hears({ type: 'refresh.requested' });
    const pause = HOUR / 2;
    const stories = [
      unsaved().hears({ type: 'code.received' }).hears(refused),
      reckless().hears(storageFailed).hears(misconfigured).after(pause).hears({ type: 'retryTimer.elapsed' }),
      reckless().hears(granted).hears(busy).after(pause).hears({ type: 'retryTimer.elapsed' }),
    ];
    for (const story of stories) {
      expect(story.place).toBe('valid.unsaved');
      expect(story.hears({ type: 'retryTimer.elapsed' }).deeds).toEqual(['commitTokens']);
    }
  });

  it('are revoked at the server when the session was revoked meanwhile, wherever that is found out', () => {
    const revoked = record.revoked(8);
    const reckless = () => unsaved({ onStorageUnavailable: 'request' }).hears({ type: 'refresh.requested' });
    const stories = [
      unsaved().hears({ type: 'retryTimer.elapsed' }).hears({ type: 'commit.conflicted', record: revoked }),
      reckless().hears({ type: 'lease.moved', record: revoked }),
      reckless().hears(granted).hears(busy).hears({ type: 'record.read', record: revoked }),
    ];
    for (const story of stories) {
      expect(story.place).toBe('revoked');
      expect(story.deed('revokeTokens')).toEqual({ which: 'unwritten' });
      expect(story.deeds.indexOf('revokeTokens')).toBeLessThan(story.deeds.indexOf('adoptTokens'));
    }
  });

  it('disprove a tombstone also where it is found when they are due', () => {
    const story = unsaved({ onStorageUnavailable: 'request' }).hears({ type: 'refresh.requested' });
    story.hears({ type: 'lease.moved', record: record.expired(8) });
    expect(story.deed('requestLease')).toEqual({ ifVersion: 8 });
    story
      .hears(granted)
      .hears(busy)
      .hears({ type: 'record.read', record: record.expired(9) });
    expect(story.place).toBe('refreshing.backingOff');
    expect(story.context).toMatchObject({ version: 9, tokens: tokens(START), ending: null });
  });

  it('are served to a user as long as they live, and then the storage is to blame', () => {
    const story = unsaved()
      .after(HOUR - 1)
      .hears(asked);
    expect(story.deeds).toEqual(['serveCallers']);
    expect(rejected(story.after(1).hears(asked))).toEqual({ reason: 'failed', failure: failures.storage });
    expect(rejected(story.hears({ type: 'refresh.requested' }))).toEqual({
      reason: 'failed',
      failure: failures.storage,
    });
    expect(rejected(story.hears({ type: 'token.rejected' }))).toEqual({ reason: 'failed', failure: failures.storage });
  });

  it('are not renewed before they are due, however often they are asked for', () => {
    const story = unsaved({ onStorageUnavailable: 'request' }).hears(asked);
    expect(story.place).toBe('valid.unsaved');
    expect(story.deeds).toEqual(['serveCallers']);
  });

  it('are renewed without the storage when they are due, where that is allowed', () => {
    const story = unsaved({ onStorageUnavailable: 'request' }).after(HOUR).hears(asked);
    expect(story.place).toBe('refreshing.leasing');
    expect(story.hears(storageFailed).deed('requestToken')).toEqual({ grant: 'refresh_token' });
  });

  it('are not renewed by a refresh token that they do not have', () => {
    const story = user({ onStorageUnavailable: 'request' }).opensWith(record.absent).hears({ type: 'code.received' });
    story.receives({ refreshable: false }).hears(storageFailed);
    expect(story.place).toBe('valid.unsaved');
    for (const type of ['token.requested', 'refresh.requested', 'token.rejected'] as const) {
      story.after(HOUR).hears({ type });
      expect(story.deeds).not.toContain('requestLease');
    }
  });
});

describe('a storage that went back to an earlier record', () => {
  const older = tokens(START - HOUR / 2);
  const earlier = [record.holding(6, older), record.expired(6), record.revoked(6), record.absent];
  const known = { tokens: tokens(START), ending: null, revoked: false };

  it.each(earlier)(
    'has none of it adopted: the newer tokens are renewed from, and written over it ($status)',
    (facts) => {
      const story = user()
        .opensFresh()
        .hears({ type: 'refresh.requested' })
        .hears({ type: 'lease.moved', record: facts });
      expect(story.place).toBe('refreshing.leasing');
      expect(story.deeds).toEqual(['requestLease']);
      expect(story.deed('requestLease')).toEqual({ ifVersion: facts.version });
      expect(story.context).toMatchObject(known);
      expect(story.hears(granted).receives().deed('commitTokens')).toEqual({ expectedVersion: facts.version });
      expect(story.hears(written(8)).context).toMatchObject({ version: 8, newest: 8, unwritten: null });
    },
  );

  it.each(earlier)('while the request was out takes what it brought ($status)', (facts) => {
    const story = user().opensFresh().asksServer().after(SECOND).receives();
    story.hears({ type: 'commit.conflicted', record: facts });
    expect(story.place).toBe('refreshing.committing');
    expect(story.deeds).toEqual(['commitTokens']);
    expect(story.deed('commitTokens')).toEqual({ expectedVersion: facts.version });
    expect(story.hears(written(8)).context.tokens).toEqual(tokens(START + SECOND));
  });

  it('while the request was out, and forward again, does not take back the token that was renewed from', () => {
    const story = user().opensFresh().asksServer().after(SECOND).receives();
    story.hears({ type: 'commit.conflicted', record: record.holding(6, older) });
    story.hears({ type: 'commit.conflicted', record: record.holding(7, tokens(START)) });
    expect(story.deed('commitTokens')).toEqual({ expectedVersion: 7 });
    story.hears({ type: 'commit.conflicted', record: record.holding(8, tokens(START + 2 * SECOND)) });
    expect(story.context).toMatchObject({ version: 8, tokens: tokens(START + 2 * SECOND), held: null });
  });

  it('further with each question is followed to the end', () => {
    const story = user().opensFresh().hears({ type: 'refresh.requested' });
    for (const version of [5, 3, 2]) story.hears({ type: 'lease.moved', record: record.holding(version, older) });
    story.hears({ type: 'lease.moved', record: record.absent });
    expect(story.deed('requestLease')).toEqual({ ifVersion: 0 });
    expect(story.hears(granted).deed('requestToken')).toEqual({ grant: 'refresh_token' });
  });

  it.each(earlier)('takes what a sign-in brought, and what a service asked for ($status)', (facts) => {
    for (const story of [
      user().opensFresh().hears({ type: 'code.received' }),
      service().opensWith(record.revoked(7)).hears(asked).hears(granted),
    ]) {
      story.receives().hears({ type: 'commit.conflicted', record: facts });
      expect(story.place).toBe('authorizing.committing');
      expect(story.deed('commitTokens')).toEqual({ expectedVersion: facts.version });
    }
  });

  it('gives no service the token of before its revocation', () => {
    const story = service().opensWith(record.revoked(7)).hears(asked);
    story.hears({ type: 'lease.moved', record: record.holding(6, older) });
    expect(story.place).toBe('authorizing.leasing');
    expect(story.deeds).toEqual(['requestLease']);
  });

  it.each(earlier)('does not undo that the server refused the newer refresh token ($status)', (facts) => {
    const story = user().opensFresh().asksServer().hears(refused).hears({ type: 'commit.conflicted', record: facts });
    expect(story.place).toBe('refreshing.writingTombstone');
    expect(story.deed('commitTombstone')).toMatchObject({
      expectedVersion: facts.version,
      tombstone: { status: 'expired' },
    });
    expect(story.hears(written(8)).place).toBe('expired');
  });

  it.each(earlier)('takes the tokens that it has not taken before ($status)', (facts) => {
    const story = unsaved().hears({ type: 'retryTimer.elapsed' }).hears({ type: 'commit.conflicted', record: facts });
    expect(story.place).toBe('valid.unsaved');
    expect(story.deed('commitTokens')).toEqual({ expectedVersion: facts.version });
  });

  it.each(earlier)('is put right by a session at rest that hears of it ($status)', (facts) => {
    const hearing = (story: Story) =>
      story.hears({ type: 'record.changed', version: facts.version }).hears({ type: 'record.read', record: facts });
    const idle = user()
      .opensFresh()
      .after(HOUR - MINUTE)
      .hears({ type: 'refreshTimer.elapsed', used: false });
    for (const story of [hearing(user().opensFresh()), hearing(idle)]) {
      expect(story.place).toBe('valid.unsaved');
      expect(story.context).toMatchObject({ ...known, unwritten: 'refresh_token' });
      expect(story.hears(asked).deeds).toEqual(['serveCallers']);
      story.after(SECOND).hears({ type: 'retryTimer.elapsed' });
      expect(story.deed('commitTokens')).toEqual({ expectedVersion: facts.version });
      expect(story.hears(written(8)).context).toMatchObject({ ...known, version: 8, unwritten: null });
    }
    const pausing = hearing(user().opensFresh().asksServer().hears(busy));
    expect(pausing.place).toBe('refreshing.backingOff');
    expect(pausing.after(HOUR).hears({ type: 'retryTimer.elapsed' }).place).toBe('valid.unsaved');
    pausing.after(HOUR).hears({ type: 'retryTimer.elapsed' });
    expect(pausing.deed('commitTokens')).toEqual({ expectedVersion: facts.version });
  });

  it('leaves the newer tokens in memory alone: the end that an instance with older ones wrote says nothing of them', () => {
    const story = user().opensFresh().hears({ type: 'refresh.requested' });
    story.hears({ type: 'lease.moved', record: record.holding(6, older) });
    story.hears({ type: 'lease.held', until: START + MINUTE }).hears({ type: 'record.changed', version: 8 });
    story.hears({ type: 'lease.moved', record: record.expired(8) });
    expect(story.deed('requestLease')).toEqual({ ifVersion: 8 });
    expect(story.context).toMatchObject(known);
    expect(story.hears(granted).hears(refused).hears(written(9)).place).toBe('expired');
  });

  it('does not undo a revocation: what came back is given up too', () => {
    const story = user().opensFresh().hears({ type: 'revocation.requested' }).hears({ type: 'revocation.finished' });
    story.hears(written(8)).hears({ type: 'record.changed', version: 7 });
    story.hears({ type: 'record.read', record: record.holding(7, tokens(START)) });
    expect(story.place).toBe('revoking.requesting');
    expect(story.deed('revokeTokens')).toEqual({ which: 'served' });
    story.hears({ type: 'revocation.finished' });
    expect(story.deed('commitTombstone')).toEqual({ expectedVersion: 7, tombstone: { status: 'revoked' } });
    expect(story.hears(written(9)).place).toBe('revoked');
  });

  it('while the session was being revoked has what it went back to revoked as well', () => {
    const story = user().opensFresh().hears({ type: 'revocation.requested' }).hears({ type: 'revocation.finished' });
    story.hears({ type: 'commit.conflicted', record: record.holding(6, older) });
    expect(story.place).toBe('revoking.requesting');
    expect(story.hears({ type: 'revocation.finished' }).deed('commitTombstone')).toMatchObject({ expectedVersion: 6 });
  });
});

describe('a tombstone of older tokens than those at hand', () => {
  const ofOlder = (version: number) => record.expired(version, 6);

  it('shows that the storage lost these, which are written again', () => {
    const story = user().opensFresh().hears({ type: 'record.changed', version: 9 });
    story.hears({ type: 'record.read', record: ofOlder(9) });
    expect(story.place).toBe('valid.unsaved');
    expect(story.hears({ type: 'retryTimer.elapsed' }).deed('commitTokens')).toEqual({ expectedVersion: 9 });
  });

  it('ends the session when it is of the same version, or does not say which', () => {
    for (const tombstone of [record.expired(9, 7), record.expired(9)]) {
      const story = user().opensFresh().hears({ type: 'record.changed', version: 9 });
      expect(story.hears({ type: 'record.read', record: tombstone }).place).toBe('expired');
    }
  });

  it('is renewed over', () => {
    const story = user().opensFresh().hears({ type: 'refresh.requested' });
    story.hears({ type: 'lease.moved', record: ofOlder(9) });
    expect(story.deed('requestLease')).toEqual({ ifVersion: 9 });
  });

  it('is not written over when other versions were hinted at too, which may have outdone the tokens', () => {
    const story = user().opensFresh().hears({ type: 'record.changed', version: 8 });
    story.hears(storageFailed).hears({ type: 'record.changed', version: 9 });
    expect(story.hears({ type: 'record.read', record: ofOlder(9) }).effects).toEqual([]);
    expect(story.place).toBe('valid.fresh');
  });
});

describe('tokens that the storage lost while the server asked to wait', () => {
  it('are written as soon as the wait is over, and do not wait as long once more', () => {
    const story = user().opensFresh().hears({ type: 'refresh.requested' }).hears(granted).hears(busy);
    expect(story.place).toBe('refreshing.backingOff');
    story.hears({ type: 'record.read', record: record.absent });
    story.after(2 * MINUTE).hears({ type: 'retryTimer.elapsed' });
    expect(story.place).toBe('valid.unsaved');
    expect(story.deed('startTimer')).toEqual({ timer: 'retry', notBefore: story.now, notAfter: story.now });
  });
});

describe('a session whose storage is down', () => {
  it('makes a user wait for it, because a pair that cannot be written would orphan the other instances', () => {
    const story = user()
      .opensWith(record.holding(7, tokens(START - 2 * HOUR)))
      .hears(asked);
    for (const _ of [1, 2]) {
      story.hears(storageFailed);
      expect(story.place).toBe('refreshing.backingOff');
      expect(story.deeds).not.toContain('rejectCallers');
      story.after(10 * SECOND).hears({ type: 'retryTimer.elapsed' });
    }
    expect(rejected(story.hears(storageFailed))).toEqual({ reason: 'failed', failure: failures.storage });
    expect(story.context.tokens).toEqual(tokens(START - 2 * HOUR));
  });

  it('lets a service ask without a lease', () => {
    const story = service().opensFresh().hears({ type: 'refresh.requested' }).hears(storageFailed);
    expect(story.place).toBe('refreshing.requesting');
    expect(story.deed('requestToken')).toEqual({ grant: 'client_credentials' });
  });
});

describe('a sign-in', () => {
  it('exchanges the code, writes the tokens, and serves them', () => {
    const story = user().opensWith(record.absent).hears({ type: 'authorization.started' });
    expect(story.place).toBe('authorizing.awaitingRedirect');
    story.after(MINUTE).hears({ type: 'code.received' });
    expect(story.deeds).toEqual(['stopTimer', 'requestToken', 'startTimer']);
    expect(story.deed('requestToken')).toEqual({ grant: 'authorization_code' });
    story.receives().hears(written(1));
    expect(story.place).toBe('valid.fresh');
    expect(story.deeds).toEqual(expect.arrayContaining(['announceTokens', 'confirmSignIn']));
  });

  it('is confirmed although its tokens cannot be written, because they are served all the same', () => {
    const story = user().opensWith(record.absent).hears({ type: 'code.received' }).receives().hears(storageFailed);
    expect(story.place).toBe('valid.unsaved');
    expect(story.deeds).toEqual(expect.arrayContaining(['announceTokens', 'confirmSignIn']));
  });

  it('waits ten minutes for the user, counted from the last beginning, and keeps nobody waiting meanwhile', () => {
    const story = user().opensWith(record.absent).hears({ type: 'authorization.started' });
    story.hears(asked).hears({ type: 'record.read', record: record.absent });
    expect(rejected(story)).toEqual({ reason: 'not_authenticated' });
    story.after(5 * MINUTE).hears({ type: 'authorization.started' });
    expect(story.deed('startTimer')).toEqual({
      timer: 'authorization',
      notBefore: story.now + policy.authorizationTtl,
      notAfter: story.now + policy.authorizationTtl,
    });
    expect(story.after(10 * MINUTE).hears({ type: 'authorizationTimer.elapsed' }).place).toBe('unauthenticated');
  });

  it('leaves things as they were when the user declines', () => {
    const fresh = user().opensWith(record.absent).hears({ type: 'authorization.started' });
    expect(fresh.hears({ type: 'authorization.denied' }).place).toBe('unauthenticated');
    const ended = user().opensWith(record.expired(7)).hears({ type: 'authorization.started' });
    expect(ended.hears({ type: 'authorization.denied' }).place).toBe('expired');
  });

  it('may complete although another instance began it, or the wait for it is over', () => {
    for (const facts of [record.absent, record.expired(7), record.revoked(7)]) {
      expect(user().opensWith(facts).hears({ type: 'code.received' }).place).toBe('authorizing.requesting');
    }
  });

  it('replaces the tokens that are there, and whatever was written meanwhile', () => {
    const story = user().opensFresh().hears({ type: 'authorization.started' });
    expect(story.place).toBe('valid.fresh');
    story.hears({ type: 'code.received' }).after(SECOND).receives();
    for (const facts of [record.holding(8, tokens(START)), record.expired(9), record.revoked(10), record.absent]) {
      story.hears({ type: 'commit.conflicted', record: facts });
      expect(story.deed('commitTokens')).toEqual({ expectedVersion: facts.version });
    }
    story.hears(written(11));
    expect(story.context).toMatchObject({ version: 11, tokens: tokens(START + SECOND) });
  });

  it('that fails leaves the tokens that are there', () => {
    const story = user().opensFresh().hears({ type: 'code.received' }).hears(refused);
    expect(story.deed('rejectSignIn')).toEqual({ failure: failures.refused });
    expect(story.place).toBe('valid.fresh');
    expect(story.context).toMatchObject({ tokens: tokens(START), ending: null });
  });

  it('that fails is not the business of those who ask for a token: they get what the session can renew', () => {
    const story = user().opensFresh().hears({ type: 'code.received' }).after(HOUR).hears(asked).hears(refused);
    expect(story.place).toBe('refreshing.leasing');
    expect(story.deeds).not.toContain('rejectCallers');
    expect(story.hears(granted).receives().hears(written(8)).deeds).toContain('serveCallers');
  });

  it('that fails leaves those who ask without a token with the reason why there is none', () => {
    for (const [facts, rejection] of [
      [record.absent, { reason: 'not_authenticated' }],
      [record.revoked(7), { reason: 'revoked' }],
    ] as const) {
      const story = user().opensWith(facts).hears({ type: 'code.received' }).hears(asked).hears(refused);
      expect(story.deed('rejectSignIn')).toEqual({ failure: failures.refused });
      expect(rejected(story)).toEqual(rejection);
    }
  });

  it('that fails ends the suspicion of the token whose renewal it broke off', () => {
    const story = user().opensFresh().hears({ type: 'token.rejected' });
    story
      .hears({ type: 'lease.held', until: START + SECOND })
      .hears({ type: 'code.received' })
      .hears(refused);
    expect(story.place).toBe('valid.fresh');
    expect(story.context.suspect).toBe(false);
  });

  it('is tried three times when the server cannot be reached, and then it is over: a code does not keep', () => {
    const story = user().opensWith(record.absent).hears({ type: 'code.received' });
    for (const _ of [1, 2]) {
      story.hears(unreachable);
      expect(story.place).toBe('authorizing.backingOff');
      story.after(5 * SECOND).hears({ type: 'retryTimer.elapsed' });
      expect(story.deed('requestToken')).toEqual({ grant: 'authorization_code' });
    }
    story.hears(unreachable);
    expect(story.place).toBe('unauthenticated');
    expect(story.deed('rejectSignIn')).toEqual({ failure: failures.unreachable });
    expect(story.context.attempt).toBe(0);
  });

  it('is seen through: while it takes a break, nobody is turned away, and nothing else begins', () => {
    const story = user().opensFresh().hears({ type: 'code.received' }).hears(unreachable);
    expect(story.place).toBe('authorizing.backingOff');
    for (const type of ['token.requested', 'token.rejected', 'refresh.requested'] as const) {
      expect(story.hears({ type }).effects).toEqual([]);
    }
    expect(story.hears({ type: 'record.changed', version: 8 }).effects).toEqual([]);
    for (const facts of [record.holding(8, tokens(START - 2 * HOUR)), record.expired(8), record.revoked(8)]) {
      expect(story.hears({ type: 'record.read', record: facts }).effects).toEqual([]);
    }
    expect(story.place).toBe('authorizing.backingOff');
    expect(story.context).toMatchObject({ version: 7, tokens: tokens(START), requested: true });
    expect(story.after(SECOND).hears({ type: 'retryTimer.elapsed' }).deed('requestToken')).toEqual({
      grant: 'authorization_code',
    });
  });
});

describe('imported tokens', () => {
  it('are written and served like received ones', () => {
    const story = user()
      .opensWith(record.absent)
      .hears({ type: 'tokens.imported', tokens: tokens(START) });
    expect(story.deeds).toEqual(['holdTokens', 'commitTokens']);
    story.hears(written(1));
    expect(story.place).toBe('valid.fresh');
    expect(story.deeds).toEqual(expect.arrayContaining(['confirmSignIn', 'serveCallers']));
  });

  it('are announced by nobody: the application had them first', () => {
    const story = user().opensFresh();
    story.hears({ type: 'tokens.imported', tokens: tokens(START) }).hears(written(8));
    expect(story.deeds).not.toContain('announceTokens');
    story.hears({ type: 'tokens.imported', tokens: tokens(START) }).hears(storageFailed);
    expect(story.deeds).not.toContain('announceTokens');
  });

  it('replace what there is', () => {
    const story = user()
      .opensFresh()
      .hears({ type: 'tokens.imported', tokens: tokens(START + SECOND) });
    story.hears({ type: 'commit.conflicted', record: record.holding(8, tokens(START)) });
    expect(story.deed('commitTokens')).toEqual({ expectedVersion: 8 });
  });

  it('may be expired, if there is a refresh token: nobody waits for their renewal', () => {
    const story = user().opensWith(record.absent);
    story.hears({ type: 'tokens.imported', tokens: tokens(START - 2 * HOUR) }).hears(written(1));
    expect(story.place).toBe('valid.due');
    expect(story.deeds).toEqual(['adoptTokens', 'confirmSignIn']);
  });

  it('that are expired are renewed for those who wait, who get no expired token', () => {
    const expired = { type: 'tokens.imported', tokens: tokens(START - 2 * HOUR) } as const;
    const story = user().opensWith(record.absent).hears(expired).hears(asked).hears(written(1));
    expect(story.place).toBe('refreshing.leasing');
    expect(story.deeds).toEqual(['adoptTokens', 'confirmSignIn', 'requestLease']);
  });

  it('that are expired and cannot be written are renewed without the storage, or not at all', () => {
    const expired = { type: 'tokens.imported', tokens: tokens(START - 2 * HOUR) } as const;
    const imports = (input: Partial<SessionInput>) =>
      user(input).opensWith(record.absent).hears(expired).hears(asked).hears(storageFailed);
    const renewing = imports({ onStorageUnavailable: 'request' });
    expect(renewing.place).toBe('refreshing.leasing');
    expect(renewing.deeds).not.toContain('serveCallers');
    const failing = imports({ onStorageUnavailable: 'fail' });
    expect(failing.place).toBe('valid.unsaved');
    expect(failing.deeds).toContain('confirmSignIn');
    expect(rejected(failing)).toEqual({ reason: 'failed', failure: failures.storage });
  });
});

describe('a revocation', () => {
  it('names the sign-in that brought the tokens', () => {
    const story = user().opensFresh({ signIn: 'one' }).hears({ type: 'revocation.requested' });
    story.hears({ type: 'revocation.finished' });
    const tombstone = { status: 'revoked', signIn: 'one' };
    expect(story.deed('commitTombstone')).toEqual({ expectedVersion: 7, tombstone });
  });

  it('tells the server, writes it down, and forgets the tokens', () => {
    const story = user().opensFresh().hears({ type: 'revocation.requested' });
    expect(story.deeds).toEqual(['stopTimer', 'releaseLease', 'revokeTokens']);
    expect(story.deed('revokeTokens')).toEqual({ which: 'served' });
    story.hears({ type: 'revocation.finished' });
    expect(story.deed('commitTombstone')).toEqual({ expectedVersion: 7, tombstone: { status: 'revoked' } });
    story.hears(written(8));
    expect(story.place).toBe('revoked');
    expect(story.deeds).toEqual(['forgetTokens', 'rejectCallers']);
    expect(story.context).toMatchObject({ version: 8, tokens: null, revoked: true });
  });

  it('turns away with its end whoever asks meanwhile', () => {
    const story = user().opensFresh().hears({ type: 'revocation.requested' });
    expect(story.hears(asked).effects).toEqual([]);
    story.hears({ type: 'revocation.finished' }).hears(written(8));
    expect(rejected(story)).toEqual({ reason: 'revoked' });
  });

  it('is meant for the tokens of a concurrent renewal as well', () => {
    const story = user().opensFresh().hears({ type: 'revocation.requested' }).hears({ type: 'revocation.finished' });
    story.hears({ type: 'commit.conflicted', record: record.holding(8, tokens(START + SECOND)) });
    expect(story.place).toBe('revoking.requesting');
    expect(story.deeds).toEqual(['adoptTokens', 'releaseLease', 'revokeTokens']);
    story.hears({ type: 'revocation.finished' });
    expect(story.deed('commitTombstone')).toMatchObject({ expectedVersion: 8 });
  });

  it('overwrites a tombstone, and writes one although the record is lost', () => {
    const story = user().opensFresh().hears({ type: 'revocation.requested' }).hears({ type: 'revocation.finished' });
    for (const facts of [record.expired(8), record.revoked(9), record.absent]) {
      story.hears({ type: 'commit.conflicted', record: facts });
      expect(story.deed('commitTombstone')).toMatchObject({ expectedVersion: facts.version });
    }
  });

  it('forgets the tokens although the storage fails, and remembers that it did', () => {
    const story = user().opensFresh().hears({ type: 'revocation.requested' }).hears({ type: 'revocation.finished' });
    story.hears(storageFailed);
    expect(story.place).toBe('revoked');
    expect(story.deeds).toContain('forgetTokens');
    expect(story.context).toMatchObject({ tokens: null, revoked: true, version: 7, failure: failures.storage });
    story.hears({ type: 'revocation.requested' });
    expect(story.deed('commitTombstone')).toEqual({ expectedVersion: 7, tombstone: { status: 'revoked' } });
  });

  it('needs no tokens, but a record', () => {
    const story = user().opensWith(record.expired(7)).hears({ type: 'revocation.requested' });
    expect(story.deeds).toEqual(['commitTombstone']);
    const stranger = user().opensWith(record.absent).hears({ type: 'revocation.requested' });
    expect(stranger.effects).toEqual([]);
    expect(stranger.place).toBe('unauthenticated');
  });

  it('of a service gives up its tokens, and whoever waits gets a new one', () => {
    for (const [outcome, version] of [
      [written(8), 8],
      [storageFailed, 7],
    ] as const) {
      const story = service().opensFresh().hears({ type: 'revocation.requested' }).hears(asked);
      story.hears({ type: 'revocation.finished' }).hears(outcome);
      expect(story.place).toBe('authorizing.leasing');
      expect(story.deeds).toEqual(['forgetTokens', 'requestLease']);
      expect(story.deed('requestLease')).toEqual({ ifVersion: version });
      expect(story.hears(granted).receives().hears(written(9)).deeds).toContain('serveCallers');
    }
  });

  it('by another instance is learned of from the storage', () => {
    const story = user().opensFresh().hears({ type: 'record.changed', version: 8 });
    story.hears({ type: 'record.read', record: record.revoked(8) });
    expect(story.place).toBe('revoked');
    expect(story.deed('adoptTokens')).toEqual({ from: 'record' });
  });
});

describe('tokens that nothing renews', () => {
  it('end at their expiry', () => {
    const story = user().opensFresh({ refreshable: false });
    expect(story.deed('startTimer')).toEqual({ timer: 'refresh', notBefore: START + HOUR, notAfter: START + HOUR });
    story.after(HOUR).hears({ type: 'refreshTimer.elapsed', used: true });
    expect(story.place).toBe('expired');
    expect(story.context.ending).toEqual({ cause: 'access_token_expired', failure: null });
    expect(story.deeds).toEqual(['stopTimer', 'forgetTokens', 'rejectCallers']);
  });

  it('end when somebody asks for them after their expiry, also when the timer is late', () => {
    expect(user().opensFresh({ refreshable: false }).after(HOUR).hears(asked).place).toBe('expired');
  });

  it('are served until then, also to those who believe them over', () => {
    const story = user()
      .opensFresh({ refreshable: false })
      .after(HOUR - 1);
    expect(story.hears(asked).deeds).toEqual(['serveCallers']);
    expect(story.hears({ type: 'refreshTimer.elapsed', used: true }).place).toBe('valid.fresh');
    expect(story.deed('startTimer')).toEqual({ timer: 'refresh', notBefore: START + HOUR, notAfter: START + HOUR });
  });

  it('never end by time, when the server did not say when they expire', () => {
    const story = user().opensFresh({ refreshable: false, expiresAt: null });
    expect(story.deed('startTimer')).toMatchObject({ notBefore: Number.MAX_SAFE_INTEGER });
    story.after(10_000 * HOUR);
    expect(story.hears(asked).deeds).toEqual(['serveCallers']);
    expect(story.place).toBe('valid.fresh');
  });
});

describe('news of other instances', () => {
  it('is read when it is news, and not for a commit of the session itself', () => {
    const story = user().opensFresh();
    expect(story.hears({ type: 'record.changed', version: 7 }).effects).toEqual([]);
    expect(story.hears({ type: 'record.changed', version: 8 }).deeds).toEqual(['readRecord']);
  });

  it('that comes late changes nothing', () => {
    const story = user().opensFresh();
    const before = stateOf(story);
    expect(story.hears({ type: 'record.changed', version: 6 }).deeds).toEqual(['readRecord']);
    story.hears({ type: 'record.read', record: record.holding(7, tokens(START)) });
    expect(stateOf(story)).toEqual(before);
  });

  it('whose tokens the storage lost before they were read keeps the older ones from being written again', () => {
    const story = user().opensFresh();
    const known = story.context.version;
    story.hears({ type: 'record.changed', version: known + 5 });
    story.hears(storageFailed);
    story.hears({ type: 'record.changed', version: 0 });
    expect(story.hears({ type: 'record.read', record: record.absent }).deeds).toEqual([]);
    expect(story.place).toBe('valid.fresh');
    // If the hint had been of another storage, the record would be unchanged, and those tokens the newest.
    story.hears({ type: 'record.changed', version: known + 5 });
    story.hears({ type: 'record.read', record: record.holding(known, tokens(START)) });
    story.hears({ type: 'record.changed', version: 0 });
    story.hears({ type: 'record.read', record: record.absent });
    expect(story.place).toBe('valid.unsaved');
  });

  it('signs a session in that had no tokens', () => {
    for (const facts of [record.absent, record.expired(3), record.revoked(3)]) {
      const story = user().opensWith(facts).hears({ type: 'record.changed', version: 4 });
      story.hears({ type: 'record.read', record: record.holding(4, tokens(START)) });
      expect(story.place).toBe('valid.fresh');
      expect(story.context).toMatchObject({ ending: null, revoked: false });
    }
  });
});

describe('events that nobody waits for', () => {
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

  it.each(stray)('change nothing at rest ($type)', (event) => {
    for (const story of [
      user().opensFresh(),
      user().opensWith(record.absent),
      user().opensWith(record.expired(7)),
      user().opensWith(record.revoked(7)),
      user().opensWith(record.holding(7, tokens(START - 2 * HOUR))),
    ]) {
      const before = stateOf(story);
      expect(story.hears(event).effects).toEqual([]);
      expect(stateOf(story)).toEqual(before);
    }
  });

  it('do not begin anything else while an answer is awaited', () => {
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
      const story = user().opensFresh().asksServer();
      const before = stateOf(story);
      expect(story.hears(event).effects).toEqual([]);
      expect(stateOf(story)).toEqual(before);
    }
  });
});

describe('a clock that goes backwards', () => {
  it('leaves a session as it was', () => {
    const story = user()
      .opensFresh()
      .after(-24 * HOUR);
    expect(story.hears({ type: 'refreshTimer.elapsed', used: false }).place).toBe('valid.due');
    expect(story.hears(asked).hears(granted).hears(unreachable).place).toBe('refreshing.backingOff');
    expect(story.deed('startTimer')).toMatchObject({ notBefore: story.now, notAfter: story.now + SECOND });
  });
});
