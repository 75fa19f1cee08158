import type { TokenSource } from '@frameio-auth/core/adapter';
import { authenticatedFetch } from '@frameio-auth/transport-fetch';
import { GraphQLClient } from 'graphql-request';

/** For your own GraphQL service that accepts the user's Frame.io token: the documented API of Frame.io is REST. */
export function frameioGraphQL(auth: TokenSource, endpoint: string) {
  return new GraphQLClient(endpoint, {
    fetch: authenticatedFetch(auth, { allowedOrigins: [new URL(endpoint).origin] }),
  });
}
