// The statechart of a session as plain XState code, to view it or to import it in Stately Studio. Generated from
// packages/core/src/machine: npm run dev -- pnpm generate
import { createMachine } from 'xstate';

export const sessionMachine = createMachine({
  id: 'session',
  context: {
    renewal: 'refresh_token',
    refreshBuffer: 300000,
    onStorageUnavailable: 'fail',
    version: 0,
    newest: 0,
    hintedVersion: 0,
    hintedOthers: false,
    tokens: null,
    ending: null,
    revoked: false,
    origin: 'refresh_token',
    held: null,
    unwritten: null,
    requested: false,
    suspect: false,
    forcedAt: null,
    pace: null,
    attempt: 0,
    failure: null,
    retryAt: null,
    possiblySpent: false,
    retried: false,
  },
  initial: 'restoring',
  states: {
    restoring: {
      description: 'The stored record has not been read yet, or cannot be read.',
      initial: 'unread',
      on: {
        'token.requested': {
          actions: 'noteRequest',
        },
        'refresh.requested': {
          actions: 'noteRequest',
        },
      },
      states: {
        unread: {
          always: {
            guard: 'isRequested',
            target: '#session.restoring.reading',
          },
          on: {
            'session.opened': {
              target: '#session.restoring.reading',
            },
            'code.received': {
              guard: 'mayReplaceRecord',
              target: '#session.authorizing.requesting',
              actions: [
                {
                  type: 'beginWith',
                  params: {
                    origin: 'authorization_code',
                  },
                },
                'forgetFailures',
              ],
            },
            'tokens.imported': {
              guard: 'mayReplaceRecord',
              target: '#session.authorizing.committing',
              actions: [
                {
                  type: 'beginWith',
                  params: {
                    origin: 'import',
                  },
                },
                'forgetPace',
                'rememberHeld',
                'holdTokens',
              ],
            },
            'revocation.requested': {
              guard: 'mayReplaceRecord',
              target: '#session.revoking.committing',
            },
          },
        },
        reading: {
          tags: ['busy'],
          entry: 'readRecord',
          on: {
            'record.read': {
              target: '#session.settling',
              actions: [
                'rememberRecord',
                {
                  type: 'adoptTokens',
                  params: {
                    from: 'record',
                  },
                },
              ],
            },
            'storage.failed': [
              {
                guard: 'usesClientCredentials and continuesWithoutStorage',
                target: '#session.settling',
                actions: ['noteUnreadable', 'noteFailure'],
              },
              {
                target: '#session.restoring.unread',
                actions: ['noteUnreadable', 'noteFailure', 'clearRequest', 'rejectCallers'],
              },
            ],
          },
        },
      },
    },
    settling: {
      description: 'Takes no time: picks the next state.',
      always: [
        {
          guard: 'usesClientCredentials and isRequested and not hasTokens',
          target: '#session.authorizing.leasing',
          actions: {
            type: 'beginWith',
            params: {
              origin: 'client_credentials',
            },
          },
        },
        {
          guard: 'isRevoked',
          target: '#session.revoked',
        },
        {
          guard: 'isEnded',
          target: '#session.expired',
        },
        {
          guard: 'isUnwritten and isAlive',
          target: '#session.valid.unsaved',
          actions: ['clearRequest', 'serveCallers'],
        },
        {
          guard: 'isUnwritten',
          target: '#session.valid.unsaved',
        },
        {
          guard: 'isExpiredForGood',
          target: '#session.expired',
          actions: [
            {
              type: 'noteEnding',
              params: {
                cause: 'access_token_expired',
              },
            },
            'rememberNothing',
            'forgetTokens',
          ],
        },
        {
          guard: 'isDue and isAlive',
          target: '#session.valid.due',
          actions: 'serveCallers',
        },
        {
          guard: 'isDue',
          target: '#session.valid.due',
        },
        {
          guard: 'hasTokens',
          target: '#session.valid.fresh',
        },
        {
          guard: 'mustKnowRecord',
          target: '#session.restoring.unread',
        },
        {
          target: '#session.unauthenticated',
        },
      ],
    },
    unauthenticated: {
      description: 'There are no tokens.',
      entry: ['clearRequest', 'rejectCallers'],
      on: {
        'session.opened': {
          actions: 'readRecord',
        },
        'token.requested': [
          {
            guard: 'usesClientCredentials',
            target: '#session.authorizing.leasing',
            actions: [
              'noteRequest',
              {
                type: 'beginWith',
                params: {
                  origin: 'client_credentials',
                },
              },
            ],
          },
          {
            guard: 'isRequested',
          },
          {
            actions: ['noteRequest', 'readRecord'],
          },
        ],
        'refresh.requested': [
          {
            guard: 'usesClientCredentials',
            target: '#session.authorizing.leasing',
            actions: [
              'noteRequest',
              {
                type: 'beginWith',
                params: {
                  origin: 'client_credentials',
                },
              },
            ],
          },
          {
            guard: 'isRequested',
          },
          {
            actions: ['noteRequest', 'readRecord'],
          },
        ],
        'record.changed': {
          guard: 'hintIsNew',
          actions: ['noteHint', 'readRecord'],
        },
        'record.read': [
          {
            guard: 'recordIsNewer',
            target: '#session.settling',
            actions: [
              'rememberRecord',
              {
                type: 'adoptTokens',
                params: {
                  from: 'record',
                },
              },
            ],
          },
          {
            guard: 'isRequested',
            actions: ['clearRequest', 'rejectCallers'],
          },
        ],
        'storage.failed': {
          guard: 'isRequested',
          actions: ['clearRequest', 'rejectCallers'],
        },
        'authorization.started': {
          target: '#session.authorizing.awaitingRedirect',
        },
        'code.received': {
          target: '#session.authorizing.requesting',
          actions: [
            {
              type: 'beginWith',
              params: {
                origin: 'authorization_code',
              },
            },
            'forgetFailures',
          ],
        },
        'tokens.imported': {
          target: '#session.authorizing.committing',
          actions: [
            {
              type: 'beginWith',
              params: {
                origin: 'import',
              },
            },
            'forgetPace',
            'rememberHeld',
            'holdTokens',
          ],
        },
        'revocation.requested': [
          {
            guard: 'hasTokens',
            target: '#session.revoking.requesting',
          },
          {
            guard: 'hasRecord',
            target: '#session.revoking.committing',
          },
        ],
      },
    },
    authorizing: {
      description: 'Requests the first tokens: for a user who signs in, or for a service.',
      initial: 'leasing',
      on: {
        'token.requested': {
          actions: 'noteRequest',
        },
        'token.rejected': {
          actions: 'noteRequest',
        },
        'refresh.requested': {
          actions: 'noteRequest',
        },
      },
      states: {
        awaitingRedirect: {
          entry: 'startTimer',
          exit: {
            type: 'stopTimer',
            params: {
              timer: 'authorization',
            },
          },
          on: {
            'session.opened': {
              actions: 'readRecord',
            },
            'token.requested': [
              {
                guard: 'usesClientCredentials',
                target: '#session.authorizing.leasing',
                actions: [
                  'noteRequest',
                  {
                    type: 'beginWith',
                    params: {
                      origin: 'client_credentials',
                    },
                  },
                ],
              },
              {
                guard: 'isRequested',
              },
              {
                actions: ['noteRequest', 'readRecord'],
              },
            ],
            'refresh.requested': [
              {
                guard: 'usesClientCredentials',
                target: '#session.authorizing.leasing',
                actions: [
                  'noteRequest',
                  {
                    type: 'beginWith',
                    params: {
                      origin: 'client_credentials',
                    },
                  },
                ],
              },
              {
                guard: 'isRequested',
              },
              {
                actions: ['noteRequest', 'readRecord'],
              },
            ],
            'record.changed': {
              guard: 'hintIsNew',
              actions: ['noteHint', 'readRecord'],
            },
            'record.read': [
              {
                guard: 'recordIsNewer',
                target: '#session.settling',
                actions: [
                  'rememberRecord',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'record',
                    },
                  },
                ],
              },
              {
                guard: 'isRequested',
                actions: ['clearRequest', 'rejectCallers'],
              },
            ],
            'storage.failed': {
              guard: 'isRequested',
              actions: ['clearRequest', 'rejectCallers'],
            },
            'authorization.started': {
              target: '#session.authorizing.awaitingRedirect',
              reenter: true,
            },
            'authorization.denied': {
              target: '#session.settling',
            },
            'authorizationTimer.elapsed': {
              target: '#session.settling',
            },
            'code.received': {
              target: '#session.authorizing.requesting',
              actions: [
                {
                  type: 'beginWith',
                  params: {
                    origin: 'authorization_code',
                  },
                },
                'forgetFailures',
              ],
            },
            'tokens.imported': {
              target: '#session.authorizing.committing',
              actions: [
                {
                  type: 'beginWith',
                  params: {
                    origin: 'import',
                  },
                },
                'forgetPace',
                'rememberHeld',
                'holdTokens',
              ],
            },
            'revocation.requested': [
              {
                guard: 'hasTokens',
                target: '#session.revoking.requesting',
              },
              {
                guard: 'hasRecord',
                target: '#session.revoking.committing',
              },
            ],
          },
        },
        leasing: {
          tags: ['busy'],
          entry: 'requestLease',
          on: {
            'lease.granted': {
              target: '#session.authorizing.requesting',
              actions: 'noteLease',
            },
            'lease.held': {
              target: '#session.authorizing.waiting',
            },
            'lease.moved': [
              {
                guard: 'recordWentBack',
                target: '#session.authorizing.leasing',
                reenter: true,
                actions: 'noteRecord',
              },
              {
                target: '#session.settling',
                actions: [
                  'rememberRecord',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'record',
                    },
                  },
                ],
              },
            ],
            'storage.failed': [
              {
                guard: 'continuesWithoutStorage',
                target: '#session.authorizing.requesting',
              },
              {
                guard: 'callersMayWait',
                target: '#session.authorizing.backingOff',
                actions: 'noteFailure',
              },
              {
                target: '#session.authorizing.backingOff',
                actions: ['noteFailure', 'clearRequest', 'rejectCallers'],
              },
            ],
          },
        },
        waiting: {
          entry: 'startTimer',
          exit: {
            type: 'stopTimer',
            params: {
              timer: 'poll',
            },
          },
          on: {
            'record.changed': {
              target: '#session.authorizing.leasing',
              actions: 'noteHint',
            },
            'pollTimer.elapsed': {
              target: '#session.authorizing.leasing',
            },
            'code.received': {
              target: '#session.authorizing.requesting',
              actions: [
                {
                  type: 'beginWith',
                  params: {
                    origin: 'authorization_code',
                  },
                },
                'forgetFailures',
              ],
            },
            'tokens.imported': {
              target: '#session.authorizing.committing',
              actions: [
                {
                  type: 'beginWith',
                  params: {
                    origin: 'import',
                  },
                },
                'forgetPace',
                'rememberHeld',
                'holdTokens',
              ],
            },
            'revocation.requested': [
              {
                guard: 'hasTokens',
                target: '#session.revoking.requesting',
              },
              {
                guard: 'hasRecord',
                target: '#session.revoking.committing',
              },
            ],
          },
        },
        requesting: {
          tags: ['busy'],
          entry: ['requestToken', 'startTimer'],
          exit: {
            type: 'stopTimer',
            params: {
              timer: 'lease',
            },
          },
          on: {
            'leaseTimer.elapsed': {
              actions: ['renewLease', 'startTimer'],
            },
            'tokenResponse.received': {
              target: '#session.authorizing.committing',
              actions: ['rememberHeld', 'notePace', 'holdTokens'],
            },
            'tokenRequest.failed': [
              {
                guard: 'responseWasLost',
                target: '#session.authorizing.requesting',
                reenter: true,
                actions: 'noteLostResponse',
              },
              {
                guard: 'callersMayWait',
                target: '#session.authorizing.backingOff',
                actions: 'noteFailure',
              },
              {
                guard: 'isExchangingCode',
                target: '#session.settling',
                actions: ['forgetFailures', 'rejectSignIn'],
              },
              {
                target: '#session.authorizing.backingOff',
                actions: ['noteFailure', 'clearRequest', 'rejectCallers'],
              },
            ],
          },
        },
        committing: {
          tags: ['busy'],
          entry: 'commitTokens',
          on: {
            'commit.succeeded': [
              {
                guard: 'isImporting',
                target: '#session.settling',
                actions: [
                  'rememberCommit',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'held',
                    },
                  },
                  'confirmSignIn',
                ],
              },
              {
                guard: 'heldIsAlive',
                target: '#session.settling',
                actions: [
                  'rememberCommit',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'held',
                    },
                  },
                  'announceTokens',
                  'confirmSignIn',
                  'clearRequest',
                  'serveCallers',
                ],
              },
              {
                target: '#session.settling',
                actions: [
                  'rememberCommit',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'held',
                    },
                  },
                  'announceTokens',
                  'confirmSignIn',
                  'noteExpiredOnArrival',
                ],
              },
            ],
            'commit.conflicted': [
              {
                guard: 'newTokensReplaceRecord',
                target: '#session.authorizing.committing',
                reenter: true,
                actions: 'noteRecord',
              },
              {
                guard: 'recordIsRevoked',
                target: '#session.settling',
                actions: [
                  {
                    type: 'revokeTokens',
                    params: {
                      which: 'held',
                    },
                  },
                  'rememberRecord',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'record',
                    },
                  },
                ],
              },
              {
                target: '#session.settling',
                actions: [
                  'rememberRecord',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'record',
                    },
                  },
                ],
              },
            ],
            'storage.failed': [
              {
                guard: 'newTokensReplaceUnreadable',
                target: '#session.authorizing.committing',
                reenter: true,
                actions: 'noteUnreadable',
              },
              {
                guard: 'isImporting',
                target: '#session.settling',
                actions: [
                  'rememberUnwritten',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'held',
                    },
                  },
                  'confirmSignIn',
                ],
              },
              {
                guard: 'heldIsAlive',
                target: '#session.valid.unsaved',
                actions: [
                  'rememberUnwritten',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'held',
                    },
                  },
                  'announceTokens',
                  'confirmSignIn',
                  'clearRequest',
                  'serveCallers',
                ],
              },
              {
                target: '#session.valid.unsaved',
                actions: [
                  'rememberUnwritten',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'held',
                    },
                  },
                  'announceTokens',
                  'confirmSignIn',
                  'noteExpiredOnArrival',
                ],
              },
            ],
          },
        },
        backingOff: {
          entry: ['releaseLease', 'startTimer'],
          exit: {
            type: 'stopTimer',
            params: {
              timer: 'retry',
            },
          },
          on: {
            'retryTimer.elapsed': [
              {
                guard: 'isExchangingCode',
                target: '#session.authorizing.requesting',
              },
              {
                guard: 'isRequested',
                target: '#session.authorizing.leasing',
              },
              {
                target: '#session.settling',
              },
            ],
            'token.requested': [
              {
                guard: 'isExchangingCode',
                actions: 'noteRequest',
              },
              {
                guard: 'callersMayStillWait',
                actions: 'noteRequest',
              },
              {
                actions: ['noteRequest', 'rejectCallers'],
              },
            ],
            'token.rejected': [
              {
                guard: 'isExchangingCode',
                actions: 'noteRequest',
              },
              {
                guard: 'callersMayStillWait',
                actions: 'noteRequest',
              },
              {
                actions: ['noteRequest', 'rejectCallers'],
              },
            ],
            'refresh.requested': [
              {
                guard: 'isExchangingCode',
                actions: 'noteRequest',
              },
              {
                guard: 'serverSetNoTime',
                target: '#session.authorizing.leasing',
                actions: 'noteRequest',
              },
              {
                actions: ['noteRequest', 'rejectCallers'],
              },
            ],
            'record.changed': [
              {
                guard: 'isExchangingCode',
              },
              {
                guard: 'hintIsNew',
                actions: ['noteHint', 'readRecord'],
              },
            ],
            'record.read': [
              {
                guard: 'isExchangingCode',
              },
              {
                guard: 'recordIsNewer',
                target: '#session.settling',
                actions: [
                  'rememberRecord',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'record',
                    },
                  },
                ],
              },
            ],
            'code.received': {
              target: '#session.authorizing.requesting',
              actions: [
                {
                  type: 'beginWith',
                  params: {
                    origin: 'authorization_code',
                  },
                },
                'forgetFailures',
              ],
            },
            'tokens.imported': {
              target: '#session.authorizing.committing',
              actions: [
                {
                  type: 'beginWith',
                  params: {
                    origin: 'import',
                  },
                },
                'forgetPace',
                'rememberHeld',
                'holdTokens',
              ],
            },
            'revocation.requested': [
              {
                guard: 'hasTokens',
                target: '#session.revoking.requesting',
              },
              {
                guard: 'hasRecord',
                target: '#session.revoking.committing',
              },
            ],
          },
        },
      },
    },
    valid: {
      description: 'There are tokens, and neither the server nor the API has rejected them.',
      initial: 'fresh',
      on: {
        'refresh.requested': [
          {
            guard: 'canRenew',
            target: '#session.refreshing.leasing',
            actions: ['noteRequest', 'beginWith'],
          },
          {
            actions: 'rejectCallers',
          },
        ],
        'token.rejected': [
          {
            guard: 'wasForcedRecently',
            actions: 'serveCallers',
          },
          {
            guard: 'canRenew',
            target: '#session.refreshing.leasing',
            actions: ['noteRequest', 'beginWith', 'noteRejectedToken'],
          },
          {
            target: '#session.expired',
            actions: [
              {
                type: 'noteEnding',
                params: {
                  cause: 'access_token_rejected',
                },
              },
              'rememberNothing',
              'forgetTokens',
            ],
          },
        ],
        'code.received': {
          target: '#session.authorizing.requesting',
          actions: [
            {
              type: 'beginWith',
              params: {
                origin: 'authorization_code',
              },
            },
            'forgetFailures',
          ],
        },
        'tokens.imported': {
          target: '#session.authorizing.committing',
          actions: [
            {
              type: 'beginWith',
              params: {
                origin: 'import',
              },
            },
            'forgetPace',
            'rememberHeld',
            'holdTokens',
          ],
        },
        'revocation.requested': [
          {
            guard: 'hasTokens',
            target: '#session.revoking.requesting',
          },
          {
            guard: 'hasRecord',
            target: '#session.revoking.committing',
          },
        ],
      },
      states: {
        fresh: {
          entry: ['clearRequest', 'serveCallers', 'startTimer'],
          exit: {
            type: 'stopTimer',
            params: {
              timer: 'refresh',
            },
          },
          on: {
            'refreshTimer.elapsed': [
              {
                guard: 'canRenew and wasUsed and not isPaced',
                target: '#session.refreshing.leasing',
                actions: ['noteRequest', 'beginWith', 'noteEarlyRefresh'],
              },
              {
                guard: 'canRenew',
                target: '#session.valid.due',
              },
              {
                guard: 'isExpiredForGood',
                target: '#session.expired',
                actions: [
                  {
                    type: 'noteEnding',
                    params: {
                      cause: 'access_token_expired',
                    },
                  },
                  'rememberNothing',
                  'forgetTokens',
                ],
              },
              {
                target: '#session.valid.fresh',
                reenter: true,
              },
            ],
            'token.requested': [
              {
                guard: 'isPaced',
                actions: 'serveCallers',
              },
              {
                guard: 'canRenew',
                target: '#session.refreshing.leasing',
                actions: ['noteRequest', 'beginWith', 'noteEarlyRefresh'],
              },
              {
                guard: 'isExpiredForGood',
                target: '#session.expired',
                actions: [
                  {
                    type: 'noteEnding',
                    params: {
                      cause: 'access_token_expired',
                    },
                  },
                  'rememberNothing',
                  'forgetTokens',
                ],
              },
              {
                actions: 'serveCallers',
              },
            ],
            'record.changed': {
              guard: 'hintIsNew',
              actions: ['noteHint', 'readRecord'],
            },
            'record.read': [
              {
                guard: 'recordIsNewer',
                target: '#session.settling',
                actions: [
                  'rememberRecord',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'record',
                    },
                  },
                ],
              },
              {
                guard: 'lostTokensAreUsable',
                target: '#session.settling',
                actions: 'noteRecord',
              },
              {
                guard: 'recordIsKnown',
                actions: 'forgetHint',
              },
            ],
          },
        },
        due: {
          description: 'No caller used the token recently, so the refresh waits for the next caller.',
          always: [
            {
              guard: 'isPaced and isRequested',
              actions: ['clearRequest', 'serveCallers'],
            },
            {
              guard: 'canRenew and isRequested',
              target: '#session.refreshing.leasing',
              actions: ['beginWith', 'noteEarlyRefresh'],
            },
          ],
          on: {
            'token.requested': [
              {
                guard: 'isPaced',
                actions: 'serveCallers',
              },
              {
                target: '#session.refreshing.leasing',
                actions: ['noteRequest', 'beginWith', 'noteEarlyRefresh'],
              },
            ],
            'record.changed': {
              guard: 'hintIsNew',
              actions: ['noteHint', 'readRecord'],
            },
            'record.read': [
              {
                guard: 'recordIsNewer',
                target: '#session.settling',
                actions: [
                  'rememberRecord',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'record',
                    },
                  },
                ],
              },
              {
                guard: 'lostTokensAreUsable',
                target: '#session.settling',
                actions: 'noteRecord',
              },
              {
                guard: 'recordIsKnown',
                actions: 'forgetHint',
              },
            ],
          },
        },
        unsaved: {
          description:
            'New tokens are served from memory, because the storage could not write them. The write is retried.',
          entry: 'startTimer',
          exit: {
            type: 'stopTimer',
            params: {
              timer: 'retry',
            },
          },
          always: [
            {
              guard: 'isPaced and isRequested',
              actions: ['clearRequest', 'serveCallers'],
            },
            {
              guard: 'isRequested and canRenew and continuesWithoutStorage',
              target: '#session.refreshing.leasing',
              actions: ['beginWith', 'noteEarlyRefresh'],
            },
            {
              guard: 'isRequested',
              actions: ['clearRequest', 'rejectCallers'],
            },
          ],
          on: {
            'retryTimer.elapsed': [
              {
                guard: 'knowsOfNewer',
                actions: 'readRecord',
              },
              {
                actions: 'commitTokens',
              },
            ],
            'record.changed': {
              actions: 'noteHint',
            },
            'record.read': [
              {
                guard: 'recordIsKnown',
                actions: ['forgetHint', 'commitTokens'],
              },
              {
                guard: 'newerIsLost',
                target: '#session.settling',
                actions: 'noteRecord',
              },
              {
                guard: 'newTokensReplaceRecordButNewerExists',
                target: '#session.valid.unsaved',
                reenter: true,
                actions: 'noteRecord',
              },
              {
                guard: 'newTokensReplaceRecord',
                actions: ['noteRecord', 'commitTokens'],
              },
              {
                guard: 'recordIsLost',
              },
              {
                guard: 'recordIsRevoked',
                target: '#session.settling',
                actions: [
                  {
                    type: 'revokeTokens',
                    params: {
                      which: 'unwritten',
                    },
                  },
                  'rememberRecord',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'record',
                    },
                  },
                ],
              },
              {
                target: '#session.settling',
                actions: [
                  'rememberRecord',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'record',
                    },
                  },
                ],
              },
            ],
            'lease.held': {
              target: '#session.settling',
              actions: 'leaveRestoreToOthers',
            },
            'commit.succeeded': {
              target: '#session.settling',
              actions: 'rememberCommit',
            },
            'commit.conflicted': [
              {
                guard: 'newerIsLost',
                target: '#session.settling',
                actions: 'noteRecord',
              },
              {
                guard: 'newTokensReplaceRecordButNewerExists',
                target: '#session.valid.unsaved',
                reenter: true,
                actions: 'noteRecord',
              },
              {
                guard: 'newTokensReplaceRecord',
                actions: ['noteRecord', 'commitTokens'],
              },
              {
                guard: 'recordIsRevoked',
                target: '#session.settling',
                actions: [
                  {
                    type: 'revokeTokens',
                    params: {
                      which: 'unwritten',
                    },
                  },
                  'rememberRecord',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'record',
                    },
                  },
                ],
              },
              {
                target: '#session.settling',
                actions: [
                  'rememberRecord',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'record',
                    },
                  },
                ],
              },
            ],
            'storage.failed': [
              {
                guard: 'newTokensReplaceUnreadable',
                actions: ['noteUnreadable', 'commitTokens'],
              },
              {
                target: '#session.valid.unsaved',
                reenter: true,
                actions: 'noteFailure',
              },
            ],
            'token.requested': [
              {
                guard: 'isPaced',
                actions: 'serveCallers',
              },
              {
                guard: 'isDue and continuesWithoutStorage',
                target: '#session.refreshing.leasing',
                actions: ['noteRequest', 'beginWith', 'noteEarlyRefresh'],
              },
              {
                guard: 'isAlive',
                actions: 'serveCallers',
              },
              {
                actions: 'rejectCallers',
              },
            ],
            'refresh.requested': [
              {
                guard: 'canRenew and continuesWithoutStorage',
                target: '#session.refreshing.leasing',
                actions: ['noteRequest', 'beginWith'],
              },
              {
                actions: 'rejectCallers',
              },
            ],
            'token.rejected': [
              {
                guard: 'wasForcedRecently',
                actions: 'serveCallers',
              },
              {
                guard: 'canRenew and continuesWithoutStorage',
                target: '#session.refreshing.leasing',
                actions: ['noteRequest', 'beginWith', 'noteRejectedToken'],
              },
              {
                actions: 'rejectCallers',
              },
            ],
          },
        },
      },
    },
    refreshing: {
      description: 'Requests new tokens, and serves the present ones until they expire.',
      initial: 'leasing',
      on: {
        'token.requested': {
          actions: 'noteRequest',
        },
        'token.rejected': {
          actions: 'noteRequest',
        },
        'refresh.requested': {
          actions: 'noteRequest',
        },
      },
      states: {
        leasing: {
          tags: ['busy'],
          entry: 'requestLease',
          on: {
            'lease.granted': {
              target: '#session.refreshing.requesting',
              actions: 'noteLease',
            },
            'lease.held': {
              target: '#session.refreshing.waiting',
            },
            'lease.moved': [
              {
                guard: 'recordWentBack',
                target: '#session.refreshing.leasing',
                reenter: true,
                actions: 'noteRecord',
              },
              {
                guard: 'unwrittenDisproveRecord',
                target: '#session.refreshing.leasing',
                reenter: true,
                actions: 'noteRecord',
              },
              {
                guard: 'unwrittenAreRevoked',
                target: '#session.settling',
                actions: [
                  {
                    type: 'revokeTokens',
                    params: {
                      which: 'unwritten',
                    },
                  },
                  'rememberRecord',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'record',
                    },
                  },
                ],
              },
              {
                target: '#session.settling',
                actions: [
                  'rememberRecord',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'record',
                    },
                  },
                ],
              },
            ],
            'storage.failed': [
              {
                guard: 'continuesWithoutStorage',
                target: '#session.refreshing.requesting',
              },
              {
                guard: 'callersMayWait',
                target: '#session.refreshing.backingOff',
                actions: 'noteFailure',
              },
              {
                target: '#session.refreshing.backingOff',
                actions: ['noteFailure', 'clearRequest', 'rejectCallers'],
              },
            ],
          },
        },
        waiting: {
          entry: 'startTimer',
          exit: {
            type: 'stopTimer',
            params: {
              timer: 'poll',
            },
          },
          on: {
            'record.changed': {
              target: '#session.refreshing.leasing',
              actions: 'noteHint',
            },
            'pollTimer.elapsed': {
              target: '#session.refreshing.leasing',
            },
            'code.received': {
              target: '#session.authorizing.requesting',
              actions: [
                {
                  type: 'beginWith',
                  params: {
                    origin: 'authorization_code',
                  },
                },
                'forgetFailures',
              ],
            },
            'tokens.imported': {
              target: '#session.authorizing.committing',
              actions: [
                {
                  type: 'beginWith',
                  params: {
                    origin: 'import',
                  },
                },
                'forgetPace',
                'rememberHeld',
                'holdTokens',
              ],
            },
            'revocation.requested': [
              {
                guard: 'hasTokens',
                target: '#session.revoking.requesting',
              },
              {
                guard: 'hasRecord',
                target: '#session.revoking.committing',
              },
            ],
          },
        },
        requesting: {
          tags: ['busy'],
          entry: ['requestToken', 'startTimer'],
          exit: {
            type: 'stopTimer',
            params: {
              timer: 'lease',
            },
          },
          on: {
            'leaseTimer.elapsed': {
              actions: ['renewLease', 'startTimer'],
            },
            'tokenResponse.received': {
              target: '#session.refreshing.committing',
              actions: ['rememberHeld', 'notePace', 'holdTokens'],
            },
            'tokenRequest.failed': [
              {
                guard: 'responseWasLost',
                target: '#session.refreshing.leasing',
                actions: 'noteLostResponse',
              },
              {
                guard: 'refreshTokenWasRejected',
                target: '#session.refreshing.writingTombstone',
                actions: 'noteRejection',
              },
              {
                guard: 'callersMayWait',
                target: '#session.refreshing.backingOff',
                actions: 'noteFailure',
              },
              {
                target: '#session.refreshing.backingOff',
                actions: ['noteFailure', 'clearRequest', 'rejectCallers'],
              },
            ],
          },
        },
        committing: {
          tags: ['busy'],
          entry: 'commitTokens',
          on: {
            'commit.succeeded': [
              {
                guard: 'heldIsAlive',
                target: '#session.settling',
                actions: [
                  'rememberCommit',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'held',
                    },
                  },
                  'announceTokens',
                  'confirmSignIn',
                  'clearRequest',
                  'serveCallers',
                ],
              },
              {
                target: '#session.settling',
                actions: [
                  'rememberCommit',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'held',
                    },
                  },
                  'announceTokens',
                  'confirmSignIn',
                  'noteExpiredOnArrival',
                ],
              },
            ],
            'commit.conflicted': [
              {
                guard: 'newTokensReplaceRecord',
                target: '#session.refreshing.committing',
                reenter: true,
                actions: 'noteRecord',
              },
              {
                guard: 'recordIsRevoked',
                target: '#session.settling',
                actions: [
                  {
                    type: 'revokeTokens',
                    params: {
                      which: 'held',
                    },
                  },
                  'rememberRecord',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'record',
                    },
                  },
                ],
              },
              {
                target: '#session.settling',
                actions: [
                  'rememberRecord',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'record',
                    },
                  },
                ],
              },
            ],
            'storage.failed': [
              {
                guard: 'newTokensReplaceUnreadable',
                target: '#session.refreshing.committing',
                reenter: true,
                actions: 'noteUnreadable',
              },
              {
                guard: 'heldIsAlive',
                target: '#session.valid.unsaved',
                actions: [
                  'rememberUnwritten',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'held',
                    },
                  },
                  'announceTokens',
                  'confirmSignIn',
                  'clearRequest',
                  'serveCallers',
                ],
              },
              {
                target: '#session.valid.unsaved',
                actions: [
                  'rememberUnwritten',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'held',
                    },
                  },
                  'announceTokens',
                  'confirmSignIn',
                  'noteExpiredOnArrival',
                ],
              },
            ],
          },
        },
        writingTombstone: {
          description:
            'The server rejected the refresh token. The session ends, unless another instance has newer tokens.',
          tags: ['busy'],
          entry: 'commitTombstone',
          on: {
            'commit.succeeded': {
              target: '#session.settling',
              actions: ['rememberNothing', 'noteVersion', 'forgetTokens'],
            },
            'commit.conflicted': [
              {
                guard: 'recordWentBack',
                target: '#session.refreshing.writingTombstone',
                reenter: true,
                actions: 'noteRecord',
              },
              {
                target: '#session.settling',
                actions: [
                  'rememberRecord',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'record',
                    },
                  },
                ],
              },
            ],
            'storage.failed': {
              target: '#session.refreshing.backingOff',
              actions: ['forgetRejection', 'noteFailure', 'clearRequest', 'rejectCallers'],
            },
          },
        },
        backingOff: {
          entry: ['releaseLease', 'startTimer'],
          exit: {
            type: 'stopTimer',
            params: {
              timer: 'retry',
            },
          },
          on: {
            'retryTimer.elapsed': [
              {
                guard: 'isRequested',
                target: '#session.refreshing.leasing',
              },
              {
                target: '#session.settling',
              },
            ],
            'token.requested': [
              {
                guard: 'callersMayStillWait',
                actions: 'noteRequest',
              },
              {
                actions: ['noteRequest', 'rejectCallers'],
              },
            ],
            'token.rejected': [
              {
                guard: 'callersMayStillWait',
                actions: 'noteRequest',
              },
              {
                actions: ['noteRequest', 'rejectCallers'],
              },
            ],
            'refresh.requested': [
              {
                guard: 'serverSetNoTime',
                target: '#session.refreshing.leasing',
                actions: 'noteRequest',
              },
              {
                actions: ['noteRequest', 'rejectCallers'],
              },
            ],
            'record.changed': {
              guard: 'hintIsNew',
              actions: ['noteHint', 'readRecord'],
            },
            'record.read': [
              {
                guard: 'recordIsLost',
                actions: 'noteRecord',
              },
              {
                guard: 'recordIsKnown',
                actions: 'forgetHint',
              },
              {
                guard: 'unwrittenDisproveRecord',
                actions: 'noteRecord',
              },
              {
                guard: 'unwrittenAreRevoked',
                target: '#session.settling',
                actions: [
                  {
                    type: 'revokeTokens',
                    params: {
                      which: 'unwritten',
                    },
                  },
                  'rememberRecord',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'record',
                    },
                  },
                ],
              },
              {
                guard: 'recordIsNewer',
                target: '#session.settling',
                actions: [
                  'rememberRecord',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'record',
                    },
                  },
                ],
              },
            ],
            'code.received': {
              target: '#session.authorizing.requesting',
              actions: [
                {
                  type: 'beginWith',
                  params: {
                    origin: 'authorization_code',
                  },
                },
                'forgetFailures',
              ],
            },
            'tokens.imported': {
              target: '#session.authorizing.committing',
              actions: [
                {
                  type: 'beginWith',
                  params: {
                    origin: 'import',
                  },
                },
                'forgetPace',
                'rememberHeld',
                'holdTokens',
              ],
            },
            'revocation.requested': [
              {
                guard: 'hasTokens',
                target: '#session.revoking.requesting',
              },
              {
                guard: 'hasRecord',
                target: '#session.revoking.committing',
              },
            ],
          },
        },
      },
    },
    expired: {
      description: 'The session has expired. The user must sign in again.',
      entry: ['clearRequest', 'rejectCallers'],
      on: {
        'session.opened': {
          actions: 'readRecord',
        },
        'token.requested': [
          {
            guard: 'usesClientCredentials',
            target: '#session.authorizing.leasing',
            actions: [
              'noteRequest',
              {
                type: 'beginWith',
                params: {
                  origin: 'client_credentials',
                },
              },
            ],
          },
          {
            guard: 'isRequested',
          },
          {
            actions: ['noteRequest', 'readRecord'],
          },
        ],
        'refresh.requested': [
          {
            guard: 'usesClientCredentials',
            target: '#session.authorizing.leasing',
            actions: [
              'noteRequest',
              {
                type: 'beginWith',
                params: {
                  origin: 'client_credentials',
                },
              },
            ],
          },
          {
            guard: 'isRequested',
          },
          {
            actions: ['noteRequest', 'readRecord'],
          },
        ],
        'record.changed': {
          guard: 'hintIsNew',
          actions: ['noteHint', 'readRecord'],
        },
        'record.read': [
          {
            guard: 'recordIsNewer',
            target: '#session.settling',
            actions: [
              'rememberRecord',
              {
                type: 'adoptTokens',
                params: {
                  from: 'record',
                },
              },
            ],
          },
          {
            guard: 'isRequested',
            actions: ['clearRequest', 'rejectCallers'],
          },
        ],
        'storage.failed': {
          guard: 'isRequested',
          actions: ['clearRequest', 'rejectCallers'],
        },
        'authorization.started': {
          target: '#session.authorizing.awaitingRedirect',
        },
        'code.received': {
          target: '#session.authorizing.requesting',
          actions: [
            {
              type: 'beginWith',
              params: {
                origin: 'authorization_code',
              },
            },
            'forgetFailures',
          ],
        },
        'tokens.imported': {
          target: '#session.authorizing.committing',
          actions: [
            {
              type: 'beginWith',
              params: {
                origin: 'import',
              },
            },
            'forgetPace',
            'rememberHeld',
            'holdTokens',
          ],
        },
        'revocation.requested': [
          {
            guard: 'hasTokens',
            target: '#session.revoking.requesting',
          },
          {
            guard: 'hasRecord',
            target: '#session.revoking.committing',
          },
        ],
      },
    },
    revoking: {
      description: 'The tokens are being revoked: at the server first, then in the storage.',
      initial: 'requesting',
      on: {
        'token.requested': {
          actions: 'noteRequest',
        },
        'token.rejected': {
          actions: 'noteRequest',
        },
        'refresh.requested': {
          actions: 'noteRequest',
        },
      },
      states: {
        requesting: {
          tags: ['busy'],
          entry: [
            {
              type: 'releaseLease',
              params: {
                spent: false,
              },
            },
            {
              type: 'revokeTokens',
              params: {
                which: 'served',
              },
            },
          ],
          on: {
            'revocation.finished': {
              target: '#session.revoking.committing',
            },
          },
        },
        committing: {
          tags: ['busy'],
          entry: 'commitTombstone',
          on: {
            'commit.succeeded': {
              target: '#session.settling',
              actions: ['rememberRevocation', 'forgetTokens'],
            },
            'commit.conflicted': [
              {
                guard: 'recordHasTokens',
                target: '#session.revoking.requesting',
                actions: [
                  'rememberRecord',
                  {
                    type: 'adoptTokens',
                    params: {
                      from: 'record',
                    },
                  },
                ],
              },
              {
                target: '#session.revoking.committing',
                reenter: true,
                actions: 'noteRecord',
              },
            ],
            'storage.failed': [
              {
                guard: 'unreadableIsNewer',
                target: '#session.revoking.committing',
                reenter: true,
                actions: 'noteUnreadable',
              },
              {
                target: '#session.settling',
                actions: ['rememberRevocation', 'noteFailure', 'forgetTokens'],
              },
            ],
          },
        },
      },
    },
    revoked: {
      description: 'The tokens were revoked.',
      entry: ['clearRequest', 'rejectCallers'],
      on: {
        'session.opened': {
          actions: 'readRecord',
        },
        'token.requested': [
          {
            guard: 'usesClientCredentials',
            target: '#session.authorizing.leasing',
            actions: [
              'noteRequest',
              {
                type: 'beginWith',
                params: {
                  origin: 'client_credentials',
                },
              },
            ],
          },
          {
            guard: 'isRequested',
          },
          {
            actions: ['noteRequest', 'readRecord'],
          },
        ],
        'refresh.requested': [
          {
            guard: 'usesClientCredentials',
            target: '#session.authorizing.leasing',
            actions: [
              'noteRequest',
              {
                type: 'beginWith',
                params: {
                  origin: 'client_credentials',
                },
              },
            ],
          },
          {
            guard: 'isRequested',
          },
          {
            actions: ['noteRequest', 'readRecord'],
          },
        ],
        'record.changed': {
          guard: 'hintIsNew',
          actions: ['noteHint', 'readRecord'],
        },
        'record.read': [
          {
            guard: 'tokensCameBack',
            target: '#session.revoking.requesting',
            actions: [
              'rememberRecord',
              {
                type: 'adoptTokens',
                params: {
                  from: 'record',
                },
              },
            ],
          },
          {
            guard: 'recordIsNewer',
            target: '#session.settling',
            actions: [
              'rememberRecord',
              {
                type: 'adoptTokens',
                params: {
                  from: 'record',
                },
              },
            ],
          },
          {
            guard: 'isRequested',
            actions: ['clearRequest', 'rejectCallers'],
          },
        ],
        'storage.failed': {
          guard: 'isRequested',
          actions: ['clearRequest', 'rejectCallers'],
        },
        'authorization.started': {
          target: '#session.authorizing.awaitingRedirect',
        },
        'code.received': {
          target: '#session.authorizing.requesting',
          actions: [
            {
              type: 'beginWith',
              params: {
                origin: 'authorization_code',
              },
            },
            'forgetFailures',
          ],
        },
        'tokens.imported': {
          target: '#session.authorizing.committing',
          actions: [
            {
              type: 'beginWith',
              params: {
                origin: 'import',
              },
            },
            'forgetPace',
            'rememberHeld',
            'holdTokens',
          ],
        },
        'revocation.requested': [
          {
            guard: 'hasTokens',
            target: '#session.revoking.requesting',
          },
          {
            guard: 'hasRecord',
            target: '#session.revoking.committing',
          },
        ],
      },
    },
  },
});
