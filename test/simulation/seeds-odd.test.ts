import { testSeeds } from './seeds.ts';
import { SCENARIOS } from './scenarios/catalogue.ts';

testSeeds(SCENARIOS.filter((_, i) => i % 2 === 1));
