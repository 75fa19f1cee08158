/** Somebody who may sign in. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

/** Who may sign in unless the server's options say otherwise. The first is who signs in when a test names nobody. */
export const fictionalUsers: readonly User[] = [
  { id: '00000000-0000-4000-8000-000000000001', name: 'Mara Editor', email: 'mara@studio.example' },
  { id: '00000000-0000-4000-8000-000000000002', name: 'Ode Colorist', email: 'ode@studio.example' },
  { id: '00000000-0000-4000-8000-000000000003', name: 'Pim Producer', email: 'pim@studio.example' },
];
