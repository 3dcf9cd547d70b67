/** What went wrong on the way to a proxy, named by it, with the operating system's code. */
export function proxyError({ host }: URL, error: Error & { readonly code?: string }): Error {
  return Object.assign(new Error(`proxy ${host}: ${error.message}`), error.code === undefined ? {} : { code: error.code });
}
