import { main } from './recording-driver.ts';

await main(process.argv[2] ?? '');
