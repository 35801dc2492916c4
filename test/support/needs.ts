import { test } from "uvu";

/**
 * A test that needs something of the machine: skipped, with the reason on stdout, where the machine lacks it. With
 * `CI=true` it fails instead, since there nobody reads what was skipped.
 *
 * @param lack  why it cannot run here; undefined: it can
 */
export function testThatNeeds(
  lack: string | undefined,
  name: string,
  body: () => Promise<void> | void,
): void {
  if (lack === undefined) test(name, body);
  else if (process.env["CI"] === "true") {
    test(name, () => {
      throw new Error(lack);
    });
  } else {
    console.log(`not run: ${name}: ${lack}`);
    test.skip(name);
  }
}

/** What `testThatNeeds` is told when Debian packages are missing; undefined: all is there. */
export function lackOf(missingPackages: readonly string[]): string | undefined {
  if (missingPackages.length === 0) return undefined;
  return `a program is missing: apt install ${missingPackages.join(" ")}`;
}
