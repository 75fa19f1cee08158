import { describe, expect, it } from 'vitest';
import type { FailureKind } from '../../src/kernel/failure.js';
import {
  ANSWER_RULES,
  CONSEQUENCES,
  kindOfRefusal,
  kindOfSilence,
  type Purpose,
  type Refused,
  SILENCE_RULES,
} from '../../src/kernel/failure-policy.js';

const KINDS: readonly FailureKind[] = ['terminal', 'transient', 'ambiguous', 'configuration'];
const PURPOSES: readonly Purpose[] = ['client_credentials', 'authorization_code', 'refresh_token', 'revocation'];
const WORDS = [
  undefined,
  '',
  'invalid_grant',
  'invalid_request',
  'invalid_client',
  'invalid_scope',
  'server_error',
  'fictional_word',
];
const OF_PROFILE = [undefined, ...KINDS];
const FLAGS = [false, true];

const everyAnswer: readonly Refused[] = Array.from({ length: 600 }, (_, status) => status).flatMap((status) =>
  PURPOSES.flatMap((purpose) =>
    WORDS.flatMap((error) =>
      OF_PROFILE.flatMap((ofProfile) =>
        FLAGS.flatMap((demandsAction) =>
          FLAGS.flatMap((refusesSecret) =>
            FLAGS.map((unknownIsTerminal) => ({
              purpose,
              status,
              error,
              ofProfile,
              demandsAction,
              refusesSecret,
              unknownIsTerminal,
            })),
          ),
        ),
      ),
    ),
  ),
);

const ends = (answer: Refused) => CONSEQUENCES[kindOfRefusal(answer)].endsSession;

/** The responses that a server's profile does not mention. */
const byDefault = everyAnswer.filter(
  ({ ofProfile, demandsAction, unknownIsTerminal }) => ofProfile === undefined && !demandsAction && !unknownIsTerminal,
);

describe('the failure policy', () => {
  it('has a kind for every answer, and for silence', () => {
    const kinds = new Set(everyAnswer.map(kindOfRefusal));
    expect([...kinds].filter((kind) => !KINDS.includes(kind))).toEqual([]);
    expect([kindOfSilence({ delivery: 'not_sent' }), kindOfSilence({ delivery: 'unknown' })]).toEqual([
      'transient',
      'ambiguous',
    ]);
  });

  it('has no row that another one makes idle', () => {
    const deciding = new Set(everyAnswer.map((answer) => ANSWER_RULES.find((rule) => rule.fits(answer))));
    expect(ANSWER_RULES.filter((rule) => !deciding.has(rule))).toEqual([]);
    expect(SILENCE_RULES.map(({ kind }) => kind)).toEqual(['transient', 'ambiguous']);
  });

  it('lets no status alone end a session, whatever it is (RFC 6749 §5.2)', () => {
    const wordless = byDefault.filter(({ error }) => error === undefined);
    expect(wordless.filter(ends)).toEqual([]);
    expect(everyAnswer.filter((answer) => answer.error === undefined && answer.ofProfile === undefined && ends(answer)))
      // Only a demand that the user act, which always has an `error`.
      .toSatisfy((answers: readonly Refused[]) => answers.every(({ demandsAction }) => demandsAction));
  });

  it('lets no word end a session but those that speak of the grant, unless the profile says so', () => {
    expect(new Set(byDefault.filter(ends).map(({ error }) => error))).toEqual(
      new Set(['invalid_grant', 'invalid_request']),
    );
  });

  it('believes no word about the grant of a server that fails', () => {
    const failing = byDefault.filter(({ status }) => status >= 500 || status === 408 || status === 429);
    expect(failing.filter(ends)).toEqual([]);
  });

  it('takes a word about the client for what it says, whatever the status', () => {
    const words = everyAnswer.filter(
      ({ error, status, ofProfile, demandsAction }) =>
        error === 'invalid_client' && status !== 429 && ofProfile === undefined && !demandsAction,
    );
    expect(new Set(words.map(kindOfRefusal))).toEqual(new Set(['configuration']));
  });

  it('lets nothing end a session that the profile lists as a wrong secret', () => {
    expect(everyAnswer.filter((answer) => answer.refusesSecret && ends(answer))).toEqual([]);
  });

  it('lets nothing that a service is told end anything, but that the user must act', () => {
    const told = everyAnswer.filter(
      ({ purpose, demandsAction, ofProfile }) =>
        purpose === 'client_credentials' && !demandsAction && ofProfile === undefined,
    );
    expect(told.filter(ends)).toEqual([]);
  });
});
