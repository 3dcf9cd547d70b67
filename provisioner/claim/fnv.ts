/** FNV-1, 32 bit (not 1a), over UTF-8. The Go programs spread volumes by it, so it decides which segment comes first. */
export function fnv1(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = (Math.imul(hash, 0x01000193) ^ byte) >>> 0;
  return hash;
}
