/** A URL and an address keep an IPv6 host in brackets; resolvers, sockets and SOCKS want it bare. */
export const bareHost = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');
