import { testSeeds } from './seeds.ts';
import { SCENARIOS } from './scenarios/catalogue.ts';

testSeeds(SCENARIOS, 1);
