export { type EncryptedStorageOptions, encryptedStorage } from './encrypted-storage.js';
export type { EncryptionKey } from './key-ring.js';
