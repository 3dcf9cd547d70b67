/** Headers that prove who we are. They change (tokens rotate), so every request asks for them. */

export type CredentialHeaders = Readonly<Record<string, string>>;

/**
 * `refresh` is passed after the server refused the last answer (401): read again, whatever is cached.
 * Rejects with ConfigError where a credential can not be had.
 */
export type Credentials = (refresh?: 'refresh') => Promise<CredentialHeaders>;

export const noCredentials: Credentials = () => Promise.resolve({});
