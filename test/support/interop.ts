import { test } from "uvu";

/**
 * Declares a test that needs programs which not every machine has. Where one is missing the test is skipped, but
 * under CI, where all of them are installed, it fails.
 *
 * @param missingPackages  the Debian packages that would have to be installed; empty: all is there
 */
export function interopTest(
  name: string,
  missingPackages: readonly string[],
  run: () => Promise<void> | void,
): void {
  if (missingPackages.length === 0) {
    test(name, run);
    return;
  }
  const install = `apt install ${missingPackages.join(" ")}`;
  if (process.env["CI"] === "true") {
    test(name, () => {
      throw new Error(`a program is missing: ${install}`);
    });
    return;
  }
  console.log(`skipped, ${install}: ${name}`);
  test.skip(name, run);
}
