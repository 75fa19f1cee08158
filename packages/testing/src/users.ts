/** A user who can sign in. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

/** The users who can sign in unless the server's options list others. The first is used if a test names none. */
export const fictionalUsers: readonly User[] = [
  { id: '00000000-0000-4000-8000-000000000001', name: 'Mara Editor', email: 'mara@studio.example' },
  { id: '00000000-0000-4000-8000-000000000002', name: 'Ode Colorist', email: 'ode@studio.example' },
  { id: '00000000-0000-4000-8000-000000000003', name: 'Pim Producer', email: 'pim@studio.example' },
];
