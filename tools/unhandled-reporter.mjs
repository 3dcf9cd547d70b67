// A vitest reporter that prints what the JSON report leaves out: errors outside of every test.
export default class UnhandledReporter {
  onTestRunEnd(_modules, errors) {
    for (const error of errors) console.error(`  outside of every test: ${error.stack ?? error.message ?? error}`);
  }
}
