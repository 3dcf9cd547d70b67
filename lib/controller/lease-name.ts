/**
 * A lease name made from a driver name, as the Go programs make it, so that theirs and ours elect one
 * leader between them: other characters become dashes, and a dash at the end gets an X.
 */
export function sanitiseLeaseName(name: string): string {
  const dashed = name.replace(/[^a-zA-Z0-9-]/g, '-');
  return dashed.endsWith('-') ? `${dashed}X` : dashed;
}
