/** What is made for the places of a cluster is made once, whatever the number of claims and the places each of them prefers. */
import { expect, test } from 'vitest';
import { entryBytes, MAX_ENTRY_BYTES } from '../../lib/journal/lease.ts';
import { encodeEntry, MOST_REQUESTS } from '../intent/intent.ts';
import { CLAIM_UID } from '../testing/objects.ts';
import { anIntent } from '../testing/states.ts';
import { createAllowedBook, placesOf } from './places.ts';
import type { Term } from './terms.ts';

/** Terms that count how often anything of them is looked at. */
function countedTerms(count: number) {
  const looks = { count: 0 };
  const terms = Array.from({ length: count }, (_, index): Term => {
    const segment = {
      key: 'topology.example/rack',
      get value() {
        looks.count += 1;
        return `rack-${index}`;
      },
    };
    return [segment];
  });
  return { terms, looks };
}

test('a thousand claims of 1,920 places look at each place once, and share what is made of it', () => {
  const { terms, looks } = countedTerms(1920);
  const places = placesOf(terms);
  const { requisite } = places.requirement(0).asked;
  for (let start = 0; start < 1000; start += 1) {
    const { asked } = places.requirement(start);
    expect(asked.requisite).toBe(requisite);
    expect([asked.preferred[0], asked.preferred.at(-1)]).toEqual([requisite[start], requisite.at(start - 1)]);
    expect(asked.preferred.length).toBe(1920);
    expect(asked.preferred[1920 - start]).toBe(start === 0 ? undefined : requisite[0]);
  }
  expect(looks.count).toBe(1920);
});

test('places that are too many to be written down have a digest, one for each order, and the same for the same places', () => {
  const places = (): ReturnType<typeof placesOf> => placesOf(countedTerms(1920).terms);
  const digests = [places(), places()].map((each) => [each.requirement(0).digest, each.requirement(1).digest]);
  expect(digests[0]).toEqual(digests[1]);
  expect(new Set(digests.flat()).size).toBe(2);
  expect(digests[0]?.[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(placesOf(countedTerms(3).terms).requirement(0).digest).toBeUndefined();
});

/** What the entry of a claim takes in the journal that has been asked for so many places, preferred in so many orders. */
function entryBytesOf(places: number, requests: number): number {
  const all = placesOf(countedTerms(places).terms);
  const [first = anIntent(), ...others] = Array.from({ length: requests }, (_, start) => {
    const { asked, digest } = all.requirement(start);
    return anIntent({ omittedTopology: digest, request: { ...anIntent().request, accessibilityRequirements: asked } });
  });
  return entryBytes(CLAIM_UID, JSON.stringify(encodeEntry([first, ...others])));
}

test('an entry holds as many requests as there may be, whatever the number of places', () => {
  const bytes = Array.from({ length: 100 }, (_, places) => entryBytesOf(places + MOST_REQUESTS, MOST_REQUESTS));
  expect(Math.max(...bytes)).toBeGreaterThan(MAX_ENTRY_BYTES / 2);
  expect(Math.max(...bytes)).toBeLessThan(MAX_ENTRY_BYTES);
  expect(entryBytesOf(12_000, 1)).toBeLessThan(1024);
});

test('what a class allows is multiplied out and sorted once, however often it is asked', () => {
  const allowed = createAllowedBook();
  const list = [{ matchLabelExpressions: [{ key: 'zone', values: ['b', 'a'] }] }];
  const first = allowed(list);
  expect(first?.terms.map(([segment]) => segment?.value)).toEqual(['b', 'a']);
  expect(first?.places.terms.map(([segment]) => segment?.value)).toEqual(['a', 'b']);
  expect(allowed(list)).toBe(first);
  expect([allowed(undefined), allowed([])]).toEqual([undefined, undefined]);
});
