type Segments = Readonly<Record<string, string>>;

/** Whether a place has every segment of the other, and so lies in it. */
export function isWithin(place: Segments, other: Segments): boolean {
  return Object.entries(other).every(([key, value]) => place[key] === value);
}
