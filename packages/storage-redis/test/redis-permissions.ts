/**
 * The arguments of `ACL SETUSER` for a user with minimal permissions: a password, the keys and channels, and the
 * commands.
 */
export const serverRights = [
  'on',
  '>fictional-password',
  '~frameio-auth:*',
  '&frameio-auth:*',
  '+evalsha',
  '+eval',
  '+time',
  '+hmget',
  '+hset',
  '+hdel',
  '+persist',
  '+pexpireat',
  '+zadd',
  '+zrem',
  '+zrange',
  '+publish',
  '+subscribe',
  '+info',
] as const;

export const clusterRights = [
  ...serverRights.filter((right) => right !== '+publish' && right !== '+subscribe'),
  '+spublish',
  '+ssubscribe',
  '+cluster|slots',
  '+cluster|info',
] as const;
