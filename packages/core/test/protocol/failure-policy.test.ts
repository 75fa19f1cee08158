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
const WORDS = [undefined, '', 'invalid_grant', 'invalid_client', 'invalid_scope', 'server_error', 'fictional_word'];
const OF_PROFILE = [undefined, ...KINDS];

const everyAnswer: readonly Refused[] = Array.from({ length: 600 }, (_, status) => status).flatMap((status) =>
  PURPOSES.flatMap((purpose) =>
    WORDS.flatMap((error) =>
      OF_PROFILE.flatMap((ofProfile) =>
        [false, true].map((demandsAction) => ({ purpose, status, error, ofProfile, demandsAction })),
      ),
    ),
  ),
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

  it('lets no status alone end a session but those by which OAuth refuses (RFC 6749 §5.2)', () => {
    const wordless = everyAnswer.filter(
      ({ error, ofProfile, demandsAction }) => error === undefined && ofProfile === undefined && !demandsAction,
    );
    const ending = wordless.filter((answer) => CONSEQUENCES[kindOfRefusal(answer)].endsSession);
    expect(new Set(ending.map(({ status }) => status))).toEqual(new Set([400, 401]));
  });

  it('lets nothing that a service is told end anything, but that the user must act', () => {
    const told = everyAnswer.filter(
      ({ purpose, demandsAction, ofProfile }) =>
        purpose === 'client_credentials' && !demandsAction && ofProfile === undefined,
    );
    expect(told.filter((answer) => CONSEQUENCES[kindOfRefusal(answer)].endsSession)).toEqual([]);
  });
});
