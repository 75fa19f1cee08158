/**
 * The scripts that run in Redis: each step of the contract is one script, which runs atomically and on the clock of
 * Redis.
 *
 * A session is one hash. It has a record while it has a `value` and its `expires` has not passed; a lease, while it has
 * a `lease`. Nothing else writes these fields:
 *
 *     value    the record, opaque                      lease      the id of this one grant, chosen by the caller
 *     version  of the last commit, also when the       owner      the owner of the lease
 *              record is gone                          until      its deadline; once past, it may be taken, and is
 *     expires  when the record may be removed;                    evidence that its work may have been done
 *              never, when absent                      abandoned  '1': the previous lease expired
 *     commit   the id of the last commit, chosen by    ttl        the duration it was granted for
 *              the caller
 *
 * Each shard also has sorted sets of the keys with due records, by time: one for each prefix of keys up to their last
 * slash. So a caller that lists the sessions of one client does not pass over those of others. One more sorted set has
 * those prefixes. A record may end without a script, when Redis deletes its hash, so a set can name keys that are gone;
 * DUE removes them.
 *
 * Times are milliseconds since the Unix epoch. A lease is a field with a deadline, not a key that expires, because it
 * matters only after its end.
 *
 * The mark of a shard is a hash too, and remains when sessions end. Its `version` is the highest that any session of
 * the shard was given. Its `origin` is the id of the first commit: a different one shows that Redis has lost the shard.
 *
 * A version is the time of the commit, or one more than the mark's version if the time is not greater. The mark keeps
 * versions increasing when the key was removed in between, and when the clock goes back. The time does so when Redis
 * lost the last writes, even with the mark. So two records never have the same version.
 *
 * A client that loses its connection sends unanswered commands again, and Redis may have run them. So the caller names
 * each lease and each commit. A repeated name gets the same reply; it is neither abandoned nor a conflict.
 */
import { createHash } from 'node:crypto';

export interface Script {
  readonly sha1: string;
  readonly text: string;
}

/** The beginning of all scripts: the time. */
const CLOCK = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function text(number) return string.format('%.0f', number) end
`;

/** For scripts about one session: its current state. */
const SESSION = `
local value, version, expires, lease, owner, deadline, life, abandoned, commit = unpack(redis.call('HMGET', KEYS[1],
  'value', 'version', 'expires', 'lease', 'owner', 'until', 'ttl', 'abandoned', 'commit'))
local lastVersion = tonumber(version or 0)
if not value or (expires and now >= tonumber(expires)) then
  value, version, expires, commit = false, '0', false, false
end

-- Every reply: what came of it, the time, the record, and what there is to add.
local function reply(outcome, ...) return { outcome, text(now), version, value, ... } end
`;

/** For scripts that write: how long the hash is kept, and how watchers are notified. */
const WRITING = `
-- An abandoned lease is remembered for a day. By then, its holder has long finished or failed.
local function keep(leaseUntil)
  if value and not expires then
    redis.call('PERSIST', KEYS[1])
  else
    local forgotten = math.max(tonumber(expires or 0), leaseUntil and leaseUntil + 86400000 or 0)
    redis.call('PEXPIREAT', KEYS[1], text(forgotten))
  end
end

-- A hint may be lost, so one that Redis refuses (an ACL without the channel) is no failure of what was written.
local function notify(command, version, key) redis.pcall(command, KEYS[2], version .. ':' .. key) end

-- The highest version that any session of the shard was given, and the shard's origin.
local function mark()
  local highest, origin = unpack(redis.call('HMGET', KEYS[4], 'version', 'origin'))
  return math.max(lastVersion, tonumber(highest or 0) or 0), origin
end

-- The record, and no lease. The shard remembers its version before there is anything to remember. What was there is
-- written over and not deleted before: should Redis refuse one of the commands (an ACL without it), the key has either
-- the old record or the new one.
local function write(value, version, expires, commit)
  local highest, origin = mark()
  redis.call('HSET', KEYS[4], 'version', text(math.max(highest, tonumber(version))), 'origin', origin or commit)
  redis.call('HSET', KEYS[1], 'value', value, 'version', version, 'commit', commit)
  redis.call('HDEL', KEYS[1], 'expires', 'lease', 'owner', 'until', 'ttl', 'abandoned')
  if expires == '' then
    redis.call('PERSIST', KEYS[1])
  else
    redis.call('HSET', KEYS[1], 'expires', expires)
    redis.call('PEXPIREAT', KEYS[1], expires)
  end
end

-- When it is to be listed. Tokens that are written weigh more than when they are looked after, so that Redis refuses
-- this (an ACL without the commands) is no failure either.
local function schedule(key, due)
  local folder = string.match(key, '^.*/') or ''
  local set = KEYS[3] .. ':' .. folder
  if due == '' then
    local removed = redis.pcall('ZREM', set, key) == 1
    local first = removed and redis.pcall('ZRANGE', set, '0', '0')
    -- A refusal has no elements either, and says nothing about what the set holds.
    if first and not first.err and #first == 0 then
      redis.pcall('ZREM', KEYS[3], folder)
    end
  else
    redis.pcall('ZADD', set, due, key)
    redis.pcall('ZADD', KEYS[3], '0', folder)
  end
end
`;

/** KEYS: hash. */
export const READ = script('no-writes', `return reply('read')`);

const LEASE_BODY = `
  local id, asker, ttl, ifVersion = unpack(ARGV)
  if version ~= ifVersion then return reply('moved') end
  if lease ~= id then
    if lease and owner ~= asker and now < tonumber(deadline) then
      -- A clock that was put back must not make a lease last for longer than it was granted for.
      local latest = now + tonumber(life or ttl)
      if tonumber(deadline) > latest then
        deadline = text(latest)
        redis.call('HSET', KEYS[1], 'until', deadline)
        keep(latest)
      end
      return reply('held', deadline)
    end
    abandoned = (lease and now >= tonumber(deadline)) and '1' or '0'
  end
  deadline = now + tonumber(ttl)
  redis.call('HSET', KEYS[1], 'lease', id, 'owner', asker, 'until', text(deadline), 'ttl', ttl,
    'abandoned', abandoned)
  keep(deadline)
  return reply('granted', text(deadline), abandoned)
`;

/** KEYS: hash. ARGV: id of the lease, owner, ttl, ifVersion. */
export const LEASE = script('allow-oom', LEASE_BODY);

/** Leases a session without a record, so that the lease is a key of its own: refused while memory is full. */
export const LEASE_ALONE = script('', LEASE_BODY);

/** KEYS: hash. ARGV: id of the lease, ttl. */
export const RENEW = script(
  'allow-oom',
  `
  local id, ttl = unpack(ARGV)
  if lease ~= id then return reply('lost') end
  deadline = now + tonumber(ttl)
  redis.call('HSET', KEYS[1], 'until', text(deadline))
  keep(deadline)
  return reply('renewed')
`,
);

/** KEYS: hash, channel. ARGV: id of the lease, publish command, key. */
export const RELEASE = script(
  'allow-oom',
  `
  local id, publish, key = unpack(ARGV)
  if lease ~= id then return reply('lost') end
  redis.call('HDEL', KEYS[1], 'lease', 'owner', 'until', 'ttl', 'abandoned')
  if value then
    keep()
  else
    redis.call('HDEL', KEYS[1], 'value', 'version', 'expires', 'commit') -- A hash without fields is gone.
  end
  notify(publish, version, key)
  return reply('released')
`,
);

const COMMIT_BODY = `
  local id, written, expectedVersion, forgotten, due, publish, key = unpack(ARGV)
  if commit == id then return reply('committed') end
  if version ~= expectedVersion then return reply('conflict') end
  local base = text(lastVersion)
  version = text(math.max(mark() + 1, now))
  write(written, version, forgotten, id)
  schedule(key, due)
  notify(publish, version, key)
  value = false -- Who wrote it knows it.
  return reply('committed', base)
`;

/**
 * KEYS: hash, channel, due, mark. ARGV: id of the commit, value, expectedVersion, expires or '', due or '', publish
 * command, key.
 */
export const COMMIT = script('allow-oom', COMMIT_BODY);

/** Commits the first record of a key, which replaces nothing: Redis refuses it while its memory is full. */
export const CREATE = script('', COMMIT_BODY);

/**
 * Writes a lost commit again. A commit that was accepted by a former master is not lost but superseded: the existing
 * record replaced something later than this commit. Then the watchers read the record themselves.
 *
 * KEYS: hash, channel, due, mark. ARGV: id of the commit, value, version, the version it replaced, expires or '', due
 * or '', publish command, key, '1' if it may be written even if there is no record.
 */
export const RESTORE = script(
  'allow-oom',
  `
  local id, written, itsVersion, itsBase, forgotten, due, publish, key, anew = unpack(ARGV)
  if lastVersion >= tonumber(itsVersion) or (forgotten ~= '' and now >= tonumber(forgotten)) then return reply('kept') end
  if lastVersion > tonumber(itsBase) then
    notify(publish, version, key)
    return reply('kept')
  end
  if lastVersion == 0 and anew ~= '1' then return reply('kept') end
  write(written, itsVersion, forgotten, id)
  schedule(key, due)
  notify(publish, itsVersion, key)
  value = false
  return reply('restored')
`,
);

/**
 * KEYS: mark, and any number of hashes. Replies with the shard's origin, its highest version, and that of each record.
 */
export const VERSIONS = script(
  'no-writes',
  `
  local highest, origin = unpack(redis.call('HMGET', KEYS[1], 'version', 'origin'))
  local listed = { 'versions', text(now), '0', false, origin or '', highest or '0' }
  for at = 2, #KEYS do
    local value, version, expires = unpack(redis.call('HMGET', KEYS[at], 'value', 'version', 'expires'))
    table.insert(listed, value and not (expires and now >= tonumber(expires)) and version or '0')
  end
  return listed
`,
  'shard',
);

/**
 * KEYS: due. ARGV: the prefix of the keys, and how many at most from each set. Replies with each key and since when it
 * is due, in each set the earliest first. A hash is in the same slot as its shard's set, so its name is built here.
 */
export const DUE = script(
  'allow-oom',
  `
  local prefix, limit = ARGV[1], tonumber(ARGV[2])
  local shard = string.sub(KEYS[1], 1, -#'.due' - 1)
  local listed = { 'due', text(now), '0', false }

  local function list(set)
    local left, seen, page = limit, 0, nil
    repeat
      page = redis.call('ZRANGE', set, '-inf', text(now), 'BYSCORE', 'LIMIT', seen, math.min(left, 100), 'WITHSCORES')
      for at = 1, #page, 2 do
        local key = page[at]
        local version, expires = unpack(redis.call('HMGET', shard .. ':' .. key, 'version', 'expires'))
        if not version or (expires and now >= tonumber(expires)) then
          redis.call('ZREM', set, key)
        else
          seen = seen + 1
          if string.sub(key, 1, #prefix) == prefix then
            left = left - 1
            table.insert(listed, key)
            table.insert(listed, page[at + 1])
          end
        end
      end
    until left == 0 or #page == 0
  end

  for _, folder in ipairs(redis.call('ZRANGE', KEYS[1], '0', '-1')) do
    local common = math.min(#folder, #prefix)
    if string.sub(folder, 1, common) == string.sub(prefix, 1, common) then
      local set = KEYS[1] .. ':' .. folder
      list(set)
      if #redis.call('ZRANGE', set, '0', '0') == 0 then redis.call('ZREM', KEYS[1], folder) end
    end
  end
  return listed
`,
  'shard',
);

/**
 * Combines the parts of a script.
 *
 * @param flag - `allow-oom` for commands that replace something of about the same size: a refresh token that cannot
 *   be written is lost, so a Redis with full memory accepts it. Without a flag, Redis refuses the script then. So what
 *   strangers begin, such as abandoned sign-ins, takes no memory from others.
 */
function script(flag: 'no-writes' | 'allow-oom' | '', body: string, about: 'session' | 'shard' = 'session'): Script {
  const parts = about === 'shard' ? [] : flag === 'no-writes' ? [SESSION] : [SESSION, WRITING];
  const text = `#!lua${flag === '' ? '' : ` flags=${flag}`}\n${CLOCK}${parts.join('')}\n${body}`;
  return { sha1: createHash('sha1').update(text).digest('hex'), text };
}
