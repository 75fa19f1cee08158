/** Two calls of the Frame.io V4 API, in the form that `openapi-typescript` generates from Frame.io's description. */
export interface paths {
  '/me': {
    get: { responses: { 200: { content: { 'application/json': { data: User } } } } };
  };
  '/accounts/{account_id}/workspaces': {
    post: {
      parameters: { path: { account_id: string } };
      requestBody: { content: { 'application/json': { data: { name: string } } } };
      responses: { 201: { content: { 'application/json': { data: { id: string; name: string } } } } };
    };
  };
}

interface User {
  id: string;
  name: string;
  email: string;
}
