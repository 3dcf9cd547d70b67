import { testSeeds } from './seeds.ts';
import { SCENARIOS } from './scenarios/catalogue.ts';

// Two files, so that two workers share the scenarios.
testSeeds(SCENARIOS.filter((_, i) => i % 2 === 0));
