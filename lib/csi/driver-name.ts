/** CSI specification, GetPluginInfoResponse.name. */
const CSI_NAME = /^[a-zA-Z0-9](?:[-.a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/;

/** What is wrong with the name of a driver; undefined if nothing. Leases, labels and objects are named after it. */
export function driverNameProblem(name: string): string | undefined {
  if (CSI_NAME.test(name)) return undefined;
  if (name === '') return 'has an empty name: GetPluginInfo must answer one';
  const shown = name.length > 63 ? `${JSON.stringify(name.slice(0, 63))}… (${name.length} characters)` : JSON.stringify(name);
  return `calls itself ${shown}: a CSI driver's name has 1 to 63 characters, letters, digits, '-' and '.', and begins and ends with a letter or digit`;
}
